from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from lib.datasets import applying
from lib.datasets.applying import UnknownFix, apply_fixes
from lib.datasets.recipe import Fix

CUT: Fix = {"code": "shorten", "settings": {"n": 0}}
DROP: Fix = {"code": "drop_empty", "settings": {}}


def shorten(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, "completion": record["completion"][: settings["n"]]}


def drop_empty(record: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any] | None:
    return record if record["completion"] else None


@pytest.fixture(autouse=True)
def changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "CHANGES", {"shorten": shorten, "drop_empty": drop_empty})


def test_fixes_leave_the_record_given_alone() -> None:
    record = {"prompt": "a", "completion": "bcd"}
    assert apply_fixes(record, [CUT]) == {"prompt": "a", "completion": ""}
    assert record["completion"] == "bcd"


def test_a_fix_gets_to_see_what_a_later_one_left() -> None:
    """Or the example would stay now, and be dropped when the recipe runs on its own output."""
    record = {"prompt": "a", "completion": "bcd"}
    assert apply_fixes(record, [DROP, CUT]) is None
    assert apply_fixes(record, [CUT, DROP]) is None


def test_what_is_settled_elsewhere_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "COMPARING", {"duplicate_rows": object})
    fixes: list[Fix] = [{"code": "set_field", "settings": {}}, {"code": "duplicate_rows", "settings": {}}]
    assert apply_fixes({"prompt": "a"}, fixes) == {"prompt": "a"}


def test_a_fix_that_is_not_there_is_never_left_out_silently() -> None:
    with pytest.raises(UnknownFix, match="unheard_of"):
        apply_fixes({"prompt": "a"}, [{"code": "unheard_of", "settings": {}}])
