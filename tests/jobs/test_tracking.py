"""What a job's row and log say while the backend works, fails, forgets, or talks nonsense."""

from __future__ import annotations

import pytest

from lib.db import now
from lib.jobs import track
from lib.jobs.errors import JobFailed, JobFailedSilently, JobVanished, TooFewToTrain
from lib.jobs.lease import claim
from lib.jobs.records import Checkpoint, checkpoints, events, get, metrics, progress, result_bytes, tuned_models
from lib.jobs.wishes import Wish, fulfilled, request, request_cancel
from lib.jobs.worker import Worker
from lib.providers.errors import BackendTrouble, NotAllowed, NotAnApi, OutOfCredit, RateLimited
from tests.fake_service import Service
from tests.jobs.conftest import Launch, created, ended, hurry, work


def again(job_id: str) -> None:
    hurry(job_id)
    Worker().run_once()


def test_the_request_carries_what_was_asked_for(service: Service, start: Launch) -> None:
    work(start(epochs=3, batch_size=4, suffix="tales", seed=7, validation_fraction=0.25).id, Worker(), created)
    sent = service.jobs[0]
    wanted = {"n_epochs": 3, "batch_size": 4, "learning_rate_multiplier": "auto"}
    assert sent["method"] == {"type": "supervised", "supervised": {"hyperparameters": wanted}}
    assert (sent["suffix"], sent["seed"], sent["model"]) == ("tales", 7, "starter")
    train, valid = (service.contents[sent[key]] for key in ("training_file", "validation_file"))
    assert (train.count(b"\n"), valid.count(b"\n")) == (15, 5)


def test_preferences_are_asked_for_as_such(service: Service, start: Launch) -> None:
    work(start(method="dpo", beta=0.2).id, Worker(), created)
    knobs = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto", "beta": 0.2}
    assert service.jobs[0]["method"] == {"type": "dpo", "dpo": {"hyperparameters": knobs}}


