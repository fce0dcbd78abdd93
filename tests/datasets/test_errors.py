from __future__ import annotations

import re

import pytest

from lib.datasets import errors
from lib.datasets.errors import DatasetError
from lib.errors import TuneboardError

REFUSALS = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, DatasetError) and e.what]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
def test_every_refusal_says_what_and_why_and_survives_storage(refusal: type[DatasetError]) -> None:
    fields = set(re.findall(r"{(\w+)}", refusal.what + refusal.why + refusal.todo))
    raised = refusal(**dict.fromkeys(fields, "x"))
    assert raised.explain().what
    assert raised.explain().why or refusal is DatasetError
    again = TuneboardError.from_json(raised.to_json())
    assert (type(again), again.explain()) == (refusal, raised.explain())


@pytest.mark.parametrize(
    "refusal", [r for r in REFUSALS if not r.__subclasses__()], ids=lambda refusal: refusal.__name__
)
def test_every_last_refusal_says_what_to_do(refusal: type[DatasetError]) -> None:
    assert refusal.todo
