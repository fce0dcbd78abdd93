"""Whose turn it is: no job waits for ever, no project gets more than its share."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lib.engine.queue.turns import Line, Waiting, in_turn, order, take_turn
from lib.engine.store import Store
from lib.engine.tables import JobRow

PROJECTS = "abc"
jobs_of_projects = st.lists(st.sampled_from(PROJECTS), min_size=1, max_size=40).map(
    lambda projects: [Waiting(f"job-{seq}", seq, project) for seq, project in enumerate(projects)]
)
any_jobs = st.lists(
    st.tuples(st.sampled_from(PROJECTS), st.integers(-2, 2), st.booleans()), min_size=1, max_size=40
).map(lambda rows: [Waiting(f"job-{seq}", seq, *row) for seq, row in enumerate(rows)])
histories = st.dictionaries(st.sampled_from(PROJECTS), st.integers(1, 100))


def ids(*jobs: Waiting, served: dict[str, int] | None = None) -> list[str]:
    return [job.id for job in order(jobs, served or {})]


def test_projects_take_turns_however_many_jobs_each_has() -> None:
    many = [Waiting(f"a{i}", i, "a") for i in range(4)]
    assert ids(*many, Waiting("b0", 8, "b"), Waiting("c0", 9, "c")) == ["a0", "b0", "c0", "a1", "a2", "a3"]


def test_the_project_that_was_served_longest_ago_goes_first() -> None:
    assert ids(Waiting("a", 1, "a"), Waiting("b", 2, "b"), served={"a": 9, "b": 4}) == ["b", "a"]


def test_a_higher_priority_goes_before_fairness_and_age() -> None:
    line = [Waiting("old", 1, "a"), Waiting("soon", 2, "b", 1), Waiting("now", 3, "b", 5), Waiting("other", 4, "b")]
    assert ids(*line) == ["now", "soon", "old", "other"]


def test_what_was_interrupted_goes_on_before_others_begin() -> None:
    line = [Waiting("new", 1, "b"), Waiting("half", 2, "a", interrupted=True), Waiting("urgent", 3, "c", 1)]
    assert ids(*line, served={"a": 9}) == ["urgent", "half", "new"]


@given(any_jobs, histories)
def test_every_job_is_served_once(jobs: list[Waiting], served: dict[str, int]) -> None:
    assert sorted(ids(*jobs, served=served)) == sorted(job.id for job in jobs)


@given(jobs_of_projects, histories)
def test_projects_that_both_wait_are_never_served_twice_apart(jobs: list[Waiting], served: dict[str, int]) -> None:
    left = Counter(job.project for job in jobs)
    got: Counter[str] = Counter()
    for job in order(jobs, served):
        both = [project for project in PROJECTS if left[project]]
        got[job.project] += 1
        left[job.project] -= 1
        shares = [got[project] for project in both]
        assert max(shares) - min(shares) <= 1


@given(jobs_of_projects, histories)
def test_nobody_starves_while_jobs_keep_coming(jobs: list[Waiting], served: dict[str, int]) -> None:
    """However many newer jobs of other projects arrive, a job is served within a turn for each project and each of its
    own project's older jobs."""
    last = jobs[-1]
    older = sum(job.project == last.project for job in jobs[:-1])
    flood = [Waiting(f"flood-{p}-{i}", 1000 + i, p) for i in range(60) for p in PROJECTS if p != last.project]
    assert ids(*jobs, *flood, served=served).index(last.id) < len(PROJECTS) * (older + 1)


@given(any_jobs, histories, st.integers(1, 3), st.data())
def test_a_project_never_runs_more_than_it_may(
    jobs: list[Waiting], served: dict[str, int], cap: int, data: st.DataObject
) -> None:
    line, running, taken = Line(jobs, served), Counter[str](), set[str]()
    while len(line):
        job = line.take(running, cap)
        if job is None:
            waits = {left.project for left in jobs if left.id not in taken}
            assert all(running[project] >= cap for project in waits)
        else:
            taken.add(job.id)
            running[job.project] += 1
            assert running[job.project] <= cap
        busy = sorted(project for project in running if running[project])
        if job is None or data.draw(st.booleans()):
            running[data.draw(st.sampled_from(busy))] -= 1


def test_the_store_knows_who_waits_and_who_was_served(tmp_path: Path) -> None:
    store = Store(tmp_path / "engine.db")
    with store.writing() as session:
        done, paused, first, second = rows = [
            JobRow(id=name, project=project, model="starter", training_file="f", hyperparameters={}, seed=1, tag=name)
            for name, project in [("done", "a"), ("paused", "b"), ("first", "a"), ("second", "b")]
        ]
        session.add_all(rows)
        session.flush()
        for row in (paused, first, second):
            row.status = "queued"
        done.status, paused.paused = "succeeded", True
        take_turn(session, done)
    with store.reading() as session:
        line = in_turn(session)
        assert len(line) == 2
        assert [job.id for job in (line.take({}, 1), line.take({}, 1)) if job] == ["second", "first"]
    store.close()
