"""Problems: found, shown on real rows, accepted, undone; and the draft remembers all of it."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest

from lib import library
from tests.pages import road
from tests.pages.conftest import Visit
from tests.pages.test_data import upload

ROWS = [{"prompt": f"What is {n} + {n}?", "completion": f"It is {2 * n}."} for n in range(20)]


def lines(rows: list[dict[str, str]]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


def problems(visit: Visit, rows: list[dict[str, str]], name: str = "sums.jsonl") -> AppTest:
    at = upload(visit("data"), name, lines(rows))
    return show(at, "problems")


def show(at: AppTest, part: str) -> AppTest:
    at.segmented_control(key="data_view").set_value(part)
    return at.run()


def state(at: AppTest) -> dict[str, object]:
    return library.draft(at.query_params["draft"], "data") or {}


def test_a_clean_file_has_nothing_to_fix(visit: Visit) -> None:
    at = problems(visit, ROWS)
    assert not at.exception
    assert [shown.value for shown in at.success] == ["Nothing to fix."]
    assert "data_accept_all" not in {button.key for button in at.button}


def test_a_repeated_row_is_told_with_its_line_and_shown_before_and_after(visit: Visit) -> None:
    at = problems(visit, [*ROWS, ROWS[3]])
    assert "data_finding_duplicate_rows_accept" in {button.key for button in at.button}
    assert any("Line 21" in shown.value for shown in at.caption)
    assert any(ROWS[3]["completion"] in shown.value for shown in at.text)


def test_what_is_accepted_stands_in_the_draft_and_undoing_it_restores_the_very_bytes(visit: Visit) -> None:
    at = problems(visit, [*ROWS, ROWS[3]])
    before = state(at)["recipe"]
    at.button(key="data_finding_duplicate_rows_accept").click().run()
    assert state(at)["recipe"]["fixes"] == [{"code": "duplicate_rows", "settings": {}}]  # type: ignore[index]
    assert any("Examples: 20" in road.plain(shown.value) for shown in at.subheader)
    again = visit("data", draft=at.query_params["draft"])
    show(again, "problems")
    undo = next(button for button in again.button if str(button.key).startswith("data_undo_"))
    undo.click().run()
    assert not again.exception
    assert state(again)["recipe"] == before
    assert any("Examples: 21" in road.plain(shown.value) for shown in again.subheader)


def test_accepting_all_takes_every_suggested_fix(visit: Visit) -> None:
    rows = [{**row, "completion": f"{row['completion']} Write to me@example.org."} for row in ROWS]
    at = problems(visit, [*rows, rows[0]])
    at.button(key="data_accept_all").click().run()
    assert not at.exception
    codes = {fix["code"] for fix in state(at)["recipe"]["fixes"]}  # type: ignore[index]
    assert {"duplicate_rows", "redact"} <= codes
    at.button(key="data_save").click().run()
    (version,) = library.versions()
    saved = library.version_bytes(version.id).decode()
    assert "example.org" not in saved
    assert version.examples == 20


def test_a_separator_inside_prompts_offers_the_next_free_one(visit: Visit) -> None:
    at = upload(visit("data"), "sums.jsonl", lines(ROWS))
    at.text_input(key="data_separator").set_value("What").run()
    show(at, "problems")
    at.button(key="data_finding_separator_inside_accept").click().run()
    assert not at.exception
    assert at.text_input(key="data_separator").value == "\\s->"


def test_a_field_changed_by_hand_takes_its_fix_out_of_the_list(visit: Visit) -> None:
    at = upload(visit("data"), "sums.jsonl", lines(ROWS))
    at.text_input(key="data_separator").set_value("What").run()
    show(at, "problems")
    at.button(key="data_finding_separator_inside_accept").click().run()
    at.text_input(key="data_separator").set_value("==").run()
    assert state(at)["recipe"]["fixes"] == []  # type: ignore[index]


def test_a_broken_line_is_named_with_its_column(visit: Visit) -> None:
    at = upload(visit("data"), "sums.jsonl", lines(ROWS) + '\n{"prompt": oops}\n')
    show(at, "problems")
    assert not at.exception
    assert any(shown.value.startswith("Line 21, column 12") for shown in at.text)


def test_rows_of_a_problem_are_a_click_away(visit: Visit) -> None:
    at = problems(visit, [*ROWS, ROWS[3]])
    at.button(key="data_show_duplicate_rows").click().run()
    assert at.segmented_control(key="data_view").value == "rows"
    assert list(at.dataframe[-1].value["#line"]) == [21]


def test_text_of_a_row_never_becomes_markup_before_or_after(visit: Visit) -> None:
    rows = [{"prompt": f"{road.HOSTILE} {n}", "completion": f"{road.HOSTILE} {n} me@example.org"} for n in range(12)]
    at = problems(visit, [*rows, rows[0]])
    assert not at.exception
    shown = road.texts(at)
    for markup in ("![pixel](", "<img", "](http", ":material/home:", "http://x.example"):
        assert markup not in shown
