from __future__ import annotations

from collections import Counter

import pytest
import torch
from transformers import SequenceBiasLogitsProcessor

from lib.engine.serving.models import Loaded
from lib.engine.serving.sampling import LIKELY, Sampler, draw, sample

from .writing import ask, scores, write


def draws(loaded: Loaded, logits: list[float], **fields: object) -> list[int]:
    """Choose from the same scores again and again."""
    sampler = Sampler(ask(**fields), loaded, [], 0)
    return [sampler.choose(torch.tensor(logits)).token for _ in range(6)]


def test_top_p_keeps_the_likeliest_tokens_only() -> None:
    scores = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    random = torch.Generator().manual_seed(1)
    drawn = Counter(sample(scores, 0.7, random) for _ in range(300))
    assert set(drawn) == {0, 1}
    assert drawn[0] > drawn[1]
    assert {sample(scores, 0.0, random) for _ in range(20)} == {0}
    assert set(Counter(sample(scores, 1.0, random) for _ in range(300))) == {0, 1, 2, 3}


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_log_probabilities_are_the_models_own(loaded: Loaded, temperature: float) -> None:
    request = ask(temperature=temperature, seed=1, logprobs=3, presence_penalty=1.5, logit_bias={270: 2.0})
    written = write(loaded, request)
    ids = loaded.tokenizer(request.prompt)["input_ids"]
    expected = scores(loaded, ids + written.ids)[len(ids) - 1 : -1].log_softmax(-1)
    for choice, row in zip(written.choices, expected, strict=True):
        assert choice.logprob == pytest.approx(float(row[choice.token]), abs=1e-4)
        values, tokens = row.topk(3)
        assert choice.top is not None
        assert [token for token, _ in choice.top] == tokens.tolist()
        assert [value for _, value in choice.top] == pytest.approx(values.tolist(), abs=1e-4)


def test_probabilities_that_are_asked_for_change_no_token(loaded: Loaded) -> None:
    assert write(loaded, ask(seed=3)).ids == write(loaded, ask(seed=3, logprobs=5)).ids


def test_penalties_are_taken_once_for_presence_and_each_time_for_frequency(loaded: Loaded) -> None:
    logits = [3.0, 2.0, 0.0]
    assert draws(loaded, logits, temperature=0) == [0] * 6
    assert draws(loaded, logits, temperature=0, presence_penalty=1.1) == [0, 1, 0, 0, 0, 0]
    assert draws(loaded, logits, temperature=0, frequency_penalty=0.6) == [0, 0, 1, 0, 1, 0]
    assert draws(loaded, [0.0, -1.0], temperature=0, frequency_penalty=-1) == [0] * 6


def test_a_greedy_answer_with_biases_equals_generates(loaded: Loaded) -> None:
    plain = write(loaded, ask(temperature=0))
    bias = {plain.ids[0]: -100.0, plain.ids[3]: 1.5, 270: 0.25}
    prompt = torch.tensor([loaded.tokenizer("唐朝 ->")["input_ids"]])
    expected = loaded.model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=False,
        max_new_tokens=30,
        logits_processor=[SequenceBiasLogitsProcessor({(token,): value for token, value in bias.items()})],
    )[0, prompt.shape[1] :]
    written = write(loaded, ask(temperature=0, logit_bias=bias))
    assert written.ids == expected.tolist()
    assert plain.ids[0] not in written.ids


def test_a_bias_of_a_hundred_leaves_no_other_choice(loaded: Loaded) -> None:
    assert set(draws(loaded, [3.0, 2.0, 0.0], logit_bias={2: 100.0}, seed=1)) == {2}


def test_a_temperature_next_to_nothing_is_greedy_and_overflows_nowhere(loaded: Loaded) -> None:
    assert draws(loaded, [3.0, 2.0], temperature=1e-320) == draws(loaded, [3.0, 2.0], temperature=1e-4) == [0] * 6


def test_scores_are_left_as_they_are(loaded: Loaded) -> None:
    logits = torch.zeros(5)
    Sampler(ask(logit_bias={1: 5.0}, presence_penalty=1), loaded, [], 0).choose(logits)
    assert logits.tolist() == [0.0] * 5


def test_only_a_plain_greedy_answer_can_be_chosen_for_all_at_once(loaded: Loaded) -> None:
    assert Sampler(ask(temperature=0), loaded, [], 0).plain
    for fields in ({"temperature": 1}, {"logprobs": 0}, {"frequency_penalty": 1}, {"logit_bias": {1: 1.0}}):
        assert not Sampler(ask(**{"temperature": 0} | fields), loaded, [], 0).plain


def test_a_draw_follows_the_weights_and_takes_none_that_weighs_nothing() -> None:
    random = torch.Generator().manual_seed(1)
    drawn = Counter(draw(torch.tensor([0.0, 3.0, 0.0, 1.0, 0.0]), random) for _ in range(2000))
    assert set(drawn) == {1, 3}
    assert 2.5 < drawn[1] / drawn[3] < 3.6


def test_top_p_looks_past_the_likeliest_where_they_do_not_reach() -> None:
    scores = torch.zeros(4 * LIKELY)
    random = torch.Generator().manual_seed(1)
    assert max(sample(scores, 0.9, random) for _ in range(200)) > LIKELY
