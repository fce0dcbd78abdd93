"""Rows: found, left out and brought back, changed by hand; and one page of them at a time."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib import library
from lib.datasets.corrections import Corrections
from lib.datasets.source import SourceRow, open_source
from lib.datasets.table import Origin
from lib.ui.data import by_hand, lookup, row_editor
from tests.pages import road
from tests.pages.conftest import Visit
from tests.pages.test_data import upload
from tests.pages.test_data_problems import lines, show, state

ROWS = [{"prompt": f"What is {n} + {n}?", "completion": f"It is {2 * n}."} for n in range(120)]


def rows(visit: Visit, name: str = "sums.jsonl") -> AppTest:
    return show(upload(visit("data"), name, lines(ROWS)), "rows")


def shown(at: AppTest) -> list[int]:
    return list(at.dataframe[-1].value["#line"])


def tick(at: AppTest, *positions: int) -> AppTest:
    key = at.dataframe[-1].key
    at.session_state[key] = {"selection": {"rows": list(positions), "columns": [], "cells": []}}
    return at.run()


def test_one_page_of_rows_travels_and_the_next_one_is_a_click_away(visit: Visit) -> None:
    at = rows(visit)
    assert not at.exception
    assert shown(at) == list(range(1, 51))
    at.pagination[0].set_value(3).run()
    assert shown(at) == list(range(101, 121))


def test_a_search_finds_a_text_in_any_case_and_in_any_cell(visit: Visit) -> None:
    at = rows(visit)
    at.text_input(key="data_rows_search").set_value("IT IS 238").run()
    assert shown(at) == [120]
    at.text_input(key="data_rows_search").set_value("no such text").run()
    assert not at.exception
    assert len(at.dataframe) == 1


def test_rows_are_left_out_of_the_dataset_and_brought_back(visit: Visit) -> None:
    at = tick(rows(visit), 0, 2)
    at.button(key="data_rows_exclude").click().run()
    assert state(at)["corrections"] == {"edits": {}, "excluded": [0, 2]}
    assert any("Examples: 118" in road.plain(told.value) for told in at.subheader)
    assert (
        "excluded_by_hand" in str(at.selectbox(key="data_rows_filter").options)
        or at.selectbox(key="data_rows_filter").options[-1] == "Left out by hand"
    )
    at.selectbox(key="data_rows_filter").select_index(1).run()
    assert shown(at) == [1, 3]
    at.button(key="data_include_all").click().run()
    assert state(at)["corrections"] == {"edits": {}, "excluded": []}


def test_a_version_holds_what_was_left_out_by_hand(visit: Visit) -> None:
    at = tick(rows(visit), 0)
    at.button(key="data_rows_exclude").click().run()
    at.button(key="data_save").click().run()
    (version,) = library.versions()
    assert version.examples == 119
    assert version.corrections == Corrections(excluded=frozenset({0}))


def test_a_changed_cell_is_trained_and_can_be_undone(visit: Visit) -> None:
    at = rows(visit)
    draft = at.query_params["draft"]
    held = library.draft(draft, "data") or {}
    edits = {"corrections": {"edits": {"4": {"completion": "It is eight."}}, "excluded": []}}
    library.save_draft(draft, "data", {**held, **edits})
    again = show(visit("data", draft=draft), "rows")
    assert "It is eight." in list(again.dataframe[-1].value["c1"])
    again.button(key="data_restore_4_completion").click().run()
    assert not again.exception
    assert "It is eight." not in list(again.dataframe[-1].value["c1"])


def test_one_row_can_be_opened_to_edit_it(visit: Visit) -> None:
    at = tick(rows(visit), 4)
    at.button(key="data_rows_edit").click().run()
    assert not at.exception
    fields = [area for area in at.text_area if str(area.key).startswith("data_cell_")]
    assert [field.value for field in fields] == ["What is 4 + 4?", "It is 8."]
    fields[1].set_value("It is eight.")
    at.button(key="data_cell_save").click().run()
    assert state(at)["corrections"]["edits"] == {"4": {"completion": "It is eight."}}  # type: ignore[index]


ROW = SourceRow(3, Origin(4), {"messages": [{"role": "user", "content": "Hi"}], "id": "7"})


def test_a_cell_that_is_as_the_file_has_it_is_no_edit() -> None:
    held = {"id": "7", "messages": row_editor.spelled(ROW.fields["messages"])}
    assert row_editor.edited(ROW, held, Corrections()) == Corrections()
    changed = row_editor.edited(ROW, {"id": "8"}, Corrections())
    assert changed == Corrections({3: {"id": "8"}})
    assert row_editor.edited(ROW, {"id": "7"}, changed) == Corrections()


@pytest.mark.parametrize(("text", "fits"), [("[]", True), ('{"a": 1}', True), ("[", False), ("7", False), ("", False)])
def test_a_structured_cell_must_stay_json(text: str, fits: bool) -> None:
    assert row_editor.fits(ROW.fields["messages"], text) is fits
    assert row_editor.fits("any text", text)


def test_excluding_and_including_are_each_others_undo() -> None:
    start = Corrections(excluded=frozenset({9}))
    change = partial(by_hand.include, [1, 2])
    assert change(by_hand.exclude([1, 2], start)) == start


def test_any_row_of_a_large_file_is_found_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"p{n}", "completion": "c" * 500}) + "\n" for n in range(2000)))
    source = open_source(path, path.name, tmp_path)
    found = lookup.rows_at(source, "large", [1999, 0, 1234, 5000])
    assert [row.fields["prompt"] for row in found] == ["p1999", "p0", "p1234"]
    assert lookup.search(source, "large", "P1999") == [1999]
    assert len(lookup.search(source, "large", "c")) == lookup.MOST_HITS
    assert lookup.search(source, "large", "p12", [1, 12, 120]) == [12, 120]
