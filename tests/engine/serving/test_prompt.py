from __future__ import annotations

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from lib.engine.serving.models import Loaded
from lib.engine.serving.prompt import echo, encode
from lib.engine.serving.protocol import Refusal

from .writing import ask, scores


def test_a_prompt_may_be_tokens(loaded: Loaded) -> None:
    ids = encode(loaded, ask())
    assert encode(loaded, ask(prompt=None, prompt_ids=ids)) == ids


@pytest.mark.parametrize("fields", [{"prompt": None, "prompt_ids": [5, 100_000]}, {"logit_bias": {100_000: 1.0}}])
def test_a_token_that_is_not_there_is_refused(loaded: Loaded, fields: dict) -> None:
    with pytest.raises(Refusal, match="100000") as refused:
        encode(loaded, ask(**fields))
    assert refused.value.param == ("logit_bias" if "logit_bias" in fields else "prompt")


def test_a_prompt_that_is_too_long_is_refused_and_one_that_fills_the_context_can_be_scored(loaded: Loaded) -> None:
    small = Loaded(**{**vars(loaded), "context": 12, "ends": frozenset()})
    with pytest.raises(Refusal, match="maximum context length is 12") as caught:
        encode(small, ask(prompt="英" * 12))
    assert caught.value.code == "context_length_exceeded"
    assert len(encode(small, ask(prompt="英" * 12, max_tokens=0))) == 12


def test_without_an_echo_nothing_is_told_back(loaded: Loaded) -> None:
    assert echo(loaded, ask(), [1, 2]) is None
    assert echo(loaded, ask(echo=True), encode(loaded, ask())) == {"text": "唐朝 ->", "tokens": []}


def test_echoed_probabilities_are_those_of_reading_the_prompt(loaded: Loaded) -> None:
    request = ask(echo=True, logprobs=2)
    ids = encode(loaded, request)
    logits = scores(loaded, ids)
    told = echo(loaded, request, ids, [logits[:2], logits[2:]])
    assert told is not None
    assert told["text"] == "唐朝 ->"
    assert bytes(b for token in told["tokens"] for b in token["bytes"]).decode() == "唐朝 ->"
    assert [token["offset"] for token in told["tokens"]] == [0, 1, 2, 3, 4]
    first, *rest = told["tokens"]
    assert (first["logprob"], first["top"]) == (None, [])
    for token, number, row in zip(rest, ids[1:], logits[:-1].log_softmax(-1), strict=True):
        assert token["logprob"] == pytest.approx(float(row[number]), abs=1e-4)
        assert token["top"][0]["logprob"] == pytest.approx(float(row.max()), abs=1e-4)


def test_a_begin_token_of_our_own_is_not_told(loaded: Loaded) -> None:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=loaded.tokenizer.backend_tokenizer, bos_token="<|system|>", eos_token="<|end|>"
    )
    beginning = Loaded(**{**vars(loaded), "tokenizer": tokenizer})
    request = ask(echo=True, logprobs=0)
    ids = [tokenizer.bos_token_id, *encode(loaded, request)]
    told = echo(beginning, request, ids, [torch.zeros(len(ids), 281)])
    assert told is not None
    assert len(told["tokens"]) == len(ids) - 1
    assert told["tokens"][0]["logprob"] is not None
