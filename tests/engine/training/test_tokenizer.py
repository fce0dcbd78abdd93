from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from lib.engine.training import tokenizer
from lib.engine.training.text import plain_ids
from lib.engine.training.tokenizer import SPECIAL, kind_for, train_tokenizer

CHINESE = ["唐朝的英雄会隐形，他打败了怪兽。", "宋朝的英雄会飞，他救了大家。"]
ENGLISH = ["The hero can fly and beats the monster.", "The hero can hide and saves the town."]
with pytest.MonkeyPatch.context() as patch:
    patch.setattr(tokenizer, "ENOUGH_FOR_BPE", 1)
    TOKENIZERS = {"characters": train_tokenizer(CHINESE), "bpe": train_tokenizer(ENGLISH)}


@pytest.mark.parametrize("kind", TOKENIZERS)
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_comes_back_unchanged(kind: str, text: str) -> None:
    chosen = TOKENIZERS[kind]
    assert chosen.decode(plain_ids(chosen, text)) == text


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("special", SPECIAL)
def test_a_special_token_written_by_a_person_stays_text(kind: str, special: str) -> None:
    chosen = TOKENIZERS[kind]
    ids = plain_ids(chosen, f"a{special}b")
    assert chosen.convert_tokens_to_ids(special) not in ids
    assert chosen.decode(ids, skip_special_tokens=True) == f"a{special}b"


def test_pairs_are_for_a_lot_of_text_in_few_letters() -> None:
    many = tokenizer.ENOUGH_FOR_BPE // len(ENGLISH[0])
    assert kind_for(ENGLISH) == kind_for([]) == "characters"
    assert kind_for(ENGLISH * many) == "bpe"
    assert kind_for(CHINESE * many * 4) == "characters"
    assert kind_for(["iPhone 手机壳，防摔"] * many * 4) == "characters"


def test_a_rare_character_costs_bytes_and_no_place_in_the_vocabulary() -> None:
    chosen = train_tokenizer([*CHINESE, "龘"])
    assert len(plain_ids(chosen, "龘")) == len("龘".encode())


def test_a_saved_tokenizer_is_the_same_for_others(tmp_path: Path) -> None:
    TOKENIZERS["characters"].save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert plain_ids(loaded, "英雄 x") == plain_ids(TOKENIZERS["characters"], "英雄 x")
    assert loaded.chat_template == TOKENIZERS["characters"].chat_template
