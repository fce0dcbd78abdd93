"""A survey says the same however many processes take part, follows the fixes, and can be stopped."""

from __future__ import annotations

import os
import sys
import threading
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psutil
import pytest

from lib.datasets import source as reading
from lib.datasets.corrections import Corrections
from lib.datasets.fixes import accept
from lib.datasets.rules.base import Context, Finding, Rule, View
from lib.datasets.source import Source
from lib.pricing.tokens import TokenModel
from lib.workbench.errors import Stopped, WorkerDied, WorkerFailed
from lib.workbench.processes import MEMORY
from lib.workbench.report_json import to_json
from lib.workbench.survey import survey
from lib.workbench.traits import Traits
from tests.workbench.conftest import CHAT_RECIPE, talk

Open = Callable[[list[dict[str, Any]]], Source]
MODEL = TokenModel("gpt-4o-2024-08-06", "hosted", "o200k_base")
TWICE = {"code": "duplicate_rows", "settings": {}}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files of a few kilobytes into pieces, so that there is something to share."""
    monkeypatch.setattr(reading.chunks, "__defaults__", (2000,))
    monkeypatch.setattr(reading, "READ", 500)
    # An idle thread that another test left behind would have the work done here, where one rule kills its process.
    monkeypatch.setattr(threading, "active_count", lambda: 1)


class Dies(Rule):
    code = "dies"

    def look(self, view: View) -> None:
        if view.row == 90:
            os.kill(os.getpid(), 9)

    def merge(self, other: Dies) -> None:
        pass

    def findings(self) -> list[Finding]:
        return []


class Fails(Dies):
    code = "fails"

    def look(self, view: View) -> None:
        raise ZeroDivisionError


def helpers() -> list[int]:
    """Return the processes that work for this one; what has ended and waits to be noticed does not."""
    return [child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_two_processes_say_what_one_says(opened: Open) -> None:
    source = opened([talk(n % 90) for n in range(200)])
    one, two = (survey(source, CHAT_RECIPE, model=MODEL, workers=n, extra=(Traits,)) for n in (1, 2))
    assert (one.rows, one.examples, one.share) == (200, 200, 1.0)
    assert "duplicate_rows" in {finding.code for finding in one.findings}
    assert one.tokens is not None
    assert one.tokens.examples == 200
    assert to_json(one) == to_json(two)


def test_rows_without_an_example_are_told_by_reason(opened: Open) -> None:
    records = [talk(n) for n in range(100)]
    records[7] = {"messages": [{"role": "user", "content": "?"}]}
    records[60] = {"messages": "none"}
    report = survey(opened(records), CHAT_RECIPE, workers=2)
    assert report.examples == 98
    told = {finding.code: finding.found for finding in report.skipped}
    assert {code: list(found.rows) for code, found in told.items()} == {"not_answered": [7], "not_messages": [60]}
    assert told["not_answered"].lines == [8]


def test_rows_that_end_without_an_answer_come_back_once_their_end_is_cut(opened: Open) -> None:
    records = [talk(n) for n in range(20)]
    records[7]["messages"].append({"role": "user", "content": "Thanks!"})
    records[9] = {"messages": [{"role": "user", "content": "?"}]}
    source = opened(records)
    (told,) = survey(source, CHAT_RECIPE, workers=1).skipped
    assert told.fix is not None
    report = survey(source, accept(CHAT_RECIPE, told.fix), workers=1)
    (told,) = report.skipped
    assert (report.examples, list(told.found.rows), told.fix) == (19, [9], None)


def test_broken_lines_are_named(opened: Open) -> None:
    source = opened([talk(n) for n in range(100)])
    lines = source.path.read_bytes().split(b"\n")
    lines[30] = b'{"messages": ['
    source.path.write_bytes(b"\n".join(lines))
    report = survey(source, CHAT_RECIPE, workers=2)
    assert (report.rows, report.n_broken, report.broken[0].line) == (99, 1, 31)


def test_a_comparing_fix_drops_what_its_rule_calls_surplus(opened: Open) -> None:
    source = opened([talk(n % 90) for n in range(200)])
    report = survey(source, replace(CHAT_RECIPE, fixes=[TWICE]), workers=2)
    assert (report.examples, report.dropped) == (90, 110)
    assert "duplicate_rows" not in {finding.code for finding in report.findings}


def test_corrections_come_before_everything_else(opened: Open) -> None:
    corrections = Corrections().exclude(5).edit(6, "messages", "nonsense")
    report = survey(opened([talk(n) for n in range(50)]), CHAT_RECIPE, corrections=corrections, workers=2)
    assert (report.rows, report.examples, report.dropped) == (50, 48, 1)
    assert [list(finding.found.rows) for finding in report.skipped] == [[6]]


def test_a_sample_is_spread_over_the_file_and_says_how_much_it_is(opened: Open) -> None:
    source = opened([talk(n) for n in range(1000)])
    report = survey(source, CHAT_RECIPE, model=MODEL, sample=20_000, workers=1, extra=(Traits,))
    assert 0.05 < report.share < 0.5
    assert report.tokens is not None
    assert abs(report.rows / report.share - 1000) < 100


def test_a_sample_of_a_small_file_is_the_file(opened: Open) -> None:
    assert survey(opened([talk(n) for n in range(20)]), CHAT_RECIPE, sample=10**6).share == 1.0


def test_progress_rises_to_one(opened: Open) -> None:
    told: list[float] = []
    source = opened([talk(n) for n in range(200)])
    survey(source, replace(CHAT_RECIPE, fixes=[TWICE]), workers=2, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 4


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_ends_all_processes(opened: Open, workers: int) -> None:
    asked = array("I", [0])

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > 3

    with pytest.raises(Stopped):
        survey(opened([talk(n) for n in range(500)]), CHAT_RECIPE, workers=workers, stop=stop)
    assert helpers() == []


def test_a_process_that_is_killed_is_a_refusal_with_a_way_out(opened: Open) -> None:
    with pytest.raises(WorkerDied) as caught:
        survey(opened([talk(n) for n in range(200)]), CHAT_RECIPE, workers=2, extra=(Dies,))
    assert "memory" in caught.value.explain().why
    assert helpers() == []


def test_a_fault_in_a_process_is_told_as_ours(opened: Open) -> None:
    with pytest.raises(WorkerFailed, match="ZeroDivisionError"):
        survey(opened([talk(n) for n in range(200)]), CHAT_RECIPE, workers=2, extra=(Fails,))


def test_an_extra_rule_may_be_anything_that_makes_one(opened: Open) -> None:
    def make(context: Context) -> Rule:
        return Traits(context)

    report = survey(opened([talk(n) for n in range(20)]), CHAT_RECIPE, workers=1, extra=(make,))
    assert report.traits is not None
    assert report.traits.examples == 20


class Hoards(Dies):
    code = "hoards"

    def look(self, view: View) -> None:
        bytearray(MEMORY + 2**30)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems set no limit")
def test_a_process_that_takes_too_much_memory_is_a_refusal(opened: Open) -> None:
    with pytest.raises(WorkerDied):
        survey(opened([talk(n) for n in range(200)]), CHAT_RECIPE, workers=2, extra=(Hoards,))
