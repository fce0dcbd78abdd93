"""Results: curves of jobs and of any result file."""

from __future__ import annotations

import base64
from typing import Any

from lib import db, library
from lib.jobs import records
from lib.ui.results import again, job_facts, report, sources
from tests.pages import road
from tests.pages.conftest import Visit

CURRENT = (
    b"step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
    b"1,3.6,0.5,,\n2,2.1,0.6,2.4,0.55\n3,1.2,0.7,,\n"
)
LEGACY = (
    b"step,elapsed_tokens,elapsed_examples,training_loss,training_sequence_accuracy,training_token_accuracy\n"
    b"1,100,4,2.5,0.0,0.4\n2,200,8,1.5,0.1,0.6\n"
)


def keep(data: bytes, name: str = "result.csv") -> str:
    return library.save_upload(name, data).sha256


def test_with_nothing_to_draw_the_page_offers_an_upload(visit: Visit) -> None:
    at = visit("results")
    assert not at.exception
    assert at.expander(key="results_more").proto.expanded
    assert not at.get("vega_lite_chart")


def test_an_uploaded_file_is_charted_told_tabled_and_kept_in_the_address(visit: Visit) -> None:
    at = visit("results")
    at.file_uploader(key="results_upload").upload("mine.csv", CURRENT).run()
    assert not at.exception
    assert len(at.get("vega_lite_chart")) == 2
    assert [header.value for header in at.subheader] == ["mine\\.csv"]
    again = visit("results", file=at.query_params["file"])
    assert len(again.get("vega_lite_chart")) == 2
    assert not again.dataframe
    again.session_state[f"results_table_file:{at.query_params['file']}"] = True
    assert list(again.run().dataframe[0].value["train_loss"]) == [3.6, 2.1, 1.2]


def test_openais_base64_and_the_legacy_columns_are_read_too(visit: Visit) -> None:
    wrapped, legacy = keep(base64.b64encode(CURRENT), "wrapped.csv"), keep(LEGACY, "old.csv")
    at = visit("results", file=[wrapped, legacy])
    assert not at.exception
    assert len(at.subheader) == 2
    assert len(at.get("vega_lite_chart")) == 2


def test_two_jobs_lie_over_each_other(visit: Visit) -> None:
    version = road.stories()
    ids = [road.job(version, name="twin"), road.job(version, name="twin")]
    for job_id in ids:
        road.learn(job_id)
    at = visit("results", job=ids)
    assert not at.exception
    assert at.multiselect(key="results_shown").value == [f"job:{job_id}" for job_id in ids]
    assert {header.value for header in at.subheader} == {"What differs", "twin", "twin \\(2\\)"}


def test_only_the_settings_that_differ_are_tabled(visit: Visit) -> None:
    version = road.stories()
    ids = [road.job(version, name=f"e{n}", settings={"epochs": n, "seed": 42, "suffix": ""}) for n in (2, 4)]
    for job_id in ids:
        road.learn(job_id)
    table = visit("results", job=ids).dataframe[0].value
    assert table.to_dict("records") == [{"setting": "Epochs", "job 0": "2", "job 1": "4"}]


def test_a_job_is_drawn_along_tokens_and_time_and_what_is_guessed_is_said(visit: Visit) -> None:
    known = road.job(road.stories(), name="known", trained_tokens=6000)
    road.learn(known)
    at = visit("results", job=known, file=keep(CURRENT, "mine.csv"))
    at.segmented_control(key="results_axis").set_value("tokens").run()
    assert not at.exception
    assert "mine\\.csv is not drawn" in road.texts(at)
    assert "known: only the whole is known" in road.texts(at)
    at.toggle(key="results_clip").set_value(True).run()
    at.slider(key="results_window").set_value((50, 100)).run()
    assert not at.exception


def memorised(**values: Any) -> str:
    """Store a job whose validation loss rises from step 40 of 100."""
    job_id = road.job(road.stories(), status="succeeded", **values)
    with db.session() as opened:
        for step in range(1, 101):
            data = {"step": step, "train_loss": 3 / step}
            if step % 5 == 0:
                data["valid_loss"] = 1 + abs(step - 40) / 50
            opened.add(road.event(job_id, f"s{step}", "", type="metrics", data=data))
        kept = {"step": 40, "model": "ft:starter:x:ckpt-step-40"}
        opened.add(road.event(job_id, "kept", "", type="checkpoint", data=kept))
    return job_id


def test_the_coach_says_what_happened_with_its_numbers(visit: Visit) -> None:
    at = visit("results", job=memorised(settings={"epochs": 5}))
    said = road.plain(road.texts(at))
    assert "Validation loss rises from step 40 while training loss falls" in said
    assert "Averaged validation loss: 1.05 at step 40, 2.15 at step 100." in said
    assert "Nothing looks wrong" not in said
    (link,) = [link for link in at.get("page_link") if "checkpoint of step 40" in road.plain(link.proto.label)]
    assert "ckpt-step-40" in link.proto.query_string


def test_train_again_opens_the_form_with_the_jobs_settings_and_the_change(visit: Visit) -> None:
    asked = {"epochs": 5, "batch_size": "auto", "seed": 7, "validation_fraction": 0.2, "suffix": "tales"}
    at = visit("results", job=memorised(settings=asked))
    again = next(button for button in at.button if "2 epochs" in button.label)
    again.click().run()
    assert not at.exception
    (draft,) = library.drafts("train")
    assert at.query_params["draft"] == draft.id
    wanted = {"train_epochs": 2, "train_batch": None, "train_seed": 7, "train_split": 20, "train_suffix": "tales"}
    assert wanted.items() <= draft.state.items()


