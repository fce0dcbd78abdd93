"""One story, told at every service: upload, launch, events, results, checkpoints, pause, cancel, delete, an answer."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lib.inference import cold
from lib.inference.answer import Answer, Sampling, stream
from lib.inference.prompting import Prepared
from lib.jobs import track
from lib.jobs.records import checkpoints, events, get, metrics, result_bytes
from lib.jobs.wishes import Wish, request, request_cancel
from lib.jobs.worker import Worker
from lib.providers import backend
from lib.providers.provider import PROVIDERS
from lib.results.metrics import parse_result_file
from tests.fake_dialect import Refusal
from tests.jobs.conftest import created, ended, hurry, work
from tests.providers.contract.conftest import There
from tests.providers.fakes import DIALECTS

ASKED: dict[str, Any] = {"epochs": 2, "learning_rate_multiplier": 2.0, "suffix": "tale.of-three.kingdoms", "seed": 7}

everywhere = pytest.mark.parametrize("there", DIALECTS, indirect=True)
charted = pytest.mark.parametrize("there", [id for id in DIALECTS if id not in {"compatible", "nebius"}], indirect=True)
YES = b'data: {"id": "c", "choices": [{"index": 0, "text": "Yes", "finish_reason": "stop"}]}\n\n'


def closed(job: Any) -> bool:
    return job.closed


@everywhere
def test_a_launch_is_two_files_and_one_job_in_the_words_of_the_service(there: There) -> None:
    job = work(there.launch(**ASKED).id, Worker(), created)
    assert job.status == "queued"
    sent = there.service.contents[job.training_file or ""]
    assert sent.removeprefix(b"\xef\xbb\xbf").startswith(b'{"prompt": "0 ->"')
    assert (len(there.service.files), len(there.service.jobs)) == (2, 1)


@everywhere
@pytest.mark.parametrize("path", ["^/v1/files", "jobs$|fine-tunes$"])
def test_an_answer_that_is_lost_leaves_no_second_file_or_job(there: There, path: str) -> None:
    there.service.fault("POST", path, reset=True, after=True)
    work(there.launch(**ASKED).id, Worker(), created)
    assert (len(there.service.files), len(there.service.jobs)) == (2, 1)


@everywhere
def test_events_are_kept_once_and_in_order(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "_PAGE", 3)
    job = work(there.launch(**ASKED).id, Worker(), created)
    there.service.jobs[0]["status"] = "running"
    for step in range(1, 8):
        told = {"step": step, "total_steps": 8, "train_loss": 1 / step}
        there.service.tell(type="metrics", message=f"Step {step}", created_at=1_700_000_000 + step // 3, data=told)
        if step % 3 == 0:
            hurry(job.id)
            Worker().run_once()
    job = work(job.id, Worker(), lambda job: job.status == "running")
    hurry(job.id)
    Worker().run_once()
    newest_first = [event.message for event in events(job.id) if event.source == "backend"]
    assert newest_first == [f"Step {step}" for step in range(7, 0, -1)]
    assert [row["step"] for row in metrics(job.id)] == ([] if there.provider == "together" else list(range(1, 8)))


@everywhere
def test_a_job_that_ends_leaves_its_model_and_its_checkpoints(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    there.service.checkpoints = [
        {"id": "ck-2", "step_number": 2, "fine_tuned_model_checkpoint": "ft:starter:ckpt-2", "step": 2, "path": "two"},
        {"id": "ck-1", "step_number": 1, "metrics": {"step": 1, "train_loss": 2.5}, "step": 1, "path": "one"},
    ]
    job = work(there.launch(**ASKED).id, Worker(), created)
    there.service.finish()
    if there.provider == "compatible":
        monkeypatch.setattr(track, "LATE_SECONDS", 0.0)  # its result files never come
    job = work(job.id, Worker(), closed)
    assert (job.status, job.tuned_model) == ("succeeded", f"ft:starter:{job.remote_id}")
    assert [kept.step for kept in checkpoints(job.id)] == [1, 2]


@charted
def test_the_metrics_of_a_job_that_ended_are_a_table(there: There) -> None:
    job = work(there.launch(**ASKED).id, Worker(), created)
    there.service.finish()
    table = parse_result_file(result_bytes(work(job.id, Worker(), closed)) or b"")
    assert table["train_loss"].iloc[0] == 2.5
    if there.provider in {"azure", "together"}:
        assert table["valid_loss"].isna().tolist() == [True, False]


@pytest.mark.parametrize("there", ["nebius"], indirect=True)
def test_weights_are_not_fetched_and_metrics_come_with_the_checkpoints(there: There) -> None:
    there.service.checkpoints = [
        {"id": f"ck-{step}", "step_number": step, "metrics": {"step": step, "train_loss": 3 - step / 2}}
        for step in (2, 1)
    ]
    job = work(there.launch(**ASKED).id, Worker(), created)
    there.service.finish()
    table = parse_result_file(result_bytes(work(job.id, Worker(), closed)) or b"")
    assert table["train_loss"].tolist() == [2.5, 2.0]
    assert there.service.count("GET", "/content$") == 0


@everywhere
def test_a_job_is_paused_and_goes_on_where_that_is_offered_and_else_the_refusal_is_told(there: There) -> None:
    job = work(there.launch(**ASKED).id, Worker(), created)
    there.service.jobs[0]["status"] = "running"
    request(job.id, Wish.PAUSE)
    job = work(job.id, Worker(), lambda job: job.wish is None)
    if not PROVIDERS[there.provider].pausable:
        assert any(event.level == "warn" for event in events(job.id))
        return
    if there.provider == "openai":
        assert job.status == "pausing"
    assert work(job.id, Worker(), lambda job: job.status == "paused").live
    request(job.id, Wish.RESUME)
    assert work(job.id, Worker(), lambda job: job.status not in {"paused", "pausing"}).status == "queued"


@everywhere
def test_a_running_job_is_cancelled(there: There) -> None:
    job = work(there.launch(**ASKED).id, Worker(), created)
    request_cancel(job.id)
    assert work(job.id, Worker(), ended).status == "cancelled"


@everywhere
def test_a_file_is_deleted(there: There) -> None:
    job = work(there.launch(**ASKED).id, Worker(), created)
    backend.delete_file(there.at, job.training_file or "")
    assert [file["id"] for file in there.service.files] == [job.validation_file]


@everywhere
def test_the_models_are_listed_and_the_tuned_one_answers(there: There) -> None:
    assert [model.id for model in backend.models(there.at)] == ["starter"]
    there.service.chunks = [YES]
    answer = Answer()
    asked = Prepared("completion", prompt="1 ->")
    assert "".join(stream(there.at, "ft:starter", asked, Sampling(), answer)) == "Yes"
    assert answer.error is None


@pytest.mark.parametrize("there", ["openai"], indirect=True)
def test_a_new_model_is_waited_for_until_it_is_loaded(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold, "FIRST_PAUSE", 0.01)
    there.service.dialect.cold = [  # type: ignore[attr-defined]
        Refusal(404, "The model does not exist", "model_not_found"),
        Refusal(429, "The model is still being loaded"),
    ]
    there.service.chunks = [YES]
    answer = Answer()
    asked = stream(there.at, "ft:starter", Prepared("completion", prompt="1 ->"), Sampling(), answer, time.time())
    assert ("".join(asked), answer.error, len(there.service.asked)) == ("Yes", None, 3)


@pytest.mark.parametrize("there", ["openai"], indirect=True)
def test_an_account_that_may_not_train_is_told_so_and_its_files_are_taken_back(there: There) -> None:
    there.service.dialect.withdrawn = True  # type: ignore[attr-defined]
    job = work(there.launch(**ASKED).id, Worker(), ended)
    assert "winding down" in str(job.error)
    assert there.service.count("POST", "/files$") == 2
    assert there.service.files == []


@pytest.mark.parametrize("there", ["compatible"], indirect=True)
def test_a_second_job_waits_until_the_first_has_ended(there: There) -> None:
    first = work(there.launch(**ASKED).id, Worker(), created)
    second = there.launch(**ASKED)
    waiting = work(second.id, Worker(), lambda job: job.problem is not None)
    assert "already running" in str(waiting.problem)
    assert waiting.status != "confirming"
    request_cancel(first.id)
    work(first.id, Worker(), ended)
    assert get(first.id).remote_id != work(second.id, Worker(), created).remote_id
