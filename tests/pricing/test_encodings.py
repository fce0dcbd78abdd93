"""Every encoding counts as tiktoken does, on any text, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.pricing import encodings
from lib.pricing.encodings import QUICK, RANKS, hosted_counter, load

AWKWARD = st.text(
    st.sampled_from("aB 1\n\r\t'é中，。/-\u00a0\u3000\u0301\u200d\u2028\x00\x85\ufeff😀ǅʰ२\ud800"), max_size=40
) | st.sampled_from(["<|endoftext|>", "<|im_start|>system", "it's  a\n\n  list:\n\t- one", "  ", "\n \n"])
ANY = st.lists(AWKWARD | st.text(st.characters(), max_size=60), max_size=6)


@pytest.mark.parametrize("encoding", sorted(RANKS))
@settings(max_examples=150, deadline=None)
@given(texts=ANY)
def test_counts_are_those_of_encode_ordinary(encoding: str, texts: list[str]) -> None:
    assert hosted_counter(encoding)(texts) == [len(load(encoding).encode_ordinary(text)) for text in texts]


@pytest.mark.parametrize("encoding", sorted(QUICK))
def test_every_plane_of_unicode_is_split_as_tiktoken_splits_it(encoding: str) -> None:
    texts = ["a{0}B {0}{0} {0}1\n{0}".format(chr(point)) for point in range(0x20, 0x20000, 7)]
    counted = hosted_counter(encoding)(texts)
    assert counted == [len(load(encoding).encode_ordinary(text)) for text in texts]


def test_a_text_that_comes_again_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(encodings, "_quick_counter", lambda _: lambda text: asked.append(text) or len(text))
    assert hosted_counter("o200k_base")(["user", "Hello", "user"]) == [4, 5, 4]
    assert asked == ["user", "Hello"]


@pytest.mark.parametrize("encoding", sorted(RANKS))
@pytest.mark.parametrize("text", ["a", " ", "中", "\n ", "\u0301"])
def test_a_million_of_one_character_neither_ends_the_process_nor_takes_long(encoding: str, text: str) -> None:
    start = time.perf_counter()
    counted = hosted_counter(encoding)([text * (1_000_000 // len(text)) + "x"])
    assert counted[0] > 0
    assert time.perf_counter() - start < 5


def test_without_the_quick_counter_tiktoken_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["从前有一个英雄。", "Once upon a time " * 20]
    quick = hosted_counter("o200k_base")(texts)
    monkeypatch.setattr(encodings, "_quick_counter", lambda _: None)
    assert hosted_counter("o200k_base")(texts) == quick


def test_a_monstrous_text_is_cut_only_where_a_token_ends_anyway() -> None:
    text = "one, two: three " * 70_000
    assert len(text) > 2 * encodings.LONG
    assert hosted_counter("r50k_base")([text])[0] == len(load("r50k_base").encode_ordinary(text))
