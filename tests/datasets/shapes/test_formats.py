from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib.datasets.files.readers import read_table
from lib.datasets.shapes.formats import describe, format_of

TURNS = '[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]'
SAID = '[{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]'
OPEN = '[{"role": "user", "content": "a"}]'
ANSWER = '[{"role": "assistant", "content": "b"}]'


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ('{"prompt": "a", "completion": "b"}', "prompt_completion"),
        (f'{{"messages": {TURNS}}}', "chat"),
        (f'{{"conversation": {TURNS}}}', "chat"),
        (
            f'{{"input": {{"messages": {OPEN}}}, "preferred_output": {ANSWER}, "non_preferred_output": {ANSWER}}}',
            "preference",
        ),
        ('{"prompt": "a", "chosen": "b", "rejected": "c"}', "preference"),
        (f'{{"messages": {OPEN}, "reference_answer": "b"}}', "reinforcement"),
        ('{"instruction": "a", "input": "", "output": "b"}', "alpaca"),
        (f'{{"conversations": {SAID}}}', "sharegpt"),
        (
            '{"conversations": [{"from": "human", "value": "a"}], "chosen": {"from": "gpt", "value": "b"}, '
            '"rejected": {"from": "gpt", "value": "c"}}',
            "sharegpt_preference",
        ),
        ('{"instruction": "a", "instances": [{"input": "", "output": "b"}]}', "self_instruct"),
        ('{"query": "a", "response": "b", "history": []}', "swift"),
        ('{"conversation": [{"human": "a", "assistant": "b"}]}', "swift"),
        (f'{{"messages": {TURNS}, "rejected_response": "c"}}', "swift"),
        (f'{{"messages": {TURNS}, "label": true}}', "kto"),
        ('{"question": "a", "answer": "b"}', "pairs"),
        ('{"text": "a"}', "text"),
        ('{"name": "a", "power": "b", "story": "a long story"}', "flat"),
    ],
)
def test_each_format_is_known_by_its_code_and_told_in_words(record: str, code: str) -> None:
    made = read_table(f"{record}\n{record}".encode(), "a.jsonl")
    assert format_of(made).code == code
    assert describe(made).text()


def test_lines_of_conversations_are_known() -> None:
    data = "thread_id,turn,speaker,text\n1,1,user,hello\n1,2,assistant,hi there\n2,1,user,good day\n"
    assert format_of(read_table(data.encode(), "a.csv")).code == "threads"


def test_the_words_name_the_columns_and_the_tools() -> None:
    alpaca = read_table(b'[{"instruction": "a", "input": "", "output": "b"}]', "a.json")
    assert describe(alpaca).text() == "Alpaca: instruction, input, output"
    tools = json.dumps({"messages": json.loads(TURNS), "tools": [{"type": "function"}]})
    assert describe(read_table(f"{tools}\n{tools}".encode(), "a.jsonl")).text() == "OpenAI chat messages with tools"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("instruct/llamafactory_dpo_zh_demo.json", "sharegpt_preference"),
        ("instruct/llamafactory_identity.json", "alpaca"),
        ("instruct/llamafactory_kto_en_demo.json", "kto"),
        ("instruct/sharegpt_dummy_conversation.json", "sharegpt"),
        ("instruct/swift_sharegpt.jsonl", "swift"),
        ("rft/tool_train.jsonl", "reinforcement"),
        ("chat/stock_toolcall_training.jsonl", "chat"),
        ("geektime/ultraman_stories.csv", "flat"),
    ],
)
def test_real_files_are_known(realdata: Path, file: str, code: str) -> None:
    assert format_of(read_table((realdata / file).read_bytes(), file)).code == code