def test_a_launch_to_be_repeated_names_its_model_and_what_the_form_can_hold() -> None:
    job = records.get(memorised(settings={"validation_fraction": 0.13}, model="ft:x", connection="engine"))
    state = library.draft(again.draft(job, {"learning_rate_multiplier": 0.5}), "train")
    assert state is not None
    assert (state["train_model"], state["train_split"], state["train_rate"]) == ("engine/ft:x", 15, 0.5)


def test_a_file_has_advice_without_buttons(visit: Visit) -> None:
    rows = "".join(f"{n},{3 - n / 400}\n" for n in range(1, 200))
    at = visit("results", file=keep(f"step,train_loss\n{rows}".encode()))
    assert "learning rate is too low" in road.texts(at)
    assert not [button for button in at.button if "again" in button.label]


def test_the_checkpoints_of_a_job_are_marked(visit: Visit) -> None:
    job_id = road.job(road.stories(), status="succeeded")
    road.learn(job_id)
    with db.session() as opened:
        data = {"step": 8, "model": "ft:starter:x:ckpt-step-8"}
        opened.add(road.event(job_id, "ckpt", "kept", type="checkpoint", data=data))
    at = visit("results", job=job_id)
    assert not at.exception
    assert "diamond" in at.get("vega_lite_chart")[0].proto.spec


def test_the_newest_job_is_shown_at_first_and_put_into_the_address(visit: Visit) -> None:
    job_id = road.job(road.stories())
    road.learn(job_id)
    assert visit("results").query_params["job"] == job_id


def test_choosing_others_changes_the_address(visit: Visit) -> None:
    version = road.stories()
    first, second = road.job(version), road.job(version)
    at = visit("results", job=first)
    at.multiselect(key="results_shown").set_value([f"job:{second}"]).run()
    assert at.query_params["job"] == second
    at.multiselect(key="results_shown").set_value([]).run()
    assert not at.exception
    assert "job" not in at.query_params


def test_smoothing_and_the_logarithm_are_drawn(visit: Visit) -> None:
    at = visit("results", file=keep(CURRENT))
    plain = at.get("vega_lite_chart")[0].proto.spec
    at.slider(key="results_smoothing").set_value(0.5).run()
    at.toggle(key="results_log").set_value(True).run()
    assert not at.exception
    assert at.get("vega_lite_chart")[0].proto.spec != plain


def test_a_file_of_something_else_is_refused_with_its_columns_and_the_others_are_drawn(visit: Visit) -> None:
    at = visit("results", file=[keep(b"name,age\nAnn,3\n", "people.csv"), keep(CURRENT)])
    assert not at.exception
    assert len(at.error) == 1
    assert len(at.get("vega_lite_chart")) == 2


def test_foreign_text_is_never_markdown(visit: Visit) -> None:
    header = f'"{road.HOSTILE.replace(chr(34), "")}"'.encode()
    good = keep(b"step,train_loss," + header + b"\n1,2.0,1\n2,1.0,2\n", road.HOSTILE)
    bad = keep(header + b"\n1\n", road.HOSTILE + "2")
    job_id = road.job(road.stories(), name=road.HOSTILE)
    road.learn(job_id)
    at = visit("results", file=[good, bad], job=job_id)
    assert not at.exception
    shown = road.texts(at)
    assert "![pixel]" not in shown
    assert "<img" not in shown
    assert "](http" not in shown


def test_a_report_holds_the_jobs_data_recipe_settings_curves_and_recorded_answers() -> None:
    job_id = memorised(
        name=road.HOSTILE,
        settings={"epochs": 5, "validation_fraction": 0.1},
        estimate={"billed_tokens": 9000, "dollars": 1.5, "minutes": 3.0},
        trained_tokens=8000,
        finished_at=db.now(),
        tuned_model="ft:x",
        actual={"dollars": 1.25},
    )
    with db.session() as opened:
        archive = db.ArchiveRow(connection="engine", model="ft:x")
        opened.add(archive)
        opened.flush()
        asked = {"messages": [{"role": "user", "content": "<b>Who?</b>"}]}
        opened.add(db.RecordingRow(archive=archive.id, number=1, prompt=asked, answer="A fox."))
    job = records.get(job_id)
    table = sources.of_job(job).frame()
    page = report.maker(job, table, job_facts.course(job))().decode()
    assert "<img" not in page
    assert "&lt;img src=x onerror=" in page
    for text in (
        "stories v1",
        "stories.csv",
        "dynasty",
        "the model is memorising",
        "polyline",
        "A fox.",
        "&lt;b&gt;Who?",
    ):
        assert text in page
    assert "$1.50 estimated, $1.25 actual" in page
    assert "9,000 estimated, 8,000 actual" in page


def test_a_job_offers_its_report_and_a_file_does_not(visit: Visit) -> None:
    job_id = memorised()
    at = visit("results", job=job_id, file=keep(CURRENT, "mine.csv"))
    assert [button.proto.label for button in at.get("download_button")].count("Download the report") == 1
