"""Handing questions to a vLLM server, where the operator has one: its answers are passed through as they come.

A base or a whole model is asked by the name under which the server serves it. A LoRA adapter is loaded there first,
by `/v1/load_lora_adapter`, if the server serves its base and was started with `VLLM_ALLOW_RUNTIME_LORA_UPDATING`; it
must see this engine's folder under the same path (https://docs.vllm.ai/en/latest/features/lora/). Whatever the server
does not serve, or cannot be reached for, is left to our own worker.

Written after vLLM's documentation and tested with a stand-in, not with vLLM itself.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
from starlette.responses import JSONResponse, Response

from lib.engine.answers.sse import event_stream, frame
from lib.engine.errors import INVALID, ApiError

LOOK_SECONDS = 5.0
FRESH_SECONDS = 30.0
"""How long what the server serves, or that it does not answer, is taken as known."""
SILENCE_SECONDS = 120.0
log = logging.getLogger(__name__)


class Vllm:
    """A vLLM server. `url` is its root, without `/v1`."""

    def __init__(self, url: str) -> None:
        self._client = httpx2.AsyncClient(
            base_url=url.rstrip("/").removesuffix("/v1"),
            timeout=httpx2.Timeout(SILENCE_SECONDS, connect=LOOK_SECONDS),
            trust_env=False,
        )
        self._served: list[dict[str, Any]] = []
        self._looked: float | None = None
        self._adapters: set[str] = set()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def answer(self, endpoint: str, body: dict[str, Any], path: Path) -> Response | None:
        """Return the server's answer to a request that has been checked; None if it is not the server's to answer."""
        try:
            name = await self._name_of(body["model"], path)
            if name is None:
                return None
            request = self._client.build_request("POST", endpoint, json=body | {"model": name})
            answer = await self._client.send(request, stream=True)
        except httpx2.HTTPError as problem:
            log.warning("vLLM does not answer (%s): our own worker does", type(problem).__name__)
            self._served, self._looked = [], time.monotonic()
            return None
        if answer.status_code == 200 and body.get("stream"):
            return event_stream(_passed_on(answer, body["model"]))
        try:
            told = json.loads(await answer.aread())
        except (ValueError, httpx2.HTTPError):
            raise ApiError(503, "The vLLM server broke off.", type="server_error", code="server_error") from None
        finally:
            await answer.aclose()
        if answer.status_code != 200:
            raise _refusal(answer.status_code, told)
        return JSONResponse(told | {"model": body["model"]})

    async def _name_of(self, model: str, path: Path) -> str | None:
        """Return what the server calls a model, loading an adapter there if need be."""
        if name := await self._serves(model, path):
            return name
        note = path / "tuneboard.json"
        if not (path / "adapter_config.json").exists() or not note.exists():
            return None
        base = Path(json.loads(note.read_text(encoding="utf-8")).get("base", ""))
        if await self._serves(base.name, base) is None:
            return None
        return await self._load(path)

    async def _serves(self, model: str, path: Path) -> str | None:
        if self._looked is None or time.monotonic() - self._looked > FRESH_SECONDS:
            told = (await self._client.get("/v1/models", timeout=LOOK_SECONDS)).raise_for_status().json()
            self._served, self._looked = told["data"], time.monotonic()
            self._adapters.clear()  # the server may have been started anew
        return next((each["id"] for each in self._served if each["id"] == model or each.get("root") == str(path)), None)

    async def _load(self, path: Path) -> str | None:
        """Load an adapter under a name that changes with its weights."""
        written = (path / "adapter_model.safetensors").stat().st_mtime_ns
        name = "tuneboard-" + hashlib.sha256(f"{path} {written}".encode()).hexdigest()[:16]
        if name in self._adapters:
            return name
        answer = await self._client.post("/v1/load_lora_adapter", json={"lora_name": name, "lora_path": str(path)})
        if answer.status_code != 200 and "already" not in answer.text:
            log.warning("vLLM does not load an adapter (status %s): our own worker does", answer.status_code)
            return None
        self._adapters.add(name)
        return name


async def _passed_on(answer: httpx2.Response, model: str) -> AsyncIterator[bytes]:
    """Yield the server's frames under our model's name. Closing this, as a reader who leaves does, ends the writing."""
    try:
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                if line:
                    yield f"{line}\n\n".encode()
                continue
            chunk = json.loads(line.removeprefix("data: "))
            yield frame(chunk | {"model": model} if "choices" in chunk else chunk)
    except (httpx2.HTTPError, ValueError):
        problem = ApiError(503, "The vLLM server broke off.", type="server_error", code="server_error")
        yield frame(problem.body())
    finally:
        await answer.aclose()


def _refusal(status: int, told: Any) -> ApiError:
    """Say a refusal of the server's in our words' shape; older servers put it at the top."""
    error = told.get("error", told) if isinstance(told, dict) else {}
    message = str(error.get("message") or "The vLLM server refused this.")
    if status >= 500 or status == 404:
        return ApiError(503, message, type="server_error", code="server_error")
    code = error.get("code")
    return ApiError(
        status, message, type=INVALID, param=error.get("param"), code=code if isinstance(code, str) else None
    )
