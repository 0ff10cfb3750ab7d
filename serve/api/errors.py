"""Every fault as one shape over HTTP: a status, `{"error": {...}}`, and never a traceback."""

import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from media.errors import AvatarError
from serve.jobs.faults import as_dict
from serve.storage.artifacts import is_out_of_reach

log = logging.getLogger(__name__)

STATUS: Final[Mapping[str, int]] = {
    "too_large": 413,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "idempotency_conflict": 409,
    "not_finished": 409,
    "rate_limited": 429,
    "too_many_jobs": 429,
    "overloaded": 503,
    "weights_missing": 503,
    "internal": 500,
}
"""HTTP status by code; every other code is a fault of the content, 422."""

_RETRY_SECONDS: Final[Mapping[int, int]] = {429: 5, 503: 2}
_METHODS: Final = ("GET", "HEAD", "POST", "DELETE")
"""All that routes here take."""

_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "is needed",
    "string_type": "must be a string",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be an object",
    "dataclass_exact_type": "must be a file: send this call as multipart/form-data",
    "extra_forbidden": "is not a field of this call: leave it out",
}


def error_response(error: AvatarError, status: int | None = None) -> JSONResponse:
    """The HTTP answer to an error."""
    status = status or STATUS.get(error.code, 422)
    headers = {}
    if status in _RETRY_SECONDS:
        headers["Retry-After"] = str(error.details.get("retry_after", _RETRY_SECONDS[status]))
    return JSONResponse({"error": as_dict(error)}, status, headers)


def refuse(scope: Scope, error: AvatarError, status: int | None = None) -> JSONResponse:
    """The HTTP answer to an error, which is counted by its code."""
    scope["app"].state.refused(error.code)
    return error_response(error, status)


def unexpected(error: Exception, request_id: str) -> AvatarError:
    """What no route expects, as an error: the artifacts' store away or full, or our own fault."""
    if not is_out_of_reach(error):
        return internal_error(request_id)
    sentence = "The store of videos is away or full at the moment: try again in a while."
    return AvatarError("overloaded", sentence)


def internal_error(request_id: str) -> AvatarError:
    """A fault of our own; its story is in the log under the request's id."""
    sentence = f"Something went wrong on our side: try again, or report request {request_id}."
    return AvatarError("internal", sentence, details={"request_id": request_id})


def invalid(faults: Sequence[Mapping[str, Any]]) -> AvatarError:
    """The error for what pydantic found: its first fault as a sentence."""
    fault = faults[0]
    where = [str(part) for part in fault["loc"] if part not in ("body", "query", "path")]
    words = _SENTENCES.get(fault["type"]) or _lower(str(fault["msg"]))
    name = ".".join(where) or "The body"
    return AvatarError("invalid_request", f"{name} {words}.", param=where[0] if where else None)


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:].rstrip(".")


def where(error: BaseException) -> str:
    """Type and place of an error, for the log; its message may hold a user's words."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames[-12:]))
    cause = getattr(error, "cause", None) or error.__cause__
    inner = f", caused by {type(cause).__name__}" if isinstance(cause, BaseException) else ""
    return f"{type(error).__name__}{inner} at {places}"


def install(app: FastAPI) -> None:
    """Answer every error that a route raises in the one shape."""
    app.add_exception_handler(AvatarError, _avatar_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _client_left)


async def _avatar_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AvatarError)  # noqa: S101 - registered for this type
    if error.code == "internal":
        log.error("request %s: %s", request.state.request_id, where(error))
        error = internal_error(request.state.request_id)
    return refuse(request.scope, error)


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type
    return refuse(request.scope, invalid(error.errors()))


async def _http_error(request: Request, error: Exception) -> Response:
    """What the router itself says: no such path, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type
    if error.status_code == 404:
        fault = AvatarError("not_found", "There is nothing at this address: see /docs.")
    elif error.status_code == 405:
        sentence = f"This address does not take {request.method}: see /docs."
        fault = AvatarError("invalid_request", sentence)
    else:
        fault = AvatarError("invalid_request", "The request cannot be understood: see /docs.")
    # FastAPI says 400 of a body that is no text; we say 422 of every body that is no request.
    status = 422 if error.status_code == 400 else error.status_code
    response = refuse(request.scope, fault, status)
    response.headers.update(error.headers or {})
    if error.status_code == 405:
        response.headers["Allow"] = ", ".join(_taken(request))
    return response


def _taken(request: Request) -> list[str]:
    """The methods that the address takes (RFC 9110, section 10.2.1).

    The router tells those of the first route of this path; others may have more.
    """
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]


async def _client_left(request: Request, error: Exception) -> Response:
    log.info("request %s: the client left before its body was in", request.state.request_id)
    return refuse(request.scope, AvatarError("invalid_request", "The body ended early."))
