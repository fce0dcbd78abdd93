"""A monthly budget refuses what would go beyond it, with the figures, and never lets two launches share the rest."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lib import config, library
from lib.db import BudgetRow, JobRow, now, session
from lib.jobs.budget import budget
from lib.jobs.errors import OverBudget
from lib.jobs.launch import LaunchSpec, launch
from lib.jobs.records import job, jobs

YEAR = 366 * 86_400


class Quote:
    """An estimate of so many dollars."""

    def __init__(self, dollars: float | None, currency: str = "USD") -> None:
        self.record = {"dollars": dollars, "currency": currency}

    def to_json(self) -> dict[str, Any]:
        return self.record


@pytest.fixture
def ten_dollars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOARD_MONTHLY_BUDGET", "10")
    config.settings.cache_clear()


def buy(version: library.Version, id: str, dollars: float | None, **values: str) -> None:
    launch(id, LaunchSpec("engine", "starter", version.id), Quote(dollars, **values))


def change(id: str, **values: Any) -> None:
    with session() as opened:
        row = opened.get_one(JobRow, id)
        for name, value in values.items():
            setattr(row, name, value)


def test_without_a_limit_nothing_is_refused(version: library.Version) -> None:
    buy(version, "a", 1e6)
    assert budget() is None


@pytest.mark.usefixtures("ten_dollars")
def test_a_launch_beyond_the_budget_is_refused_with_the_figures_and_leaves_nothing(version: library.Version) -> None:
    buy(version, "a", 7.5)
    with pytest.raises(OverBudget) as refused:
        buy(version, "b", 3.0)
    assert "$3.00" in refused.value.explain().what
    assert "$7.50 of $10.00" in refused.value.explain().why
    assert job("b") is None
    buy(version, "c", 2.5)
    assert budget().spent == 10.0  # type: ignore[union-attr]


@pytest.mark.usefixtures("ten_dollars")
def test_the_same_launch_again_is_not_counted_twice(version: library.Version) -> None:
    buy(version, "a", 7.5)
    buy(version, "a", 7.5)
    assert budget().spent == 7.5  # type: ignore[union-attr]


@pytest.mark.usefixtures("ten_dollars")
def test_what_a_job_really_cost_counts_and_what_never_began_or_was_last_year_does_not(version: library.Version) -> None:
    for id in ("cheap", "never", "old"):
        buy(version, id, 3.0)
    change("cheap", actual={"dollars": 1.25}, remote_id="ftjob-1", closed_at=now())
    change("never", closed_at=now())
    change("old", created_at=now() - YEAR)
    assert budget().spent == 1.25  # type: ignore[union-attr]


@pytest.mark.usefixtures("ten_dollars")
def test_what_is_free_or_in_another_currency_is_never_refused(version: library.Version) -> None:
    buy(version, "all", 10.0)
    buy(version, "free", None)
    buy(version, "yuan", 100.0, currency="CNY")
    assert len(jobs()) == 3


@pytest.mark.usefixtures("ten_dollars")
def test_a_row_of_the_table_counts_before_the_setting(version: library.Version) -> None:
    with session() as opened:
        opened.add(BudgetRow(owner="", dollars=2.0))
    with pytest.raises(OverBudget):
        buy(version, "a", 3.0)


@pytest.mark.usefixtures("ten_dollars")
def test_launches_at_the_same_moment_share_one_budget(version: library.Version) -> None:
    together, refused = threading.Barrier(6), []

    def click(id: str) -> None:
        together.wait()
        try:
            buy(version, id, 4.0)
        except OverBudget as problem:
            refused.append(problem)

    clicks = [threading.Thread(target=click, args=(f"launch-{n}",)) for n in range(6)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert (len(jobs()), len(refused)) == (2, 4)
