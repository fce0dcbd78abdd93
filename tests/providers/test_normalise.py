"""Odd answers become usable records."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.providers import normalise

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [field.name for kind in (normalise.JobSnapshot, normalise.EventSnapshot) for field in fields(kind)] + [
    *("fine_tuned_model", "method", "tuneboard", "created", "owned_by", "root"),
]


@given(raw=st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
@settings(max_examples=150, deadline=None)
def test_nothing_a_service_can_say_raises_or_resists_storage(raw: dict[str, Any]) -> None:
    for read in (normalise.job, normalise.event, normalise.model):
        told = vars(read(raw))
        assert isinstance(told["id"], str)
        assert "\0" not in told["id"]
        told["id"].encode()
    json.dumps(normalise.event(raw).data)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (1_700_000_000, 1_700_000_000.0),
        (1_700_000_000_000, 1_700_000_000.0),
        ("1700000000", 1_700_000_000.0),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T22:13:20", 1_700_000_000.0),
        ("2023-11-15T06:13:20+08:00", 1_700_000_000.0),
        (0, None),
        (None, None),
        ("soon", None),
        (True, None),
        (float("nan"), None),
    ],
)
def test_a_time_is_read_in_any_unit(told: Any, seconds: float | None) -> None:
    assert normalise.moment(told) == seconds


@pytest.mark.parametrize("error", [None, {}, {"code": None, "message": None, "param": None}, []])
def test_an_error_without_contents_is_no_error(error: Any) -> None:
    assert normalise.job({"id": "j", "error": error}).error is None


def test_hyperparameters_are_read_from_both_places_and_the_newer_wins() -> None:
    told = normalise.job(
        {
            "id": "j",
            "hyperparameters": {"n_epochs": 1, "batch_size": 8},
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}},
        }
    )
    assert told.hyperparameters == {"n_epochs": 3, "batch_size": 8}


def test_result_files_may_be_ids_or_objects() -> None:
    told = normalise.job({"id": "j", "result_files": ["file-1", {"id": "file-2"}, None]})
    assert told.result_files == ("file-1", "file-2")


def test_a_tuned_model_is_told_from_a_base_by_its_name() -> None:
    names = ["gpt-4.1-2025-04-14", "ft:gpt-4.1:me::abc", "gpt-4.1-2025-04-14.ft-0f"]
    assert [normalise.model({"id": name}).base for name in names] == [True, False, False]
