"""Learning from preferred answers: real steps on tiny models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM

from lib.engine.training import adapters, lora, starter
from lib.engine.training.preference import REFERENCE, Pair, PreferenceLearner, encode_pairs, with_reference
from lib.engine.training.report import TrainingProblem
from lib.engine.training.spec import Hyperparameters
from lib.engine.training.text import ensure_chat_template

from .conftest import MakeJob, colour_records, events_of, run

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")  # peft asks by the old name


def preferences(count: int = 24) -> list[dict[str, Any]]:
    """Return examples that prefer one mood to another, whatever the colour."""
    return [
        {
            "input": {"messages": [{"role": "user", "content": record["prompt"]}]},
            "preferred_output": [{"role": "assistant", "content": "warm"}],
            "non_preferred_output": [{"role": "assistant", "content": "cold"}],
        }
        for record in colour_records(count)
    ]


def pairs_of(folder: Path, records: list[dict[str, Any]]) -> tuple[Any, list[Pair]]:
    tokenizer = adapters.load_tokenizer(folder)
    ensure_chat_template(tokenizer)
    return tokenizer, encode_pairs(tokenizer, list(enumerate(records, 1)), 256, "training_file")[0]


def test_only_the_two_answers_are_trained(llama: Path) -> None:
    record = preferences(1)[0]
    record["input"]["messages"][:0] = [{"role": "assistant", "content": "earlier"}]
    tokenizer, (pair,) = pairs_of(llama, [record])
    for example, answer in ((pair.preferred, "warm</s>"), (pair.other, "cold</s>")):
        trained = [token for token, taught in zip(example.ids, example.trained, strict=True) if taught]
        assert tokenizer.decode(trained) == answer


def test_a_special_token_in_any_part_of_a_pair_stays_text(llama: Path) -> None:
    record = preferences(1)[0]
    for message in (*record["input"]["messages"], *record["preferred_output"], *record["non_preferred_output"]):
        message["content"] = "a</s>b<s>"
    tokenizer, (pair,) = pairs_of(llama, [record])
    for example in (pair.preferred, pair.other):
        assert example.ids.count(tokenizer.eos_token_id) == 1, "the template's own, behind the answer"
        assert tokenizer.bos_token_id not in example.ids


def test_a_broken_pair_is_named_by_its_line(llama: Path) -> None:
    with pytest.raises(TrainingProblem, match="Line 2 cannot be read"):
        pairs_of(llama, [preferences(1)[0], {**preferences(1)[0], "preferred_output": "warm"}])


def test_the_loss_is_that_of_the_paper(llama: Path) -> None:
    _, pairs = pairs_of(llama, preferences(3))
    model = AutoModelForCausalLM.from_pretrained(llama)

    def log_probability(ids: list[int], trained: list[bool]) -> torch.Tensor:
        chances = functional.log_softmax(model(torch.tensor([ids])).logits[0], -1)
        return sum((chances[at - 1, ids[at]] for at in range(1, len(ids)) if trained[at]), torch.tensor(0.0))

    with torch.no_grad():
        expected = torch.stack(
            [
                -functional.logsigmoid(
                    0.3
                    * (
                        (log_probability(pair.preferred.ids, pair.preferred.trained) - -20.0)
                        - (log_probability(pair.other.ids, pair.other.trained) - -21.0)
                    )
                )
                for pair in pairs
            ]
        )
        given = [Pair(pair.preferred, pair.other, (-20.0, -21.0)) for pair in pairs]
        loss, _, count = PreferenceLearner(model, 1, beta=0.3).loss(given)
    assert count == 3
    assert float(loss) == pytest.approx(float(expected.sum()), rel=2e-2), "16 bits inside the model"


def test_the_reference_is_computed_once(llama: Path, tmp_path: Path) -> None:
    _, pairs = pairs_of(llama, preferences(5))
    model = AutoModelForCausalLM.from_pretrained(llama)
    [first] = with_reference(tmp_path, [pairs], lambda: PreferenceLearner(model, 1, 0.1))
    [again] = with_reference(tmp_path, [pairs], lambda: pytest.fail("it lies in the folder"))
    assert first == again
    assert all(min(pair.reference) < -1 for pair in first)
    loss, _ = PreferenceLearner(model, 1, 0.1).evaluate(first, size=5)
    assert loss == pytest.approx(0.6931, abs=2e-3), "an untrained model prefers neither"


@pytest.mark.slow
@pytest.mark.parametrize("adapter", [False, True])
def test_the_preferred_answers_win(make_job: MakeJob, llama: Path, adapter: bool) -> None:
    spec = run(
        make_job(
            base=llama,
            records=preferences(),
            validation=preferences(8),
            method="dpo",
            lora=adapter,
            n_epochs=3,
            beta=0.5,
            learning_rate_multiplier=10 if adapter else 20,
        )
    )
    (resolved,) = events_of(spec, "resolved")
    assert resolved["hyperparameters"]["beta"] == 0.5
    first, last = (events_of(spec, "metrics")[at] for at in (0, -1))
    assert first["train_loss"] == pytest.approx(0.6931, abs=5e-3)
    assert last["full_valid_loss"] < 0.65
    assert last["full_valid_mean_token_accuracy"] == 1.0
    assert adapters.is_adapter(spec.output) is adapter


@pytest.mark.slow
def test_a_resumed_job_goes_on_with_its_reference_and_finds_it_again_if_it_is_lost(
    make_job: MakeJob, llama: Path
) -> None:
    knobs: dict[str, Any] = {"base": llama, "records": preferences(), "method": "dpo", "n_epochs": 2}
    spec = run(make_job(**knobs))
    before = (spec.folder / REFERENCE).read_bytes()
    (spec.folder / REFERENCE).unlink()
    run(spec)
    assert (spec.folder / REFERENCE).read_bytes() == before


def test_a_starter_prefers_nothing_until_it_was_tuned(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "WIDTH", 64)
    with pytest.raises(TrainingProblem, match="tune it on examples first") as caught:
        run(make_job(records=preferences(), method="dpo"))
    assert caught.value.param == "method.type"
    chats = [{"messages": [*r["input"]["messages"], *r["preferred_output"]]} for r in preferences()]
    tuned = run(make_job("tuned", records=chats, n_epochs=2))
    spec = run(make_job("dpo", base=tuned.output, records=preferences(), method="dpo", n_epochs=1))
    assert events_of(spec, "done")


@pytest.mark.parametrize(("method", "records"), [("dpo", colour_records()), ("supervised", preferences())])
def test_a_method_with_examples_of_another_kind_is_refused(
    make_job: MakeJob, llama: Path, method: str, records: list[dict[str, Any]]
) -> None:
    with pytest.raises(TrainingProblem, match=f"The method '{method}' needs examples with"):
        run(make_job(base=llama, method=method, records=records))


def test_an_adapter_that_learns_preferences_leaves_its_base_alone(llama: Path) -> None:
    _, pairs = pairs_of(llama, preferences(2))
    model = lora.adapt(AutoModelForCausalLM.from_pretrained(llama), Hyperparameters())
    with model.disable_adapter():
        base = PreferenceLearner(model, 1, 0.1).judge(pairs)
    assert PreferenceLearner(model, 1, 0.1).judge(pairs) == base, "a new adapter begins as its base"
