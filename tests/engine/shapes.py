"""What each route answers, in the types of OpenAI's package, and how the answers that were seen are held against it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
import openai
from openai.types import (
    Batch,
    Completion,
    FileDeleted,
    FileObject,
    Model,
    ModelDeleted,
    Upload,
    webhooks,
)
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from openai.types.fine_tuning.checkpoints import PermissionCreateResponse, PermissionDeleteResponse
from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint
from openai.types.uploads import UploadPart
from openai.types.webhooks import DeletedWebhookEndpoint, WebhookEndpoint, WebhookEndpointTestResult
from pydantic import BaseModel, ConfigDict
from starlette.routing import Match, Route

from tests.engine.support import AUTH, Running

JOB = "/v1/fine_tuning/jobs/{job_id}"
PERMISSIONS = "/v1/fine_tuning/checkpoints/{model:path}/permissions"
HOOKS = "/v1/webhook_endpoints"
BYTES = None
"""An answer that is no JSON."""


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class Health(Strict):
    status: Literal["ok"]


class Page(Strict):
    """A list whose ends are named."""

    object: Literal["list"]
    data: list[Any]
    has_more: bool
    first_id: str | None
    last_id: str | None


class Roll(Strict):
    """A list that comes whole, as that of the models does."""

    object: Literal["list"]
    data: list[Any]


class Strip(Roll):
    """A list whose ends are not named, as those of jobs and events are."""

    has_more: bool


class ErrorObject(Strict):
    message: str
    type: str
    param: str | None
    code: str | None


class Refusal(Strict):
    error: ErrorObject


Shape = type[BaseModel] | tuple[type[BaseModel], type] | None
SHAPES: dict[tuple[str, str], Shape] = {
    ("GET", "/healthz"): Health,
    ("POST", "/v1/files"): FileObject,
    ("GET", "/v1/files"): (Page, FileObject),
    ("GET", "/v1/files/{file_id}"): FileObject,
    ("DELETE", "/v1/files/{file_id}"): FileDeleted,
    ("GET", "/v1/files/{file_id}/content"): BYTES,
    ("POST", "/v1/uploads"): Upload,
    ("POST", "/v1/uploads/{upload_id}/parts"): UploadPart,
    ("POST", "/v1/uploads/{upload_id}/complete"): Upload,
    ("POST", "/v1/uploads/{upload_id}/cancel"): Upload,
    ("POST", "/v1/fine_tuning/jobs"): FineTuningJob,
    ("GET", "/v1/fine_tuning/jobs"): (Strip, FineTuningJob),
    ("GET", JOB): FineTuningJob,
    ("POST", f"{JOB}/cancel"): FineTuningJob,
    ("POST", f"{JOB}/pause"): FineTuningJob,
    ("POST", f"{JOB}/resume"): FineTuningJob,
    ("GET", f"{JOB}/events"): (Strip, FineTuningJobEvent),
    ("GET", f"{JOB}/checkpoints"): (Page, FineTuningJobCheckpoint),
    ("GET", "/v1/models"): (Roll, Model),
    ("GET", "/v1/models/{model:path}"): Model,
    ("DELETE", "/v1/models/{model:path}"): ModelDeleted,
    ("POST", PERMISSIONS): (Page, PermissionCreateResponse),
    ("GET", PERMISSIONS): (Page, PermissionCreateResponse),
    ("DELETE", PERMISSIONS + "/{permission_id}"): PermissionDeleteResponse,
    ("POST", "/v1/completions"): Completion,
    ("POST", "/v1/chat/completions"): ChatCompletion,
    ("POST", "/v1/batches"): Batch,
    ("GET", "/v1/batches"): (Page, Batch),
    ("GET", "/v1/batches/{batch_id}"): Batch,
    ("POST", "/v1/batches/{batch_id}/cancel"): Batch,
    ("GET", "/v1/webhook_event_types"): (Roll, str),
    ("POST", HOOKS): webhooks.WebhookEndpointWithSecret,
    ("GET", HOOKS): (Page, WebhookEndpoint),
    ("GET", HOOKS + "/{hook_id}"): WebhookEndpoint,
    ("POST", HOOKS + "/{hook_id}"): WebhookEndpoint,
    ("DELETE", HOOKS + "/{hook_id}"): DeletedWebhookEndpoint,
    ("POST", HOOKS + "/{hook_id}/rotate_secret"): webhooks.WebhookEndpointWithSecret,
    ("POST", HOOKS + "/{hook_id}/test"): WebhookEndpointTestResult,
}
PRESENT: dict[type, str] = {
    FineTuningJob: "error finished_at fine_tuned_model hyperparameters organization_id result_files seed "
    "trained_tokens validation_file estimated_finish integrations metadata method",
    FineTuningJobEvent: "type data",
    FileObject: "expires_at status_details",
    Upload: "file",
    Batch: "errors output_file_id error_file_id in_progress_at expires_at finalizing_at completed_at failed_at "
    "expired_at cancelling_at cancelled_at request_counts metadata",
    ChatCompletion: "system_fingerprint usage choices.logprobs choices.message.content choices.message.refusal",
    ChatCompletionChunk: "system_fingerprint choices.finish_reason choices.logprobs",
    Completion: "system_fingerprint choices.logprobs choices.finish_reason",
    WebhookEndpoint: "signing_secret_hint updated_at",
}
"""Fields that OpenAI's package lets be absent, and OpenAI does not."""


