from __future__ import annotations

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from lib.engine.serving.constrain import constraint
from lib.engine.serving.models import Loaded
from lib.engine.serving.vocabulary import has_words, read_words, vocabulary
from lib.engine.training.text import plain_ids

from .writing import ask

TEXT = 'a 唐龘 {"é": 1}'


def byte_level(*, prefix: bool) -> PreTrainedTokenizerFast:
    """A tokenizer as GPT-2's: bytes dressed as letters, and a token that begins with a space."""
    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), 'Ġ{"']
    backend = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    backend.decoder = decoders.ByteLevel()
    backend.enable_truncation(3)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<e>")


def metaspace() -> PreTrainedTokenizerFast:
    """A tokenizer as Llama 2's: spaces are drawn, what is missing falls back to bytes."""
    words = {word: i for i, word in enumerate([f"<0x{byte:02X}>" for byte in range(256)] + ["▁", "▁a", "a"])}
    backend = Tokenizer(models.BPE(words, [], byte_fallback=True))
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<e>")


@pytest.mark.parametrize("tokenizer", [byte_level(prefix=False), byte_level(prefix=True), metaspace()])
def test_answers_can_be_held_to_a_form_with_any_kind_of_byte_tokens(
    loaded: Loaded, tokenizer: PreTrainedTokenizerFast
) -> None:
    other = Loaded(**{**vars(loaded), "tokenizer": tokenizer, "ends": frozenset([tokenizer.eos_token_id])})
    held = constraint(other, ask(response_format={"type": "json_object"}))
    assert held
    for byte in b'{"a":1}':
        token = next(i for i in range(len(tokenizer)) if vocabulary(other).bytes_of(i) == [byte])
        assert held.allow(torch.zeros(len(tokenizer)))[token] == 0
        held.take(token)
    assert held.complete


def test_a_tokens_bytes_add_up_to_the_text(loaded: Loaded) -> None:
    words = vocabulary(loaded)
    ids = plain_ids(loaded.tokenizer, TEXT)
    assert bytes(byte for token in ids for byte in words.bytes_of(token)).decode() == TEXT
    assert bytes(words.bytes_of(loaded.tokenizer.eos_token_id)) == b"<|end|>"


def test_a_tokenizer_that_cannot_be_read_still_names_its_tokens(loaded: Loaded) -> None:
    backend = Tokenizer(models.WordLevel({"good": 0, "<e>": 1}, unk_token="<e>"))
    poor = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<e>")
    words = vocabulary(Loaded(**{**vars(loaded), "tokenizer": poor}))
    assert (words.readable, words.writes_json, bytes(words.bytes_of(0))) == (None, False, b"good")


def test_tokens_are_read_once_and_only_for_those_who_need_them(loaded: Loaded) -> None:
    fresh = Loaded(**{**vars(loaded), "tokenizer": byte_level(prefix=False)})
    assert has_words(fresh, ask())
    needy = ask(logprobs=0)
    assert not has_words(fresh, needy)
    assert has_words(read_words(fresh, needy), needy)
    assert vocabulary(fresh) is vocabulary(fresh)
