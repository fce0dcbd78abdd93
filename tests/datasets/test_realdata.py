"""Real files from the wild, when they are there: none crashes the reader, and all that hold pairs convert."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lib.datasets import jsonl
from lib.datasets.errors import DatasetError, JobListing, ResultFile
from lib.datasets.files.readers import read_table
from lib.datasets.recipe import Recipe
from lib.datasets.shapes.convert import convert, example_of
from lib.datasets.shapes.mapping import guess_roles
from lib.datasets.shapes.skips import REASONS
from lib.datasets.shapes.suggest import suggest_recipe

PAIRS = {
    "chat": {
        "distilling_sarcasm_qa.jsonl": 500,
        "gsm8k_chat_validation.jsonl": 50,
        "stock_toolcall_training.jsonl": 86,
        "stock_toolcall_validation.jsonl": 10,
    },
    "geektime": {"ultraman_stories.csv": 464, "prepared_data.csv": 464, "prepared_data_prepared.jsonl": 464}
    | {"ecommerce_products.csv": 49, "ecommerce_faq.txt": 22},
    "instruct": {"llamafactory_identity.json": 91, "sharegpt_dummy_conversation.json": 500, "swift_alpaca.csv": 3}
    | {"swift_alpaca.jsonl": 3, "swift_conversations.jsonl": 3, "swift_sharegpt.jsonl": 3, "swift_swift_multi.json": 3}
    | {"swift_multi_modal_3.jsonl": 3, "llamafactory_v1_sft_demo.jsonl": 500, "llamafactory_dpo_zh_demo.json": 300}
    | {"llamafactory_mllm_demo.json": 6},
    "messy": {"prepared_data_gbk.csv": 464, "prepared_data_utf16.tsv": 464},
    "results_new": {"bpt_rwd_Chat_Formatted_Dataset.json": 11},
    "yaml": {"depression.yml": 51},
    "rft": {"tool_train.jsonl": 10},
}
CHOSEN = {"llamafactory_mllm_demo.json": {"images": "ignore"}}
"""What a user has to choose: these images are files that nobody has."""
SHAPES = {
    "chat": {"messages"},
    "completion": {"prompt", "completion"},
    "preference": {"input", "preferred_output", "non_preferred_output"},
    "reinforcement": {"messages", "reference_answer"},
}


def test_no_file_crashes_the_reader_and_every_refusal_says_what_to_do(realdata: Path) -> None:
    files = [path for path in sorted(realdata.rglob("*")) if path.is_file()]
    assert len(files) > 50
    for path in files:
        try:
            made = read_table(path.read_bytes(), path.name)
            convert(made, suggest_recipe(made))
        except DatasetError as refusal:
            words = refusal.explain()
            assert all((words.what, words.why, words.todo)), path.name


@pytest.mark.parametrize(
    ("folder", "name", "rows"), [(f, n, r) for f, files in PAIRS.items() for n, r in files.items()]
)
def test_files_that_hold_pairs_convert_whole(realdata: Path, folder: str, name: str, rows: int) -> None:
    made = read_table((realdata / folder / name).read_bytes(), name)
    recipe = suggest_recipe(made)
    recipe = replace(recipe, roles=recipe.roles | CHOSEN.get(name, {}))
    found = convert(made, recipe)
    assert (len(found.examples), found.skipped) == (rows, [])
    assert all(SHAPES[recipe.format] <= record.keys() for record in found.records)
    again = read_table(jsonl.write(found.records), "again.jsonl")
    assert convert(again, recipe).records == found.records
    assert [example_of(record, recipe) for record in found.records] == found.records


def test_every_row_that_is_left_out_says_where_why_and_what_to_do(realdata: Path) -> None:
    for path in sorted(realdata.rglob("*.json*")):
        try:
            made = read_table(path.read_bytes(), path.name)
            found = convert(made, suggest_recipe(made))
        except DatasetError:
            continue
        for skipped in found.skipped:
            assert skipped.origin.line > 0
            assert skipped.code in REASONS
            assert len(skipped.reason.text().rstrip(".").split(". ")) > 1 or ", so " in skipped.reason.text()


def test_only_the_wanted_answers_of_kto_are_learnt(realdata: Path) -> None:
    file = "llamafactory_kto_en_demo.json"
    made = read_table((realdata / "instruct" / file).read_bytes(), file)
    found = convert(made, suggest_recipe(made))
    assert len(found.examples) == 150
    assert {skipped.code for skipped in found.skipped} == {"not_desirable"}


def test_the_story_file_is_read_as_its_writer_meant(realdata: Path) -> None:
    made = read_table((realdata / "geektime" / "ultraman_stories.csv").read_bytes(), "ultraman_stories.csv")
    assert list(guess_roles(made).roles.values()) == ["ignore", "prompt", "prompt", "prompt", "completion"]
    recipe = suggest_recipe(made)
    first = convert(made, recipe).records[0]
    assert first["prompt"] == "唐,隐形,轻松" + recipe.separator
    assert first["completion"].startswith("\n\n一位")


def test_a_prepared_file_is_changed_in_nothing(realdata: Path) -> None:
    made = read_table((realdata / "geektime" / "prepared_data_prepared.jsonl").read_bytes(), "prepared.jsonl")
    records = convert(made, suggest_recipe(made)).records
    assert records == [{"prompt": prompt, "completion": completion} for prompt, completion in made.rows]
    talk = convert(made, suggest_recipe(made, format="chat")).records[0]["messages"]
    assert not talk[0]["content"].endswith("->")


def test_one_text_in_three_encodings_gives_the_same_rows(realdata: Path) -> None:
    files = ["geektime/prepared_data.csv", "messy/prepared_data_gbk.csv", "messy/prepared_data_utf16.tsv"]
    rows = [read_table((realdata / file).read_bytes(), file).rows for file in files]
    assert [[[str(cell).replace("\r\n", "\n") for cell in row] for row in found] for found in rows[1:]] == [
        [[str(cell).replace("\r\n", "\n") for cell in row] for row in rows[0]]
    ] * 2


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        ("results_new/bpt_rwd_step_metrics.csv", ResultFile),
        ("results_new/bpt_rwd_step_metrics.b64.csv", ResultFile),
        ("results_legacy/ultraman_ft-3oxkr1zB_compiled_results.csv", ResultFile),
        ("api/fine_tunes_list.json", JobListing),
    ],
)
def test_files_of_other_pages_are_told_apart(realdata: Path, file: str, refusal: type[DatasetError]) -> None:
    with pytest.raises(refusal):
        read_table((realdata / file).read_bytes(), file)


def test_reinforcement_rows_have_no_answer_for_chat(realdata: Path) -> None:
    made = read_table((realdata / "rft" / "tool_train.jsonl").read_bytes(), "tool_train.jsonl")
    found = convert(made, Recipe({"messages": "messages"}, "chat"))
    assert [skipped.code for skipped in found.skipped] == ["not_answered"] * 10