@dataclass(frozen=True)
class Seen:
    """An answer as it came; `asked` is the request's JSON."""

    route: tuple[str, str]
    status: int
    kind: str
    body: bytes
    asked: dict[str, Any]


@dataclass
class Wire:
    """An engine that listens, its routes, and every answer that a client got from it."""

    running: Running
    routes: list[Route]
    seen: list[Seen] = field(default_factory=list)
    client: openai.OpenAI = field(init=False)

    def note(self, response: httpx2.Response) -> None:
        response.read()
        self.add(response)

    async def note_soon(self, response: httpx2.Response) -> None:
        await response.aread()
        self.add(response)

    def add(self, response: httpx2.Response) -> None:
        request = response.request
        scope = {"type": "http", "method": request.method, "path": request.url.path}
        path = next(route.path for route in self.routes if route.matches(scope)[0] is Match.FULL)
        kind = response.headers.get("content-type", "").partition(";")[0]
        is_json = request.headers.get("content-type") == "application/json"
        asked = json.loads(request.content or b"{}") if is_json else {}
        self.seen.append(Seen((request.method, path), response.status_code, kind, response.content, asked))

    def raw(self, path: str, **body: Any) -> None:
        """Ask what the SDK cannot read strictly: OpenAI sends nulls in chunks and echoes against its own types."""
        self.note(httpx2.post(self.running.url + path, json=body, headers=AUTH, timeout=20))


def values(seen: Seen) -> Iterator[tuple[type[BaseModel] | type, Any]]:
    """Yield what an answer holds, each with the type that it must have."""
    shape = SHAPES[seen.route]
    if seen.status != 200:
        yield Refusal, json.loads(seen.body)
    elif seen.kind == "text/event-stream":
        frames = [line.removeprefix(b"data: ") for line in seen.body.split(b"\n\n") if line.startswith(b"data: ")]
        assert frames.pop() == b"[DONE]"
        counted = bool((seen.asked.get("stream_options") or {}).get("include_usage"))
        for number, line in enumerate(frames):
            chunk = json.loads(line)
            if counted:
                assert (chunk["usage"] is not None) == (number == len(frames) - 1)
            yield (Completion if shape is Completion else ChatCompletionChunk), chunk
    elif isinstance(shape, tuple):
        whole = json.loads(seen.body)
        yield shape[0], whole
        for each in whole["data"]:
            yield shape[1], each
    elif shape is not BYTES:
        yield shape, json.loads(seen.body)


def check(kind: type, value: Any) -> None:
    """Hold a value against its type, and against what must be there though the type does not say so."""
    for path in PRESENT.get(kind, "").split():
        look(value, path.split("."), f"{kind.__name__}.{path}")
    if kind is Completion:
        bend(value)
    if issubclass(kind, BaseModel):
        kind.model_validate(value, strict=True)
    else:
        assert isinstance(value, kind)


def bend(completion: dict[str, Any]) -> None:
    """Put values where OpenAI sends null against its own type: reasons before the end, odds of the first token."""
    for choice in completion["choices"]:
        choice["finish_reason"] = choice["finish_reason"] or "stop"
        told = choice["logprobs"] or {}
        if told.get("tokens") and told["token_logprobs"][0] is None:
            told["token_logprobs"][0], told["top_logprobs"][0] = 0.0, {}


def look(value: Any, path: list[str], told: str) -> None:
    if isinstance(value, list):
        for each in value:
            look(each, path, told)
    elif path:
        assert path[0] in value, f"{told} is missing in {value}"
        look(value[path[0]], path[1:], told)