def test_without_a_split_the_file_is_the_dataset_version_byte_for_byte(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    assert service.contents[job.training_file or ""].startswith(b'{"prompt": "0 ->"')
    assert "validation_file" not in service.jobs[0]


def test_events_arrive_once_and_in_order(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    for step in range(1, 251):
        service.tell(type="metrics", message=f"Step {step}", data={"step": step, "total_steps": 300, "train_loss": 1.0})
    again(job.id)
    service.tell(type="metrics", message="Step 251", data={"step": 251, "total_steps": 300, "train_loss": 0.5})
    again(job.id)
    assert [row["step"] for row in metrics(job.id)] == list(range(1, 252))
    assert events(job.id, limit=1)[0].message == "Step 251"
    assert progress(get(job.id)).fraction == pytest.approx(251 / 300)


def test_a_list_without_has_more_that_ignores_after_does_not_turn_for_ever(service: Service, start: Launch) -> None:
    service.lists_say_more = False
    job = work(start().id, Worker(), created)
    for _ in range(60):
        service.tell()
    again(job.id)
    assert len([event for event in events(job.id) if event.source == "backend"]) == 50


def test_a_finished_job_leaves_its_model_and_its_result_file(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.finish()
    job = work(job.id, Worker(), lambda job: job.result_sha256 is not None)
    assert job.status == "succeeded"
    assert result_bytes(job) == b"step,train_loss\n1,2.5\n"
    assert [tuned.tuned_model for tuned in tuned_models()] == [f"ft:starter:{job.remote_id}"]
    assert progress(job).fraction == 1.0


def test_a_model_that_appears_after_success_is_waited_for(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.finish(fine_tuned_model=None, result_files=[])
    again(job.id)
    assert (get(job.id).status, get(job.id).tuned_model) == ("succeeded", None)
    assert (get(job.id).live, get(job.id).closed) == (False, False), "whoever watches goes on watching"
    service.finish()
    again(job.id)
    assert get(job.id).tuned_model is not None
    assert get(job.id).closed


def test_a_result_file_that_is_gone_does_not_keep_the_job_open(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.finish(result_files=["file-of-nobody"])
    again(job.id)
    assert any("result file" in event.text() for event in events(job.id))
    assert _closed(job.id)


def test_an_unknown_status_is_kept_as_it_is_and_followed(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.jobs[0]["status"] = "paused_for_review"
    again(job.id)
    assert (get(job.id).status, get(job.id).live) == ("paused_for_review", True)
    service.finish()
    assert work(job.id, Worker(), ended).status == "succeeded"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "invalid_n_examples", "message": "3 examples", "param": "training_file"}, JobFailed),
        ({"code": None, "message": None, "param": None}, JobFailedSilently),
    ],
)
def test_a_failed_job_tells_why(service: Service, start: Launch, error: object, kind: type) -> None:
    job = work(start().id, Worker(), created)
    service.finish("failed", error=error)
    job = work(job.id, Worker(), ended)
    assert isinstance(job.error, kind)
    assert _closed(job.id)


def test_the_checkpoints_of_a_job_are_kept_when_it_ends(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    told = {"id": "ck-2", "step_number": 20, "fine_tuned_model_checkpoint": "ft:x", "metrics": {"valid_loss": 0.5}}
    service.checkpoints = [told, {"id": "ck-1", "step_number": 10}]
    service.finish("failed")
    work(job.id, Worker(), ended)
    found = [Checkpoint("ck-1", 10, None, {}), Checkpoint("ck-2", 20, "ft:x", {"valid_loss": 0.5})]
    assert checkpoints(job.id) == found
    assert "Checkpoint after step 20: ft:x" in [event.text() for event in events(job.id)]


def test_a_failure_without_a_reason_is_explained_by_the_last_error_event(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.tell(level="error", message="The disk is full")
    service.finish("failed")
    assert "The disk is full" in str(work(job.id, Worker(), ended).error)


def test_a_refusal_before_the_job_exists_fails_it_with_the_reason(service: Service, start: Launch) -> None:
    body = '{"error": {"message": "No new training jobs.", "code": "training_not_available"}}'
    service.fault("POST", "/jobs$", status=403, body=body)
    job = work(start().id, Worker(), ended)
    assert (job.status, type(job.error)) == ("failed", NotAllowed)
    assert "No new training jobs." in str(job.error)


def test_a_bill_that_is_due_fails_the_job_at_once(service: Service, start: Launch) -> None:
    body = '{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}'
    service.fault("POST", "/jobs$", status=429, headers={"Retry-After": "600"}, body=body)
    assert isinstance(work(start().id, Worker(), ended).error, OutOfCredit)
    assert service.count("POST", "/jobs$") == 1


def test_a_long_retry_after_is_honoured_with_one_request(service: Service, start: Launch) -> None:
    service.fault("POST", "/files$", status=429, headers={"Retry-After": "600"}, body='{"error": {"message": "slow"}}')
    job = start()
    for _ in range(3):
        Worker().run_once()
    job = get(job.id)
    assert isinstance(job.problem, RateLimited)
    assert job.retry_at is not None
    assert 590 < job.retry_at - now() < 610
    assert service.count("POST", "/files$") == 1


def test_trouble_while_tracking_keeps_the_last_state_and_clears_by_itself(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.jobs[0]["status"] = "running"
    again(job.id)
    service.fault("GET", "/jobs/", status=503, times=2)
    again(job.id)
    assert (get(job.id).status, type(get(job.id).problem)) == ("running", BackendTrouble)
    again(job.id)
    again(job.id)
    assert get(job.id).problem is None


def test_a_login_page_in_place_of_a_job_is_named_and_survived(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.fault("GET", "/jobs/", status=200, body="<html><title>Please log in</title></html>")
    again(job.id)
    assert isinstance(get(job.id).problem, NotAnApi)
    assert "Please log in" in str(get(job.id).problem)


def test_a_job_unknown_once_is_believed_to_live_and_thrice_to_be_gone(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    kept, service.jobs = service.jobs, []
    again(job.id)
    service.jobs = kept
    again(job.id)
    assert get(job.id).live
    service.jobs = []
    for _ in range(track.MISSING_TIMES):
        again(job.id)
    assert (get(job.id).status, type(get(job.id).error)) == ("vanished", JobVanished)


def test_a_cancel_before_anything_was_sent_ends_the_job_here(service: Service, start: Launch) -> None:
    job = start()
    request_cancel(job.id)
    assert work(job.id, Worker(), ended).status == "cancelled"
    assert service.requests == []


def test_a_cancel_between_upload_and_create_takes_the_file_back(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), lambda job: job.training_file is not None)
    request_cancel(job.id)
    assert work(job.id, Worker(), ended).status == "cancelled"
    assert (service.files, service.jobs) == ([], [])


def test_a_cancel_of_a_running_job_is_sent_once(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    request_cancel(job.id)
    request_cancel(job.id)
    assert work(job.id, Worker(), ended).status == "cancelled"
    assert service.count("POST", "/cancel$") == 1


def test_a_cancel_that_comes_too_late_leaves_the_result(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.finish()
    service.fault("POST", "/cancel$", status=400, body='{"error": {"message": "already finished"}}')
    request_cancel(job.id)
    assert work(job.id, Worker(), ended).status == "succeeded"
    assert any("already finished" in event.text() for event in events(job.id))


def test_a_cancel_asked_while_a_step_runs_is_acted_on_at_once(start: Launch) -> None:
    job = start()
    (lease,) = claim("me", 1)
    request_cancel(job.id)
    lease.release(1000.0)
    assert Worker().run_once() == 1
    assert get(job.id).status == "cancelled"


def test_a_job_is_paused_and_goes_on(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    request(job.id, Wish.PAUSE)
    paused = work(job.id, Worker(), lambda job: job.wish is None)
    assert (paused.status, paused.live) == ("paused", True)
    request(job.id, Wish.RESUME)
    assert work(job.id, Worker(), lambda job: job.wish is None).status == "queued"
    assert (service.count("POST", "/pause$"), service.count("POST", "/resume$")) == (1, 1)


def test_the_last_wish_counts_also_when_it_comes_while_another_is_being_asked(start: Launch) -> None:
    job = work(start().id, Worker(), created)
    request(job.id, Wish.PAUSE)
    hurry(job.id)
    (lease,) = claim("me", 1)
    request(job.id, Wish.RESUME)
    fulfilled(job.id, lease.job.wished_at or 0.0)
    assert get(job.id).wish == Wish.RESUME


def test_a_service_that_will_not_pause_is_quoted(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.fault("POST", "/pause$", status=400, body='{"error": {"message": "not now"}}')
    request(job.id, Wish.PAUSE)
    assert work(job.id, Worker(), lambda job: job.wish is None).live
    assert any("not now" in event.text() for event in events(job.id))


def test_a_place_in_the_queue_is_kept_with_the_job(service: Service, start: Launch) -> None:
    job = work(start().id, Worker(), created)
    service.jobs[0]["tuneboard"] = {"state": "waiting", "position": 3, "starts_at": 1_800_000_000, "reason": None}
    again(job.id)
    assert get(job.id).queue == {"position": 3, "starts_at": 1_800_000_000.0}


def test_a_split_that_leaves_too_few_examples_is_refused_before_anything_is_sent(
    service: Service, start: Launch
) -> None:
    job = work(start(validation_fraction=0.9).id, Worker(), ended)
    assert isinstance(job.error, TooFewToTrain)
    assert service.requests == []


def test_a_bug_in_a_step_is_recorded_and_not_repeated_at_once(
    start: Launch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(track.backend, "find_file", lambda *_a, **_k: 1 / 0)
    job = start()
    assert [Worker().run_once() for _ in range(3)] == [1, 0, 0]
    assert "ZeroDivisionError" in str(get(job.id).problem)
    assert "nobody foresaw" in caplog.text


def test_our_own_lines_are_told_in_the_language_of_the_reader(start: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    job = start()
    (line,) = events(job.id)
    assert line.text() == "Launched with numbers v1."
    monkeypatch.setattr("lib.i18n.catalogue", lambda _tag: {"Launched with {dataset}.": "已用 {dataset} 启动。"})
    assert line.text() == "已用 numbers v1 启动。"


def _closed(job_id: str) -> bool:
    return get(job_id).closed
