from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lib.datasets import applying
from lib.datasets.applying import UnknownFix, apply_fixes
from lib.datasets.recipe import Fix


def shorten(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, "completion": record["completion"][: settings["n"]]}


def drop_empty(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any] | None:
    return record if record["completion"] else None


@pytest.fixture(autouse=True)
def changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "CHANGES", {"shorten": shorten, "drop_empty": drop_empty})


def test_fixes_run_in_their_order_and_leave_the_record_alone() -> None:
    record = {"prompt": "a", "completion": "bcd"}
    cut: Fix = {"code": "shorten", "settings": {"n": 0}}
    drop: Fix = {"code": "drop_empty", "settings": {}}
    assert apply_fixes(record, [drop, cut]) == {"prompt": "a", "completion": ""}
    assert apply_fixes(record, [cut, drop]) is None
    assert record["completion"] == "bcd"


def test_what_is_settled_elsewhere_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "COMPARING", {"duplicate_rows": object})
    fixes: list[Fix] = [{"code": "set_field", "settings": {}}, {"code": "duplicate_rows", "settings": {}}]
    assert apply_fixes({"prompt": "a"}, fixes) == {"prompt": "a"}


def test_a_fix_that_is_not_there_is_never_left_out_silently() -> None:
    with pytest.raises(UnknownFix, match="unheard_of"):
        apply_fixes({"prompt": "a"}, [{"code": "unheard_of", "settings": {}}])
