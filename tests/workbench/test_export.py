"""Files as each target wants them."""

import csv
import io
import json

import pytest

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, view_of
from lib.datasets.table import Origin
from lib.workbench.errors import ResultUnwritable
from lib.workbench.export import export, export_table, records_of
from lib.workbench.targets import chief_targets, find_target
from lib.workbench.traits import Traits
from lib.workbench.verdict import Outcome, judge

ASK = {"role": "user", "content": "为什么?", "name": "ann"}
SAY = {"role": "assistant", "content": "Because.", "weight": 1}
CHAT = {"messages": [{"role": "developer", "content": "Be kind."}, ASK, SAY], "id": 7}
PREFERENCE = {
    "input": {"messages": [{"role": "user", "content": "Why?"}], "tools": []},
    "preferred_output": [{"role": "assistant", "content": "Because."}],
    "non_preferred_output": [{"role": "assistant", "content": "No idea."}],
}


def written(folder, target, *records):
    prepared, out = folder / "prepared.jsonl", folder / "out.jsonl"
    prepared.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")
    done = export(prepared, find_target(target), out)
    return done, out.read_bytes()


def test_openai_gets_no_mark_and_no_fields_of_the_users_own_but_names_and_weights(tmp_path):
    done, data = written(tmp_path, "openai", CHAT)
    assert json.loads(data) == {"messages": CHAT["messages"]}
    assert done.left_out == {"-id": 1}
    assert (done.examples, done.size, done.bom) == (1, len(data), False)


def test_azure_gets_a_byte_order_mark(tmp_path):
    done, data = written(tmp_path, "azure", CHAT)
    assert data.startswith(b"\xef\xbb\xbf{")
    assert done.bom


def test_alibaba_gets_no_names_no_weights_and_no_developer(tmp_path):
    done, data = written(tmp_path, "alibaba", CHAT)
    assert json.loads(data)["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "为什么?"},
        {"role": "assistant", "content": "Because."},
    ]
    assert done.left_out == {"-messages.name": 1, "-messages.weight": 1, "developer>system": 1}


def test_preferences_are_spelled_as_the_target_spells_them(tmp_path):
    _done, openai = written(tmp_path, "openai", PREFERENCE)
    assert json.loads(openai) == PREFERENCE
    _done, trl = written(tmp_path, "trl:dpo", PREFERENCE)
    assert json.loads(trl) == {
        "prompt": PREFERENCE["input"]["messages"],
        "tools": [],
        "chosen": PREFERENCE["preferred_output"],
        "rejected": PREFERENCE["non_preferred_output"],
    }
    _done, alibaba = written(tmp_path, "alibaba:dpo", PREFERENCE)
    assert json.loads(alibaba)["chosen"] == PREFERENCE["preferred_output"][0]


@pytest.mark.parametrize("target", [t for t in chief_targets() if "chat" in t.formats], ids=lambda t: t.name)
def test_what_was_written_for_a_target_is_taken_by_it(tmp_path, target):
    _done, data = written(tmp_path, target.name, *[CHAT] * 12)
    traits = Traits(Context(Recipe()))
    for row, record in enumerate(records_of(tmp_path / "out.jsonl")):
        traits.look(view_of(row, Origin(row + 1), record))
    assert judge(target, Outcome(traits, len(data), data.startswith(b"\xef\xbb\xbf"))).failures == []


def test_a_file_in_which_nothing_has_to_change_is_copied_byte_for_byte(tmp_path):
    plain = {"messages": [{"role": "user", "content": "为什么?"}, {"role": "assistant", "content": "Because."}]}
    prepared = tmp_path / "prepared.jsonl"
    prepared.write_text(json.dumps(plain) + "\n", "utf-8")
    traits = Traits(Context(Recipe()))
    traits.look(view_of(0, Origin(1), plain))
    done = export(prepared, find_target("azure"), tmp_path / "out.jsonl", traits)
    assert (tmp_path / "out.jsonl").read_bytes() == b"\xef\xbb\xbf" + prepared.read_bytes()
    assert (done.examples, done.size, done.bom) == (1, prepared.stat().st_size + 3, True)


@pytest.mark.parametrize("target", ["alibaba:sft", "alibaba:dpo", "trl:dpo"])
def test_knowing_the_traits_changes_nothing_in_what_is_written(tmp_path, target):
    traits = Traits(Context(Recipe()))
    record = PREFERENCE if target.endswith("dpo") else CHAT
    traits.look(view_of(0, Origin(1), record))
    _done, without = written(tmp_path, target, record)
    export(tmp_path / "prepared.jsonl", find_target(target), tmp_path / "known.jsonl", traits)
    assert (tmp_path / "known.jsonl").read_bytes() == without


def test_a_table_for_people_runs_no_formula_and_keeps_every_character(tmp_path):
    prepared, out = tmp_path / "prepared.jsonl", tmp_path / "out.csv"
    record = {"prompt": "=1+1", "completion": '他说 "hi",\nthen left'}
    prepared.write_text(json.dumps(record) + "\n" + json.dumps({"prompt": "+5", "completion": "ok"}) + "\n", "utf-8")
    done = export_table(prepared, out)
    rows = list(csv.reader(io.StringIO(out.read_bytes().decode("utf-8-sig"), newline="")))
    assert rows == [["prompt", "completion"], ["'=1+1", record["completion"]], ["'+5", "ok"]]
    assert done.left_out == {"formula": 2}
    export_table(prepared, out, escape_formulas=False)
    assert "'=1+1" not in out.read_text("utf-8-sig")


def test_a_folder_that_can_not_be_written_to_is_a_refusal_and_no_traceback(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    prepared = tmp_path / "prepared.jsonl"
    prepared.write_text("", "utf-8")
    with pytest.raises(ResultUnwritable):
        export(prepared, find_target("openai"), tmp_path / "file" / "out.jsonl")
