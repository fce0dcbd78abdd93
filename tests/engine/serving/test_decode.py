from __future__ import annotations

import pytest
import torch

from lib.engine.serving.decode import Answer, encode
from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Refusal, Request


def ask(**fields: object) -> Request:
    return Request(**({"id": "r", "model": "m", "prompt": "唐朝 ->", "max_tokens": 30} | fields))  # type: ignore[arg-type]


def write(loaded: Loaded, request: Request, index: int = 0) -> tuple[str, str, int]:
    answer = Answer(loaded, encode(loaded, request), request, index)
    text, reason = "", None
    while reason is None:
        piece = answer.advance()
        text, reason = text + piece.text, piece.finish_reason
    return text, reason, answer.tokens


@pytest.mark.parametrize("prompt", ["唐朝 ->", "英雄", "x"])
def test_a_greedy_answer_equals_generate_token_for_token(loaded: Loaded, prompt: str) -> None:
    ids = encode(loaded, ask(prompt=prompt))
    expected = loaded.model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), do_sample=False, max_new_tokens=30
    )[0, len(ids) :]
    text, _, tokens = write(loaded, ask(prompt=prompt, temperature=0))
    assert tokens == len(expected)
    assert text == loaded.tokenizer.decode(expected, skip_special_tokens=True).rstrip("\ufffd")


def test_the_same_seed_writes_the_same_text_and_another_another(loaded: Loaded) -> None:
    first, again, other = (write(loaded, ask(seed=seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert write(loaded, ask(seed=1), index=1) != first


def test_a_stop_string_ends_the_answer_and_is_cut(loaded: Loaded) -> None:
    whole, reason, _ = write(loaded, ask(seed=1))
    assert reason == "length"
    stop = whole[4:7]
    assert write(loaded, ask(seed=1, stop=(stop,)))[:2] == (whole[: whole.find(stop)], "stop")


def test_the_end_token_ends_the_answer(loaded: Loaded) -> None:
    whole = encode(loaded, ask(prompt=write(loaded, ask(seed=1))[0]))
    ending = Loaded(**{**vars(loaded), "ends": frozenset([whole[3]])})
    text, reason, tokens = write(ending, ask(seed=1))
    assert (reason, tokens) == ("stop", whole.index(whole[3]) + 1)
    assert len(text) == whole.index(whole[3])


def test_an_answer_ends_where_the_context_does(loaded: Loaded) -> None:
    small = Loaded(**{**vars(loaded), "context": 12, "ends": frozenset()})
    request = ask(max_tokens=None)
    assert write(small, request)[1:] == ("length", 12 - len(encode(small, request)))
    assert write(small, ask(max_tokens=0)) == ("", "length", 0)
    with pytest.raises(Refusal, match="maximum context length is 12") as caught:
        encode(small, ask(prompt="英" * 12))
    assert caught.value.code == "context_length_exceeded"
