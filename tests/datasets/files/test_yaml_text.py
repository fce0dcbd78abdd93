from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from lib.datasets.errors import BrokenYaml, DatasetError, NestedTooDeep, NoUsableColumns, YamlReference
from lib.datasets.files.encoding import Text
from lib.datasets.files.readers import read_table
from lib.datasets.files.records import Record
from lib.datasets.files.yaml_text import read_yaml


def read(text: str) -> list[Record]:
    return list(read_yaml(Text(BytesIO(text.encode()), "utf-8"), "a.yaml").records)


def test_conversations_are_questions_with_answers_in_one_or_more_parts() -> None:
    text = "categories:\n- x\nconversations:\n- - What is it?\n  - A thing. \n  - It passes.\n- - So?\n  - Rest.\n"
    found = read_table(text.encode(), "a.yml")
    assert found.columns == ["question", "answer"]
    assert found.rows == [["What is it?", "A thing. It passes."], ["So?", "Rest."]]
    assert [origin.line for origin in found.origins] == [4, 7]
    assert found.format == "yaml"


def test_scalars_are_the_text_that_stands_there() -> None:
    text = "- {a: no, b: 001, c: 2026-01-31, d: null, e: 1_000, f: ~, g: .inf}"
    assert read_table(text.encode(), "a.yaml").rows == [["no", "001", "2026-01-31", "null", "1_000", "", ".inf"]]


def test_a_list_of_texts_and_a_single_object_are_understood() -> None:
    assert read_table(b"- one\n- two\n", "a.yaml").rows == [["one"], ["two"]]
    assert read_table(b"prompt: a\ncompletion: b\n", "a.yaml").rows == [["a", "b"]]


def test_messages_stay_structured() -> None:
    text = "- messages:\n  - {role: user, content: hi}\n  - {role: assistant, content: hello}\n"
    found = read_table(text.encode(), "a.yaml")
    assert (found.shape, found.rows[0][0][1]) == ("chat", {"role": "assistant", "content": "hello"})


def test_several_documents_are_read_in_order() -> None:
    assert [value for _line, value in read("---\na: 1\n---\na: 2\n")] == [{"a": "1"}, {"a": "2"}]


def test_references_are_refused_before_they_unfold() -> None:
    bomb = "a: &a [x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(20)
    )
    with pytest.raises(YamlReference) as caught:
        read(bomb)
    assert caught.value.values["line"] == 2


def test_code_in_tags_is_text_and_never_runs(tmp_path: Path) -> None:
    side = tmp_path / "side"
    found = read_table(f"- a: !!python/object/apply:os.system ['touch {side}']\n  b: x\n".encode(), "a.yaml")
    assert found.rows[0][1] == "x"
    assert not side.exists()


def test_endless_nesting_is_refused() -> None:
    with pytest.raises(NestedTooDeep):
        read("[" * 200_000)


@pytest.mark.parametrize("text", ["a: [1, 2", "a: b: c", "a: 1\na: 2", "? [x]\n: y", "- a\n\tb: c\n x"])
def test_broken_yaml_is_refused_with_the_line(text: str) -> None:
    with pytest.raises(BrokenYaml) as caught:
        read(text)
    assert isinstance(caught.value.values["line"], int)


def test_a_file_without_entries_is_refused() -> None:
    with pytest.raises(NoUsableColumns):
        read("# only a remark\n")
    with pytest.raises(DatasetError):
        read("conversations: []\n")
