"""Tokens, prices, services, the recipe as a file, a second file, and files too large to look at at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib import library
from lib.pricing.tokens import TokenCount, count
from lib.ui.data import amounts, outcome, prices_view, progress, recipe_file
from lib.workbench import background
from tests.pages import road
from tests.pages.conftest import Visit
from tests.pages.test_data import alerts, upload
from tests.pages.test_data_problems import lines, show, state

CHATS = [
    {
        "messages": [
            {"role": "user", "content": f"What is {n} + {n}?"},
            {"role": "assistant", "content": f"It is {2 * n}."},
        ]
    }
    for n in range(30)
]


def chats(visit: Visit, part: str = "tokens") -> AppTest:
    return show(upload(visit("data"), "sums.jsonl", "\n".join(map(json.dumps, CHATS))), part)


def test_tokens_are_those_of_the_chosen_model(visit: Visit) -> None:
    at = chats(visit)
    assert not at.exception
    expected = count(CHATS, "gpt-4.1-2025-04-14")
    assert at.metric[0].value == str(expected.total)
    at.selectbox(key="data_model").select("engine:starter").run()
    assert at.metric[0].value == f"{count(CHATS, 'starter', 'engine').total:,}"
    assert state(at)["model"] == "engine:starter"


def test_prices_stand_side_by_side_with_their_source_and_day(visit: Visit) -> None:
    at = chats(visit)
    table = next(frame.value for frame in at.dataframe if "price" in frame.value)
    openai = table[table["model"] == "GPT-4.1"].iloc[0]
    assert openai["price"] == 25.0
    assert openai["source"].startswith("https://")
    assert openai["cost"].startswith("$")


def test_a_price_of_ones_own_counts_and_is_kept(visit: Visit) -> None:
    at = chats(visit)
    table = next(frame.value for frame in at.dataframe if "price" in frame.value)
    draft = at.query_params["draft"]
    library.save_draft(draft, "data", {**state(at), "prices": {"openai:gpt-4.1-2025-04-14": 50.0}})
    again = show(visit("data", draft=draft), "tokens")
    table = next(frame.value for frame in again.dataframe if "price" in frame.value)
    assert table[table["model"] == "GPT-4.1"].iloc[0]["price"] == 50.0


def test_a_typed_price_replaces_the_catalogues_until_it_is_emptied() -> None:
    prices = prices_view.with_edits({}, ["a:1", "b:2"], {1: {"price": 7}})
    assert prices == {"b:2": 7.0}
    assert prices_view.with_edits(prices, ["a:1", "b:2"], {1: {"price": None}}) == {}
    assert prices_view.with_edits(prices, ["a:1", "b:2"], {0: {"model": "x"}}) == prices


def test_the_break_even_says_after_how_many_calls(visit: Visit) -> None:
    at = chats(visit)
    at.number_input(key="data_even_long").set_value(3000).run()
    assert not at.exception
    assert any("Calls until it has paid for itself" in shown.value for shown in at.markdown)
    at.number_input(key="data_even_long").set_value(1).run()
    assert any("never pays" in shown.value for shown in at.markdown)


def test_every_service_says_yes_or_no_with_the_reason(visit: Visit) -> None:
    at = chats(visit, "services")
    assert not at.exception
    labels = [road.plain(box.label) for box in at.expander]
    assert any("OpenAI" in label and "check_circle" in label for label in labels)
    few = show(upload(visit("data"), "few.jsonl", "\n".join(map(json.dumps, CHATS[:9]))), "services")
    assert any("OpenAI" in road.plain(box.label) and "cancel" in box.label for box in few.expander)


def test_the_file_for_a_service_and_the_table_for_people_are_written_on_a_click(visit: Visit) -> None:
    at = chats(visit, "services")
    keys = {button.key for button in at.get("download_button")}
    assert {"data_export_openai:gpt-4.1-2025-04-14", "data_export_table"} <= keys


def test_an_example_is_shown_as_the_model_reads_it(visit: Visit) -> None:
    at = chats(visit, "examples")
    drawn = [road.plain(shown.value) for shown in at.markdown]
    assert any(":violet-background[:violet[<|im_start|>]]" in text for text in drawn)
    assert any(":green-background[:green[It is 0.]]" in text for text in drawn)
    assert any(":gray-background[What is 0 + 0?]" in text for text in drawn)


def test_examples_are_browsed_one_by_one_and_by_number(visit: Visit) -> None:
    at = chats(visit, "examples")
    at.button(key="data_next").click().run()
    assert at.number_input(key="data_example").value == 2
    at.number_input(key="data_example").set_value(30).run()
    assert "It is 58." in [shown.value for shown in at.text]
    assert at.button(key="data_next").disabled


def test_a_recipe_goes_to_another_file_through_its_own_file(visit: Visit) -> None:
    at = upload(visit("data"), "a.csv", "ask,tell\n" + "".join(f"q{n},a{n}\n" for n in range(20)))
    at.text_input(key="data_separator").set_value("==").run()
    written = recipe_file.written(state(at))
    other = upload(visit("data"), "b.csv", "ask,tell\n" + "".join(f"x{n},y{n}\n" for n in range(20)))
    next(box for box in other.file_uploader if box.key == recipe_file.KEY).upload("r.json", written.encode())
    other.run()
    assert not other.exception
    assert other.text_input(key="data_separator").value == "=="
    assert state(other)["recipe"] == state(at)["recipe"]


@pytest.mark.parametrize("text", ["{", "[]", '{"roles": {"other": "prompt"}}', '{"roles": 7}', '{"fixes": [{}]}'])
def test_what_is_no_recipe_for_the_file_is_refused(text: str) -> None:
    with pytest.raises(recipe_file.UnusableRecipe):
        recipe_file.read(text.encode(), "r.json", ["ask", "tell"])


def test_a_recipe_with_an_unknown_fix_is_refused() -> None:
    record = {"roles": {"ask": "prompt"}, "fixes": [{"code": "shuffle", "settings": {}}]}
    with pytest.raises(recipe_file.UnusableRecipe, match="shuffle"):
        recipe_file.read(json.dumps(record).encode(), "r.json", ["ask"])


def test_a_validation_file_that_asks_the_same_is_a_leak(visit: Visit) -> None:
    at = chats(visit, "problems")
    valid = "\n".join(map(json.dumps, CHATS[:2]))
    next(box for box in at.file_uploader if box.key == "data_validation_upload").upload("valid.jsonl", valid.encode())
    at.run()
    assert not at.exception
    assert any("ask what the validation file asks too: 2 of 30" in road.plain(shown.value) for shown in at.markdown)
    at.button(key="data_finding_validation_leak_accept").click().run()
    at.button(key="data_save").click().run()
    versions = {version.dataset: version for version in library.versions()}
    assert versions["sums"].examples == 28
    assert versions["sums validation"].examples == 2


def test_a_template_builds_the_prompt_and_a_wrong_one_is_explained(visit: Visit) -> None:
    at = upload(visit("data"), "a.csv", "who,ask,tell\n" + "".join(f"w{n},q{n},a{n}\n" for n in range(20)))
    at.text_input(key="data_template").set_value("{who}: {ask}").run()
    assert not at.exception
    assert "w0: q0" in [shown.value for shown in at.code]
    at.text_input(key="data_template").set_value("{nobody}").run()
    assert "nobody" in alerts(at)
    assert state(at)["recipe"]["prompt_template"] == "{who}: {ask}"  # type: ignore[index]


def test_a_sample_tells_about_how_many_tokens_with_a_band() -> None:
    found = TokenCount(prompt=5000, completion=5000)
    found.per_example.extend([90, 110] * 50)
    assert amounts.told(found, 1.0) == "10,000"
    told = amounts.told(found, 0.01)
    assert told.startswith("about 1 M ±")


@pytest.mark.parametrize(("value", "told"), [(999, "999"), (1200, "1.2 K"), (1_234_567, "1.2 M"), (432e6, "432 M")])
def test_large_numbers_are_said_shortly(value: float, told: str) -> None:
    assert amounts.rounded(value) == told


def test_a_large_file_is_told_from_a_sample_at_once_and_looked_at_in_the_background(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "AT_ONCE", 1000)
    monkeypatch.setattr(outcome, "SAMPLE_BYTES", 500)
    begun: list[background.Spec] = []
    monkeypatch.setattr(background, "start", lambda spec: begun.append(spec) or spec.key)
    monkeypatch.setattr(background, "state", lambda _key: background.Running(0.4) if begun else background.Gone())
    stopped: list[str] = []
    monkeypatch.setattr(background, "cancel", lambda key: begun.clear() or stopped.append(key))
    at = chats(visit, "examples")
    assert not at.exception
    assert {spec.what for spec in begun} == {"survey"}
    assert any("about" in road.plain(shown.value) for shown in at.subheader)
    at.button(key="data_stop_survey").click().run()
    assert stopped
    assert begun == []
    assert "data_again_survey" in {button.key for button in at.button}
    assert progress.STOPPED in at.session_state


def test_over_long_examples_are_listed(visit: Visit, tmp_path: Path) -> None:
    long = {"prompt": "word " * 70_000, "completion": "end"}
    rows = [{"prompt": f"What is {n}?", "completion": f"It is {n}."} for n in range(20)]
    at = show(upload(visit("data"), "long.jsonl", lines([*rows, long])), "tokens")
    assert not at.exception
    at.button(key="data_show_over_limit").click().run()
    assert list(at.dataframe[-1].value["#line"]) == [21]
