"""What the routes' own signatures cannot tell about the API: bodies in two encodings, errors."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel

from serve.access.keys import Access
from serve.api.errors import STATUS
from serve.api.gate import BY_LINK, OPEN
from serve.api.views import ErrorAnswer

DESCRIPTION: Final = """\
A face and words in, a video of that face saying those words out.

Ask for a video with `POST /v1/videos`, follow it with `GET /v1/videos/{id}/events` or by looking
at `GET /v1/videos/{id}`, fetch it with `GET /v1/videos/{id}/content`. It plays while it is made:
by HLS from `GET /v1/videos/{id}/hls/index.m3u8`, or in the answer to `POST /v1/videos?stream=true`.
Errors have one shape: `{"error": {"code", "message", "param", "retryable"}}`.
"""

TAGS: Final = [
    {"name": "videos", "description": "Make videos and fetch them."},
    {"name": "avatars", "description": "Faces: the gallery's, uploaded and described ones."},
    {"name": "images", "description": "Pictures of faces alone, as OpenAI's clients ask for them."},
    {"name": "voices", "description": "Who can speak: stock voices, and cloned ones."},
    {"name": "speech", "description": "Speech alone, as OpenAI's clients ask for it."},
    {"name": "system", "description": "How the service is."},
]


EVENTS: Final = "text/event-stream"
"""Its schema would be that of one event."""
_TEXT: Final = {"type": "string"}


def errors(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can fail with these codes."""
    by_status: dict[int | str, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS.get(code, 422), []).append(f"`{code}`")
    return {
        status: {"model": ErrorAnswer, "description": ", ".join(names)}
        for status, names in by_status.items()
    }


def as_openai(responses: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route whose faults come by OpenAI's status codes."""
    described = {400 if status == 422 else status: about for status, about in responses.items()}
    # A description of 422 that is not there would be made up by FastAPI.
    return {**described, 422: {"model": ErrorAnswer, "description": "Not used: 400 is."}}


def body(
    model: type[BaseModel], *, files: tuple[str, ...], examples: dict[str, Any]
) -> dict[str, Any]:
    """The `openapi_extra` of a call that takes a model as JSON, with files also as a form."""
    form = model.model_json_schema()
    json = {
        **form,
        "properties": {k: v for k, v in form["properties"].items() if k not in files},
    }
    shown = {name: {"summary": name, "value": value} for name, value in examples.items()}
    content: dict[str, Any] = {"application/json": {"schema": json, "examples": shown}}
    if files:
        content["multipart/form-data"] = {"schema": form}
    return {"requestBody": {"required": True, "content": content}}


def form(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a call that takes a model as a form only."""
    content = {"multipart/form-data": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def binary(*types: str) -> dict[str, Any]:
    """The content of an answer that is a file."""
    file = {"schema": {"type": "string", "format": "binary"}}
    return {"content": {kind: {} if kind == EVENTS else file for kind in types}}


HEADERS: Final = {
    "parameters": [
        {"name": name, "in": "header", "required": False, "description": about, "schema": _TEXT}
        for name, about in (
            ("Range", "The part that is wanted (RFC 9110); what cannot be understood is ignored."),
            ("If-Range", "The `ETag` under which `Range` counts."),
            ("If-None-Match", "`ETag` of what is there already: 304 where it still is."),
        )
    ]
}
"""The `openapi_extra` of a call that answers a file by parts."""

PARTS: Final[dict[int | str, dict[str, Any]]] = {
    206: {"description": "The range asked for."},
    304: {"description": "It is what `If-None-Match` names."},
    416: {"model": ErrorAnswer, "description": "No such range."},
}
"""Its `responses` beside the file."""


def tell_access(app: FastAPI, access: Access) -> None:
    """Have the description say what the gate does: who needs a key, and where a link will do."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        document["components"]["securitySchemes"]["link"] = _LINK
        for path, calls in document["paths"].items():
            for method, call in calls.items():
                is_open = OPEN.fullmatch(path) and (method, path) != ("get", "/v1/session")
                if access == "open" or is_open:
                    call["security"] = []
                elif method == "get" and BY_LINK.fullmatch(path):
                    call["security"] = [*_BY_KEY, {"link": []}]
        return document

    app.openapi = described  # type: ignore[method-assign]  # as FastAPI's documentation extends it


_BY_KEY: Final[list[dict[str, list[str]]]] = [{"key": []}]
_LINK: Final = {
    "type": "apiKey",
    "in": "query",
    "name": "link",
    "description": "The token of a signed link: `POST /v1/videos/{id}/share`.",
}
