from __future__ import annotations

import json

from lib.datasets.corrections import Corrections


def test_a_cell_is_edited_and_restored() -> None:
    edited = Corrections().edit(3, "prompt", "new")
    assert edited.apply(3, {"prompt": "old", "id": "7"}) == {"prompt": "new", "id": "7"}
    assert edited.apply(4, {"prompt": "old"}) == {"prompt": "old"}
    assert edited.restore(3, "prompt") == Corrections()


def test_a_row_is_taken_out_and_brought_back() -> None:
    without = Corrections().exclude(1, 2)
    assert without.apply(1, {"a": "b"}) is None
    assert without.bring_back(1, 2) == Corrections()


def test_corrections_survive_json_and_are_the_same_whatever_the_order() -> None:
    one = Corrections().edit(12, "b", "x").edit(3, "a", "y").exclude(9, 1)
    other = Corrections().exclude(1, 9).edit(3, "a", "y").edit(12, "b", "x")
    assert json.dumps(one.to_json()) == json.dumps(other.to_json())
    assert Corrections.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_none_are_told_from_some() -> None:
    assert not Corrections()
    assert Corrections().exclude(0)
