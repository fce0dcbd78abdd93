"""Data: from a file to a dataset version, and nothing lost on the way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib import library
from lib.datasets import jsonl
from lib.datasets.samples import SAMPLES
from lib.ui.data import panes, view
from tests.pages import road
from tests.pages.conftest import Visit

QUESTIONS = "prompt,completion\n" + "".join(f"What is {n} + {n}?,It is {2 * n}.\n" for n in range(12))


def upload(at: AppTest, name: str, content: str | bytes) -> AppTest:
    at.file_uploader[0].upload(name, content.encode() if isinstance(content, str) else content)
    return at.run()


def alerts(at: AppTest) -> str:
    return (
        "\n".join(f"{alert.proto.title}\n{alert.value}" for alert in at.error).replace("\\", "").replace("\u2060", "")
    )


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
def test_with_nothing_chosen_there_is_an_upload_and_every_sample_with_its_lesson(visit: Visit, lang: str) -> None:
    at = visit("data", lang)
    assert not at.exception
    assert len(at.file_uploader) == 1
    assert {b.key for b in at.button if str(b.key).startswith("data_sample_")} == {
        f"data_sample_{sample.key}" for sample in SAMPLES
    }
    assert not at.dataframe


def test_an_uploaded_file_is_stored_at_once_and_its_draft_stands_in_the_address(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    assert not at.exception
    state = library.draft(at.query_params["draft"], "data")
    assert state is not None
    assert library.read_file(state["sha256"]) == QUESTIONS.encode()


def test_roles_are_guessed_and_shown_as_guessed_on_top_of_their_columns(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    roles = [at.selectbox(key=f"data_role_{column}") for column in (0, 1)]
    assert [role.value for role in roles] == ["prompt", "completion"]
    assert [role.label for role in roles] == ["Role of prompt", "Role of completion"]
    assert "Prompt (guessed)" in roles[0].options
    assert list(at.dataframe[0].value.columns) == ["prompt", "completion"]


def test_one_click_makes_one_version_and_a_second_click_makes_no_other(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    draft = at.query_params["draft"]
    at.button(key="data_save").click().run()
    again = visit("data", draft=draft)
    assert not again.exception
    (version,) = library.versions()
    assert (version.label, version.examples, version.source_name) == ("sums v1", 12, "sums.csv")
    assert [b.key for b in again.button if b.proto.type == "primary"] == ["data_train"]
    library.save_version(
        "sums", version.recipe, [r for _n, r in jsonl.read(library.version_bytes(version.id))], *sources()
    )
    assert len(library.versions()) == 1


def sources() -> list[library.Upload]:
    return [library.save_upload("sums.csv", QUESTIONS.encode())]


def test_the_saved_version_leads_to_training_on_it(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    at.button(key="data_save").click().run()
    at.button(key="data_train").click().run()
    assert not at.exception
    assert at.query_params["version"] == library.versions()[0].id


def test_another_visit_finds_the_draft_as_it_was_left(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    at.text_input(key="data_separator").set_value("\\n\\n=>").run()
    at.selectbox(key="data_role_0").select("ignore").run()
    again = visit("data", draft=at.query_params["draft"])
    assert again.text_input(key="data_separator").value == "\\n\\n=>"
    assert again.selectbox(key="data_role_0").value == "ignore"


def test_a_separator_with_a_line_end_is_trained_as_one(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    at.text_input(key="data_separator").set_value("\\n\\n=>").run()
    at.button(key="data_save").click().run()
    first = json.loads(library.version_bytes(library.versions()[0].id).split(b"\n")[0])
    assert first["prompt"] == "What is 0 + 0?\n\n=>"


def test_chat_messages_are_made_of_the_same_columns(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    at.radio(key="data_format").set_value("chat").run()
    assert [at.selectbox(key=f"data_role_{column}").value for column in (0, 1)] == ["user", "assistant"]
    at.text_area(key="data_system").set_value("Be brief.").run()
    at.button(key="data_save").click().run()
    first = json.loads(library.version_bytes(library.versions()[0].id).split(b"\n")[0])
    assert [m["content"] for m in first["messages"]] == ["Be brief.", "What is 0 + 0?", "It is 0."]


def test_the_examples_can_be_seen_exactly_as_they_are_written(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    at.toggle(key="data_as_jsonl").set_value(True).run()
    shown = json.loads(at.code[0].value)
    at.button(key="data_save").click().run()
    assert shown == json.loads(library.version_bytes(library.versions()[0].id).split(b"\n")[0])


def test_fewer_than_ten_examples_are_refused_with_the_count(visit: Visit) -> None:
    at = upload(visit("data"), "few.csv", "prompt,completion\na,b\nc,d\n")
    assert re.search(r"few\.csv .*\b2\b.*\b10\b", alerts(at))
    assert "data_save" not in {b.key for b in at.button}


@pytest.mark.parametrize(
    ("name", "content"),
    [("nothing.csv", b""), ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256))), ("broken.json", b'{"a": [1,')],
)
def test_a_file_that_cannot_be_read_is_named_and_kept(visit: Visit, name: str, content: bytes) -> None:
    at = upload(visit("data"), name, content)
    assert not at.exception
    assert name in alerts(at)
    assert library.drafts("data")[0].state["name"] == name


def test_a_name_with_a_path_in_it_stays_a_name(visit: Visit, home: Path) -> None:
    at = upload(visit("data"), "../../../escape.csv", QUESTIONS)
    assert not at.exception
    assert at.text_input(key="data_name").value == "escape"
    assert not list(home.parent.parent.rglob("escape*"))


def test_text_of_a_file_never_becomes_markup(visit: Visit) -> None:
    rows = "".join(
        f'"{road.HOSTILE.replace(chr(34), chr(34) * 2)} {n}","{road.HOSTILE.replace(chr(34), "")}"\n' for n in range(12)
    )
    at = upload(
        visit("data"), f"{road.HOSTILE[-20:]}.csv", f'"prompt ![pixel](http://x.example/y.png)",completion\n{rows}'
    )
    assert not at.exception
    shown = road.texts(at)
    for markup in ("![pixel](", "<img", "](http", ":material/home:", "http://x.example"):
        assert markup not in shown


def test_reading_a_file_differently_starts_its_recipe_anew(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS.replace(",", ";"))
    at.selectbox(key="data_delimiter").select(",").run()
    assert not at.exception
    assert library.draft(at.query_params["draft"], "data")["delimiter"] == ","  # type: ignore[index]
    at.selectbox(key="data_delimiter").select(";").run()
    assert [at.selectbox(key=f"data_role_{column}").value for column in (0, 1)] == ["prompt", "completion"]


def test_another_file_can_be_chosen_and_the_first_is_offered_again(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    draft = at.query_params["draft"]
    at.button(key="data_another").click().run()
    assert not at.exception
    assert len(at.file_uploader) == 1
    assert "draft" not in at.query_params
    at.button(key=f"data_draft_{draft}").click().run()
    assert at.query_params["draft"] == draft
    assert at.selectbox(key="data_role_0").value == "prompt"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.key)
def test_every_sample_becomes_a_version_without_a_change(visit: Visit, sample: object) -> None:
    at = visit("data")
    at.button(key=f"data_sample_{sample.key}").click().run()  # type: ignore[attr-defined]
    assert not at.exception
    at.button(key="data_save").click().run()
    (version,) = library.versions()
    assert version.examples >= 50


def test_conversations_can_be_trained_as_prompts_when_they_are_one_question_each(visit: Visit) -> None:
    at = visit("data")
    at.button(key="data_sample_sarcastic_facts").click().run()
    assert at.selectbox(key="data_role_0").value == "messages"
    at.radio(key="data_format").set_value("completion").run()
    assert not at.exception
    assert at.text_input(key="data_separator").value == "\\s->"
    at.button(key="data_save").click().run()
    first = json.loads(library.version_bytes(library.versions()[0].id).split(b"\n")[0])
    assert first["prompt"].endswith(" ->")


def test_with_every_column_ignored_the_page_says_so_and_stays(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    at.selectbox(key="data_role_0").select("ignore")
    at.selectbox(key="data_role_1").select("ignore").run()
    assert not at.exception
    assert "sums.csv" in alerts(at)
    at.radio(key="data_format").set_value("chat").run()
    assert not at.exception
    at.selectbox(key="data_role_1").select("assistant").run()
    assert not at.error


def test_a_first_row_can_be_taken_as_data(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    at.selectbox(key="data_header").select("no").run()
    assert not at.exception
    assert list(at.dataframe[-1].value.iloc[0]) == ["prompt", "completion"]


def test_a_system_text_that_all_conversations_share_goes_into_the_recipe(visit: Visit) -> None:
    at = visit("data")
    at.button(key="data_sample_sarcastic_facts").click().run()
    at.button(key="data_save").click().run()
    (version,) = library.versions()
    first = json.loads(library.version_bytes(version.id).split(b"\n")[0])
    assert version.recipe.system_prompt == first["messages"][0]["content"]
    assert [message["role"] for message in first["messages"]] == ["system", "user", "assistant"]


def test_the_mark_around_cells_and_a_header_of_two_rows_can_be_chosen(visit: Visit) -> None:
    quoted = "prompt,completion\n(in),(out)\n" + "".join(f"'a, {n}',b {n}\n" for n in range(12))
    at = upload(visit("data"), "quoted.csv", quoted)
    at.selectbox(key="data_quote").select("single").run()
    at.selectbox(key="data_header").select("2").run()
    assert not at.exception
    preview = next(frame.value for frame in at.dataframe if len(frame.value) == 6)
    assert list(preview.iloc[0]) == ["a, 0", "b 0"]


def test_a_file_without_texts_can_still_be_used_by_choosing_its_columns(visit: Visit) -> None:
    at = upload(visit("data"), "numbers.csv", "a,b\n" + "".join(f"{n},{n * n}\n" for n in range(20)))
    assert "numbers.csv" in alerts(at)
    at.selectbox(key="data_role_0").select("prompt").run()
    at.selectbox(key="data_role_1").select("completion").run()
    assert not at.exception
    assert not at.error
    at.button(key="data_save").click().run()
    assert library.versions()[0].examples == 20


def test_a_result_file_is_pointed_to_its_page(visit: Visit) -> None:
    rows = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,2.5,0.4,,\n2,2.1,0.5,,\n"
    at = upload(visit("data"), "step_metrics.csv", rows)
    assert "step_metrics.csv" in alerts(at)
    assert any("results" in str(link.proto) for link in at.get("page_link"))


def test_a_long_example_scrolls_in_its_pane_and_a_short_one_takes_the_room_it_needs(visit: Visit) -> None:
    long = QUESTIONS + '"Tell it all.","' + "A line of the story.\n" * 200 + '"\n'
    at = upload(visit("data"), "long.csv", long)
    assert panes_of(at) == set()
    at.number_input(key="data_example").set_value(13).run()
    assert panes_of(at) == {panes.TALLEST}


def panes_of(at: AppTest) -> set[int]:
    """Return the heights in pixels of the boxes that have one."""
    return {box.proto.height_config.pixel_height for box in at.container if box.proto} - {0}


def test_the_saving_stays_in_reach_in_every_part_of_the_page(visit: Visit) -> None:
    at = upload(visit("data"), "sums.csv", QUESTIONS)
    for part in view.VIEWS:
        at.segmented_control(key=view.KEY).set_value(part).run()
        assert not at.exception
        assert "data_save" not in {button.key for button in at.main.button}
        assert "data_save" in {button.key for button in at.button}


def test_too_few_examples_are_told_once_also_where_the_problems_are_listed(visit: Visit) -> None:
    at = upload(visit("data"), "few.csv", "prompt,completion\na,b\nc,d\n")
    assert alerts(at).count("too few") == 1
    at.segmented_control(key=view.KEY).set_value("problems").run()
    assert road.plain(road.texts(at)).count("too few") == 1
    assert "data_save" not in {button.key for button in at.button}
