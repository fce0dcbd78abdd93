from __future__ import annotations

import pytest

from lib.engine.serving.models import Loaded
from lib.engine.training.text import plain_ids

from .writing import ask, recite, write


def test_tokens_are_told_with_the_text_they_belong_to(loaded: Loaded) -> None:
    written = write(loaded, ask(temperature=0, logprobs=2))
    assert "".join(bytes(token["bytes"]).decode() for token in written.tokens) == written.text
    assert [token["offset"] for token in written.tokens] == list(range(len(written.text)))
    assert all(len(token["top"]) == 2 for token in written.tokens)


def test_a_character_of_several_tokens_has_one_place(loaded: Loaded) -> None:
    ids = plain_ids(loaded.tokenizer, "a龘b")
    written = recite(loaded, ask(logprobs=0), ids)
    assert written.text == "a龘b"
    assert [token["offset"] for token in written.tokens] == [0, 1, 1, 1, 2]
    assert bytes(b for token in written.tokens for b in token["bytes"]) == "a龘b".encode()


@pytest.mark.parametrize("stop", ["cd", "c", "cde"])
def test_tokens_of_a_stop_string_are_not_told(loaded: Loaded, stop: str) -> None:
    written = recite(loaded, ask(stop=(stop,), logprobs=0), plain_ids(loaded.tokenizer, "abcdefg"))
    assert (written.text, written.finish_reason) == ("ab", "stop")
    assert [bytes(token["bytes"]) for token in written.tokens] == [b"a", b"b"]


def test_text_held_back_is_told_when_it_was_no_stop_string_after_all(loaded: Loaded) -> None:
    written = recite(loaded, ask(stop=("cdx",), logprobs=0), plain_ids(loaded.tokenizer, "abcd"))
    assert (written.text, written.finish_reason, len(written.tokens)) == ("abcd", "length", 4)


def test_the_end_token_is_no_part_of_the_answer(loaded: Loaded) -> None:
    ids = [*plain_ids(loaded.tokenizer, "ab"), loaded.tokenizer.eos_token_id]
    written = recite(loaded, ask(logprobs=0), ids)
    assert (written.text, written.finish_reason, len(written.tokens)) == ("ab", "stop", 2)
