"""A wire protocol: where the things of a service are, and how what it says is read. The defaults are OpenAI's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lib.providers import normalise
from lib.providers.normalise import CheckpointSnapshot, EventSnapshot, JobSnapshot
from lib.providers.provider import Provider
from lib.providers.request import JobRequest

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Wire:
    """Paths are below the base URL. Every function is pure and tolerant: what is missing or odd raises nothing."""

    jobs: str = "fine_tuning/jobs"
    upload: str = "files"
    metadata: bool = True
    """A job takes metadata and shows them again."""
    upload_fields: Callable[[str], dict[str, str]] = lambda _name: {}
    """File name -> what the form of an upload holds besides the file and its purpose."""
    body: Callable[[JobRequest, Provider, Raw], dict[str, Any]] = JobRequest.body
    job: Callable[[Raw], JobSnapshot] = normalise.job
    event: Callable[[Raw], EventSnapshot] = normalise.event
    checkpoint: Callable[[Raw], CheckpointSnapshot] = normalise.checkpoint
    metrics: Callable[[Raw], bytes] = lambda answer: json.dumps(answer).encode()
    """What the address of a job's metrics answers -> a file that `lib.results` reads."""
