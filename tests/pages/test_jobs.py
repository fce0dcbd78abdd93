"""Jobs: the table, and one job as it learns."""

from __future__ import annotations

from lib import db
from lib.jobs import records
from lib.providers.errors import EngineDown, Refused
from tests.pages import road
from tests.pages.conftest import Visit


def test_with_no_job_the_page_leads_to_training(visit: Visit) -> None:
    at = visit("jobs")
    assert not at.exception
    assert not at.dataframe
    assert [link.value for link in at.page_link] == ["Train a model"]


def test_the_table_shows_every_job_newest_first(visit: Visit) -> None:
    version = road.stories()
    road.job(version, name="first", created_at=db.now() - 100)
    road.job(version, name="second", status="succeeded")
    table = visit("jobs").dataframe[0].value
    assert list(table["name"]) == ["second", "first"]
    assert list(table["status"]) == [["Succeeded"], ["In training"]]
    assert list(table["dataset"]) == ["stories v1", "stories v1"]


def test_a_status_nobody_knows_is_shown_as_it_is(visit: Visit) -> None:
    job_id = road.job(road.stories(), status="paused_for_review")
    assert list(visit("jobs").dataframe[0].value["status"]) == [["paused_for_review"]]
    assert any("paused\\_for\\_review" in element.value for element in visit("jobs", job=job_id).markdown)


def test_a_live_job_shows_its_step_numbers_curves_and_log(visit: Visit) -> None:
    job_id = road.job(road.stories())
    road.tell(job_id, "Fine-tuning job started")
    road.learn(job_id)
    at = visit("jobs", job=job_id)
    assert not at.exception
    assert "Step 12 of 40" in at.progress[0].text.replace("\\", "")
    assert [metric.label for metric in at.metric][:2] == ["Training loss", "Validation loss"]
    assert len(at.get("vega_lite_chart")) == 2
    assert at.dataframe[0].value["message"].tolist() == ["Fine-tuning job started"], "steps are drawn, not listed"
    assert at.button(key="jobs_cancel").label == "Cancel"
    at.button(key="jobs_all").click().run()
    assert "job" not in at.query_params
    assert list(at.dataframe[0].value["name"]) == ["My stories"]


def test_a_finished_job_leads_on_to_its_results_and_the_playground(visit: Visit) -> None:
    job_id = road.job(road.stories(), status="succeeded", tuned_model="ft:starter:x", finished_at=db.now())
    at = visit("jobs", job=job_id)
    assert not at.exception
    assert {"Results", "Talk to the model"} <= {link.value for link in at.page_link}
    assert "jobs_cancel" not in [button.key for button in at.button]


def test_cancelling_asks_first_and_then_records_the_wish(visit: Visit) -> None:
    job_id = road.job(road.stories())
    at = visit("jobs", job=job_id)
    at.button(key="jobs_cancel").click().run()
    assert records.get(job_id).cancel_requested_at is None
    at.button(key="jobs_cancel_yes").click().run()
    assert records.get(job_id).cancel_requested_at is not None
    assert at.button(key="jobs_cancel").disabled


def test_a_running_job_is_paused_with_one_click_and_a_paused_one_goes_on(visit: Visit) -> None:
    job_id = road.job(road.stories())
    at = visit("jobs", job=job_id)
    at.button(key="jobs_pause").click().run()
    assert records.get(job_id).wish == "pause"
    assert (at.button(key="jobs_pause").label, at.button(key="jobs_pause").disabled) == ("Pausing", True)
    paused = visit("jobs", job=road.job(road.stories(), status="paused"))
    assert paused.button(key="jobs_pause").label == "Resume"


def test_a_waiting_job_tells_its_place_in_the_queue(visit: Visit) -> None:
    waiting = road.job(road.stories(), status="queued", queue={"position": 3, "starts_at": db.now() + 600})
    told = [caption.value for caption in visit("jobs", job=waiting).caption]
    assert "Number 3 in the queue. Starts in about 10 min." in told


def test_a_failed_job_says_what_happened_and_what_to_do(visit: Visit) -> None:
    error = Refused(service="OpenAI", detail=road.HOSTILE).to_json()
    at = visit("jobs", job=road.job(road.stories(), status="failed", error=error))
    assert not at.exception
    assert len(at.error) == 1
    assert "![" not in road.texts(at)


def test_while_the_engine_is_down_the_last_picture_stays_with_its_time(visit: Visit) -> None:
    problem = EngineDown(service="engine", detail="starting").to_json()
    job_id = road.job(road.stories(), problem=problem, checked_at=db.now() - 30)
    road.learn(job_id)
    at = visit("jobs", job=job_id)
    assert not at.exception
    assert "Shown as of" in at.warning[0].value
    assert at.metric


def test_an_unknown_id_says_so_and_shows_the_table(visit: Visit) -> None:
    road.job(road.stories())
    at = visit("jobs", job="nothing")
    assert len(at.warning) == 1
    assert len(at.dataframe) == 1


def test_foreign_text_is_never_markdown(visit: Visit) -> None:
    version = road.stories(name=road.HOSTILE)
    job_id = road.job(version, name=road.HOSTILE, tuned_model=road.HOSTILE, status=road.HOSTILE)
    road.tell(job_id, road.HOSTILE)
    for at in (visit("jobs"), visit("jobs", job=job_id)):
        assert not at.exception
        shown = road.texts(at)
        assert "![pixel]" not in shown
        assert "<img" not in shown
        assert "](http" not in shown
    assert at.dataframe[0].value["message"][0] == road.HOSTILE
