"""Refusals in OpenAI's wire format: `{"error": {"message", "type", "param", "code"}}` and a status.

Promises that every refusal the engine sends is built here. Never 409: the SDK retries it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

INVALID = "invalid_request_error"


class ApiError(Exception):
    """A refusal that a client may read; `param` names the field at fault."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = INVALID,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.headers = headers

    def body(self) -> dict[str, Any]:
        """Return the JSON that goes over the wire."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        """Return the whole answer."""
        return JSONResponse(self.body(), self.status, headers=self.headers)


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """Refuse a request that can never work as it is."""
    return ApiError(400, message, param=param, code=code)


def unsupported(param: str, why: str = "") -> ApiError:
    """Refuse a field that would change the answer if it were honoured, rather than ignore it."""
    detail = f" {why}" if why else ""
    return invalid(f"This engine does not support '{param}'.{detail} Leave it out.", param, "unsupported_parameter")


def no_file(file_id: str) -> ApiError:
    """Say that there is no such file."""
    return ApiError(404, f"No such File object: {file_id}", param="id")


def no_job(job_id: str) -> ApiError:
    """Say that there is no such job."""
    return ApiError(404, f"Could not find fine tune: {job_id}", param="fine_tuning_job_id", code="fine_tune_not_found")


def no_model(model: str) -> ApiError:
    """Say that there is no such model."""
    return ApiError(404, f"The model '{model}' does not exist", param="model", code="model_not_found")


def busy(message: str, retry_after: int) -> ApiError:
    """Ask the client to come back in `retry_after` seconds."""
    return ApiError(
        429, message, type="requests", code="rate_limit_exceeded", headers={"Retry-After": str(retry_after)}
    )


def server_error(message: str, status: int = 500) -> ApiError:
    """Own up to a failure on our side."""
    return ApiError(status, message, type="server_error", code="server_error")
