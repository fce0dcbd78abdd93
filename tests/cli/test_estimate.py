"""`estimate`: dollars and minutes."""

import pytest

KEYS = ["model", "epochs", "billed_tokens", "training_cost_usd", "minutes", "price_source", "price_date"]


def test_a_hosted_model_costs_tokens_times_epochs_times_price(asked, write, chat):
    status, found = asked(
        "estimate", write("chat.jsonl", chat), "--model", "openai:gpt-4.1-mini-2025-04-14", "--epochs", 3
    )
    assert [key for key in KEYS if key not in found] == []
    assert status == 0
    assert found["billed_tokens"] == 3 * found["tokens"]["total"]
    assert found["training_cost_usd"] == pytest.approx(found["billed_tokens"] * 5 / 1e6)
    assert found["price_source"].startswith("https://")
    assert found["price_date"] == "2026-11-20"
    assert found["minutes"] is None
    assert not found["retired"]


@pytest.mark.parametrize("model", ["ada", "babbage", "curie", "davinci", "gpt-3.5-turbo"])
def test_historic_models_are_priced_and_marked_retired(asked, write, pairs, model):
    path = write("pairs.jsonl", [{"prompt": ask, "completion": say} for ask, say in pairs])
    status, found = asked("estimate", path, "--model", model)
    assert status == 0
    assert found["training_cost_usd"] > 0
    assert found["retired"]


def test_the_engine_takes_minutes_and_costs_nothing(asked, write, chat):
    _status, found = asked("estimate", write("chat.jsonl", chat), "--model", "engine:starter")
    assert found["minutes"] > 0
    assert found["training_cost_usd"] == 0
    assert found["speed"] == {"tokens_per_second": 10_000, "measured_here": False}
    assert found["epochs"] == 12


def test_what_nobody_publishes_is_null(asked, write, chat):
    _status, found = asked("estimate", write("chat.jsonl", chat), "--model", "azure")
    assert found["training_cost_usd"] is None


@pytest.mark.parametrize("epochs", ["0", "-1", "x"])
def test_epochs_are_whole_numbers_above_zero(cli, write, chat, epochs):
    done = cli("estimate", write("chat.jsonl", chat), "--model", "davinci", "--epochs", epochs)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_refusal_has_the_keys_of_every_answer(asked, write, chat):
    status, found = asked("estimate", write("empty.csv", ""), "--model", "davinci")
    assert [key for key in KEYS if key not in found] == []
    assert (status, found["model"], found["training_cost_usd"]) == (2, "davinci", None)
