"""Jobs: found among many, written on, hidden and shown again, and added up."""

from __future__ import annotations

import csv
import io

from lib import db
from lib.jobs import ledger as sums
from lib.jobs import records
from lib.jobs.listing import summaries
from lib.ui.jobs import ledger
from tests.pages import road
from tests.pages.conftest import Visit


def names(at: object) -> list[str]:
    return list(at.dataframe[0].value["name"])  # type: ignore[attr-defined]


def test_the_table_is_searched_and_filtered(visit: Visit) -> None:
    version = road.stories()
    road.job(version, name="Tang stories", status="succeeded", tags=["blue"], created_at=db.now() - 9)
    road.job(version, name="Song stories", notes="for the museum")
    at = visit("jobs")
    assert names(at) == ["Song stories", "Tang stories"]
    assert names(at.text_input(key="jobs_search").set_value("MUSEUM song").run()) == ["Song stories"]
    at.text_input(key="jobs_search").set_value("")
    assert names(at.selectbox(key="jobs_stands").set_value("succeeded").run()) == ["Tang stories"]
    at.selectbox(key="jobs_stands").set_value(None)
    assert names(at.multiselect(key="jobs_tags").set_value(["blue"]).run()) == ["Tang stories"]


def test_what_is_written_on_a_job_is_kept_at_once(visit: Visit) -> None:
    job_id = road.job(road.stories())
    at = visit("jobs", job=job_id)
    at.text_input(key=f"jobs_desk_name_{job_id}").set_value(road.HOSTILE).run()
    at.text_input(key=f"jobs_desk_project_{job_id}").set_value("museum").run()
    at.text_area(key=f"jobs_desk_notes_{job_id}").set_value("try\nagain").run()
    assert not at.exception
    assert "![pixel]" not in road.texts(at)
    job = records.get(job_id)
    assert (job.name, job.project, job.notes) == (road.HOSTILE, "museum", "try\nagain")


def test_a_hidden_job_leaves_the_table_and_comes_back(visit: Visit) -> None:
    version = road.stories()
    road.job(version, name="stays", created_at=db.now() - 9)
    at = visit("jobs", job=road.job(version, name="goes"))
    at.button(key="jobs_hide").click().run()
    assert not at.exception
    assert names(at) == ["stays"]
    assert names(at.toggle(key="jobs_hidden").set_value(True).run()) == ["goes", "stays"]
    at.button(key="jobs_unhide").click().run()
    assert names(at) == ["goes", "stays"]
    assert "jobs_unhide" not in [button.key for button in at.button]


def test_estimated_and_actual_stand_side_by_side(visit: Visit) -> None:
    estimate = {"billed_tokens": 12_000, "dollars": 0.3, "minutes": None}
    job_id = road.job(road.stories(), status="succeeded", estimate=estimate, actual={"tokens": 11_500, "minutes": 2.5})
    table = next(t.value for t in visit("jobs", job=job_id).dataframe if "estimated" in t.value)
    assert table["estimated"].tolist()[:2] == ["12,000", "$0.30"]
    assert table["actual"].tolist()[0] == "11,500"
    assert table["actual"].tolist()[2] == "2 min 30 sec"


def test_the_ledger_shows_sums_and_its_csv_runs_no_formula(visit: Visit) -> None:
    road.job(
        road.stories(), status="succeeded", project="=HYPERLINK(1)", estimate={"dollars": 2.0}, actual={"dollars": 1.5}
    )
    at = visit("jobs")
    at.button_group(key="jobs_view").set_value("ledger").run()
    assert not at.exception
    table = at.dataframe[0].value
    assert (table["estimated_dollars"][0], table["dollars"][0]) == (2.0, 1.5)
    rows = list(
        csv.DictReader(io.StringIO(ledger.as_csv(sums.ledger(summaries(with_figures=True))).decode("utf-8-sig")))
    )
    assert (rows[0]["project"], rows[0]["dollars"], rows[0]["minutes"]) == ("'=HYPERLINK(1)", "1.5", "")
