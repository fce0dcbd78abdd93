from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.engine.training.data import (
    IGNORED,
    Example,
    batch_plan,
    collate,
    encode,
    encode_record,
    micro_batches,
    pack,
)
from lib.engine.training.data import read_records as read
from lib.engine.training.report import TrainingProblem
from lib.engine.training.tokenizer import END, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(["唐朝 -> 一个英雄的故事", "唐朝 -> 一个英雄的故事"])


def trained_text(tokenizer: Any, record: dict[str, Any]) -> str:
    example = encode_record(tokenizer, record)
    return tokenizer.decode([i for i, trained in zip(example.ids, example.trained, strict=True) if trained])


def test_a_completion_is_trained_and_its_prompt_is_not(tokenizer: Any) -> None:
    assert trained_text(tokenizer, {"prompt": "唐朝 ->", "completion": " 故事"}) == " 故事" + END


def test_only_assistants_are_trained_and_weight_zero_is_left_out(tokenizer: Any) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "一"},
        {"role": "assistant", "content": "个", "weight": 0},
        {"role": "user", "content": "英"},
        {"role": "assistant", "content": "雄", "weight": 1},
    ]
    assert trained_text(tokenizer, {"messages": messages}) == "雄" + END


def test_a_broken_line_is_named(tmp_path: Path, tokenizer: Any) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"prompt": "a", "completion": "b"}\n\n{"prompt": "a", ', encoding="utf-8")
    with pytest.raises(TrainingProblem, match="Line 3 is not valid JSON"):
        read(file)
    file.write_text('{"prompt": "a"}\n', encoding="utf-8")
    with pytest.raises(TrainingProblem, match="Line 1 must be an object"):
        read(file)
    with pytest.raises(TrainingProblem, match="Line 4 cannot be read as an example"):
        encode(tokenizer, [(4, {"prompt": None, "completion": 3})], 99, "training_file")


def test_a_conversation_that_the_template_refuses_is_named_by_its_line(tokenizer: Any) -> None:
    strict = copy.deepcopy(tokenizer)
    strict.chat_template = "{{ raise_exception('Roles must alternate.') }}"
    chat = {"messages": [{"role": "user", "content": "一"}, {"role": "assistant", "content": "个"}]}
    with pytest.raises(TrainingProblem, match=r"Line 7 .* chat template refuses it: Roles must alternate\."):
        encode(strict, [(7, chat)], 99, "training_file")


def test_line_separators_inside_text_do_not_split_a_line(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"prompt": "a\u2028b", "completion": "c\x85d"}\n', encoding="utf-8")
    assert read(file) == [(1, {"prompt": "a\u2028b", "completion": "c\x85d"})]


def test_examples_are_cut_and_those_with_nothing_to_learn_left_out(tokenizer: Any) -> None:
    records = [(1, {"prompt": "唐", "completion": "故事"}), (2, {"prompt": "唐" * 9, "completion": "故事"})]
    examples, cut = encode(tokenizer, records, 4, "training_file")
    assert [len(example.ids) for example in examples] == [4]
    assert cut == 1


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 9), st.integers(0, 3))
def test_an_epoch_holds_each_example_once(lengths: list[int], size: int, epoch: int) -> None:
    plan = batch_plan(lengths, size, seed=1, epoch=epoch)
    assert sorted(i for batch in plan for i in batch) == list(range(len(lengths)))
    assert len(plan) == -(-len(lengths) // size)
    assert plan == batch_plan(lengths, size, seed=1, epoch=epoch)


def test_epochs_and_seeds_differ_in_order() -> None:
    lengths = list(range(40))
    plans = [batch_plan(lengths, 4, seed, epoch) for seed, epoch in ((1, 0), (1, 1), (2, 0))]
    assert plans[0] != plans[1] != plans[2]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_parts_of_a_batch_stay_under_the_limit(lengths: list[int]) -> None:
    examples = [Example([0] * length, [True] * length) for length in lengths]
    parts = list(micro_batches(examples, 40))
    assert [example for part in parts for example in part] == examples
    assert all(len(part) == 1 or len(part) * max(len(e.ids) for e in part) <= 40 for part in parts)


def test_padding_is_neither_trained_nor_counted() -> None:
    batch = collate([Example([5, 6, 7], [False, True, True]), Example([5], [False])], padding=0)
    assert batch.ids.tolist() == [[5, 6, 7], [5, 0, 0]]
    assert batch.labels.tolist() == [[IGNORED, 6, 7], [IGNORED, IGNORED, IGNORED]]
    assert batch.owners.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_packed_examples_stand_in_one_row_each_with_positions_of_its_own() -> None:
    batch = pack([Example([5, 6, 7], [False, True, True]), Example([8, 9], [True, True])], 0)
    assert batch.ids.tolist() == [[5, 6, 7, 8, 9]]
    assert batch.labels.tolist() == [[IGNORED, 6, 7, IGNORED, 9]], "no example teaches how the next one begins"
    assert batch.positions is not None
    assert batch.positions.tolist() == [[0, 1, 2, 0, 1]]


def test_a_part_holds_no_more_examples_than_asked() -> None:
    examples = [Example([0], [True])] * 5
    assert [len(part) for part in micro_batches(examples, 100, 2)] == [2, 2, 1]
