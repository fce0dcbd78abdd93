"""A launch's settings as YAML: downloaded, kept beside other files, and loaded again, on this server or another."""

from __future__ import annotations

import yaml
from pydantic import TypeAdapter, ValidationError

from lib.jobs.errors import NotALaunch
from lib.jobs.launch import LaunchSpec

KIND = "tuneboard_launch"
VERSION = 1
MOST_BYTES = 64 * 1024


def to_yaml(spec: LaunchSpec, dataset: str) -> str:
    """Return the settings as YAML; `dataset` is the label of the version, for people to read."""
    record = {KIND: VERSION, "dataset": dataset, **spec.to_json()}
    return yaml.safe_dump(record, sort_keys=False, allow_unicode=True)


def from_yaml(data: bytes) -> LaunchSpec:
    """Return the settings that `to_yaml` wrote.

    Raises:
        NotALaunch: it is something else, was changed to something that is no launch, or comes from a later version.
    """
    if len(data) > MOST_BYTES:
        raise NotALaunch(detail=f"more than {MOST_BYTES} bytes")
    try:
        record = yaml.safe_load(data.decode("utf-8-sig"))
    except (ValueError, RecursionError, yaml.YAMLError) as problem:
        raise NotALaunch(detail=type(problem).__name__) from None
    if not isinstance(record, dict) or record.get(KIND) != VERSION:
        raise NotALaunch(detail=f"{KIND}: {VERSION}")
    values = {name: value for name, value in record.items() if name not in {KIND, "dataset"}}
    try:
        return _SPEC.validate_python(values)
    except ValidationError as problem:
        first = problem.errors()[0]
        raise NotALaunch(detail=f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


_SPEC: TypeAdapter[LaunchSpec] = TypeAdapter(LaunchSpec)
