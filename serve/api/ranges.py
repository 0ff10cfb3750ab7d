"""Artifacts as answers, whole or by ranges (RFC 9110)."""

import re
from typing import Final

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from media.errors import AvatarError
from serve.api.errors import error_response
from serve.storage.artifacts import About, Artifacts

_RANGE: Final = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*")


def answer_file(
    request: Request,
    artifacts: Artifacts,
    key: str,
    media_type: str,
    about: About,
    headers: dict[str, str],
) -> Response:
    """The artifact, or the range of it that is asked for. `headers` has its `ETag`."""
    start, stop, status = 0, about.size, 200
    wanted = request.headers.get("range")
    unchanged = request.headers.get("if-range", headers["ETag"]) == headers["ETag"]
    if wanted is not None and unchanged and (found := _span(wanted, about.size)) is not None:
        start, stop = found
        if start >= stop:
            return _no_such_range(about.size)
        status = 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{about.size}"
    headers["Content-Length"] = str(stop - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    pieces = artifacts.stream(key, start, stop)
    return StreamingResponse(pieces, status, headers, media_type=media_type)


def _span(header: str, size: int) -> tuple[int, int] | None:
    """Bytes [start, stop) of a Range header, empty where it lies outside.

    None: to be ignored, as RFC 9110 says of what cannot be understood and allows of several
    ranges at once.
    """
    found = _RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def _no_such_range(size: int) -> Response:
    error = AvatarError("invalid_request", f"The file has {size} bytes: ask for a range of them.")
    response = error_response(error, 416)
    response.headers["Content-Range"] = f"bytes */{size}"
    return response


def matches(header: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` header says that the client has it."""
    tags = [tag.strip().removeprefix("W/") for tag in (header or "").split(",")]
    return etag in tags or "*" in tags
