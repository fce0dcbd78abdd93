"""Real bills come out to the cent, and the epoch rule gives what real jobs ran."""

from __future__ import annotations

import json
from array import array
from datetime import date
from pathlib import Path

import pytest

from lib.pricing.catalogue import CatalogueModel, find_named
from lib.pricing.epochs import default_epochs
from lib.pricing.estimate import Estimate, compare, estimate_engine, estimate_hosted
from lib.pricing.tokens import TokenCount, count


def counted(total: int, examples: int) -> TokenCount:
    sizes = [total // examples + (i < total % examples) for i in range(examples)]
    return TokenCount(prompt=total, per_example=array("I", sizes))


def model(name: str) -> CatalogueModel:
    found = find_named(name)
    assert found is not None
    return found


@pytest.mark.parametrize(("examples", "epochs"), [(11, 9), (46, 3), (80, 3), (10, 10)])
def test_auto_epochs_are_what_real_jobs_ran(examples: int, epochs: int) -> None:
    assert default_epochs(examples) == epochs


@pytest.mark.parametrize(("examples", "epochs"), [(0, 3), (1, 25), (33, 3), (34, 3), (8333, 3), (8334, 2), (99999, 1)])
def test_auto_epochs_at_the_edges_of_the_rule(examples: int, epochs: int) -> None:
    assert default_epochs(examples) == epochs


def test_the_first_models_always_ran_four_epochs() -> None:
    assert default_epochs(135, model("curie")) == 4
    assert default_epochs(135, model("gpt-4.1")) == 3


@pytest.mark.parametrize(
    ("name", "tokens", "examples", "billed", "bill"),
    [("curie", 87_279, 135, 349_116, "1.05"), ("davinci", 122_730, 500, 490_920, "14.73")],
)
def test_two_real_bills_come_out_to_the_cent(name: str, tokens: int, examples: int, billed: int, bill: str) -> None:
    estimate = estimate_hosted(counted(tokens, examples), model(name), default_epochs(examples, model(name)))
    assert estimate.billed_tokens == billed
    assert f"{estimate.dollars:.2f}" == bill
    assert estimate.minutes is None


def test_the_tokens_of_a_real_file_are_those_its_job_was_fed(realdata: Path) -> None:
    """The job's result file counts them too, with each example padded by less than nine tokens."""
    lines = (realdata / "geektime" / "prepared_data_prepared.jsonl").read_text("utf-8").split("\n")
    file = count([json.loads(line) for line in lines if line], "curie")
    steps = (realdata / "results_legacy" / "ultraman_ft-3oxkr1zB_compiled_results.csv").read_text("utf-8").split()
    elapsed = int(steps[-1].split(",")[1])
    assert file.total == 305_647
    assert 0 < elapsed - 4 * file.total < 9 * 4 * len(file.per_example)


def test_an_example_over_the_context_is_billed_as_the_context() -> None:
    limit = model("gpt-4.1").context
    assert limit == 65_536
    assert estimate_hosted(
        TokenCount(prompt=70_010, per_example=array("I", [70_000, 10])), model("gpt-4.1"), 2
    ).billed_tokens == 2 * (limit + 10)


def test_a_model_without_a_token_price_has_no_dollars() -> None:
    assert estimate_hosted(counted(1000, 10), model("o4-mini"), 1).dollars is None


def test_the_engine_takes_minutes_and_bills_nothing() -> None:
    estimate = estimate_engine(counted(6000, 10), 3, tokens_per_second=100, overhead_s=60)
    assert (estimate.minutes, estimate.dollars, estimate.billed_tokens) == (4.0, None, 18_000)


def test_an_engine_of_unknown_speed_promises_no_minutes() -> None:
    assert estimate_engine(counted(6000, 10), 3, tokens_per_second=0).minutes is None


@pytest.mark.parametrize(
    "estimate",
    [estimate_hosted(counted(1000, 10), model("gpt-4.1"), 3), estimate_engine(counted(1000, 10), 3, 50.0)],
)
def test_an_estimate_survives_being_stored(estimate: Estimate) -> None:
    stored = json.loads(json.dumps({**estimate.to_json(), "of_a_later_version": 1}))
    assert Estimate.from_json(stored) == estimate


def test_an_estimate_says_where_its_price_is_from() -> None:
    record = estimate_hosted(counted(1000, 10), model("gpt-4.1-mini"), 3).to_json()
    assert record["price_source"].startswith("https://developers.openai.com")
    assert record["price_date"] == "2026-11-20"


def test_an_estimate_of_an_older_version_is_read_too() -> None:
    record = estimate_hosted(counted(1000, 10), model("gpt-4.1"), 3).to_json()
    for later in ("currency", "edited", "validation_tokens", "approximate"):
        del record[later]
    assert Estimate.from_json(record).currency == "USD"


def test_validation_is_free_at_openai_and_billed_by_together() -> None:
    training, validation = counted(1000, 10), counted(100, 5)
    free = estimate_hosted(training, model("gpt-4.1"), 3, validation=validation)
    billed = estimate_hosted(training, model("together:Qwen/Qwen3-8B"), 3, validation=validation)
    once = estimate_hosted(training, model("together:Qwen/Qwen3-8B"), 3, validation=validation, evaluations=1)
    assert (free.billed_tokens, free.validation_tokens) == (3000, 0)
    assert (billed.billed_tokens, billed.validation_tokens) == (3300, 300)
    assert once.billed_tokens == 3100


def test_where_nobody_says_whether_validation_is_billed_the_estimate_is_marked() -> None:
    nebius = model("nebius:Qwen/Qwen3-8B")
    assert estimate_hosted(counted(1000, 10), nebius, 3, validation=counted(9, 1)).approximate
    assert not estimate_hosted(counted(1000, 10), nebius, 3).approximate


def test_preference_jobs_cost_what_the_service_says_or_nothing_is_known() -> None:
    million = counted(1_000_000, 100)
    assert estimate_hosted(million, model("together:Qwen/Qwen3-8B"), 1, method="dpo").dollars == pytest.approx(1.2)
    assert estimate_hosted(million, model("gpt-4.1-mini"), 1, method="dpo").dollars == 5.0
    assert estimate_hosted(million, model("crusoe:gpt-oss-120b"), 1, method="dpo").dollars is None


def test_a_price_of_the_users_own_counts_and_is_said() -> None:
    prices = {"azure:gpt-4.1-mini-2025-04-14": 4.0}
    estimate = estimate_hosted(counted(1_000_000, 10), model("azure:gpt-4.1-mini"), 2, prices=prices)
    assert (estimate.dollars, estimate.edited, estimate.price_source, estimate.price_date) == (8.0, True, "", None)
    assert not estimate_hosted(counted(9, 1), model("gpt-4.1-mini"), 2, prices=prices).edited


def test_all_models_that_can_be_tuned_stand_side_by_side() -> None:
    quotes = compare(counted(1_000_000, 100), 100, today=date(2026, 11, 20))
    names = [quote.model.name for quote in quotes]
    priced = [quote.estimate.dollars for quote in quotes if quote.estimate.dollars is not None]
    assert priced == sorted(priced)
    assert all(quote.estimate.dollars is None for quote in quotes[len(priced) :])
    assert {"openai:gpt-4.1-mini-2025-04-14", "azure:gpt-4o-2024-08-06", "together:up-to-16b"} <= set(names)
    assert not {"openai:davinci", "openai:gpt-4.1-nano-2025-04-14", "openai:o4-mini-2025-04-16"} & set(names)
    epochs = {quote.model.name: quote.estimate.epochs for quote in compare(counted(100, 11), 11)}
    assert (epochs["openai:gpt-4o-2024-08-06"], epochs["together:up-to-16b"], epochs["nebius:up-to-20b"]) == (9, 1, 3)
    assert {quote.estimate.epochs for quote in compare(counted(100, 11), 11, epochs=2)} == {2}


def test_a_model_that_splits_text_in_another_way_is_marked() -> None:
    file = count([{"prompt": "a", "completion": "b"}], "gpt-4.1-mini")
    marked = {quote.model.name: quote.estimate.approximate for quote in compare(file, 1)}
    assert not marked["openai:gpt-4.1-2025-04-14"]
    assert marked["together:up-to-16b"]


def test_after_the_last_day_nothing_of_openai_is_offered() -> None:
    assert all(quote.model.service != "openai" for quote in compare(counted(100, 10), 10, today=date(2027, 1, 6)))
