"""Files that come with the service, as browsers get them: packed, tagged, under a strict policy."""

import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import Request, Response

from media.errors import AvatarError
from serve.api.ranges import matches

_TYPES: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
OWN_ORIGIN: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
"""A Content-Security-Policy (https://www.w3.org/TR/CSP3/) that no page of ours goes beyond, but for
pictures and media."""


@dataclass(frozen=True, slots=True)
class File:
    """A file, ready to be sent."""

    plain: bytes
    packed: bytes
    """The same by gzip."""
    media_type: str
    etag: str


def served(found: Iterable[Traversable]) -> Mapping[str, File]:
    """Those of the files found, by name, that have a type which browsers know."""
    kinds = ((file, _TYPES.get(file.name.rpartition(".")[2])) for file in found)
    return {file.name: _file(file.read_bytes(), kind) for file, kind in kinds if kind is not None}


def _file(data: bytes, kind: str) -> File:
    return File(data, gzip.compress(data, mtime=0), kind, sha256(data).hexdigest()[:32])


def answer(
    request: Request, there: Mapping[str, File], name: str, policy: Sequence[str], *, missing: str
) -> Response:
    """The file of that name, or 304 to a browser that has it, under a Content-Security-Policy.

    Raises AvatarError `not_found` with the sentence `missing` where there is none.
    """
    file = there.get(name)
    if file is None:
        raise AvatarError("not_found", missing)
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        # Asked again each time, answered by 304: a new release shows at once and never half.
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "; ".join(policy),
        "ETag": f'"{file.etag}{"-gz" if packed else ""}"',
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(
        file.packed if packed else file.plain, headers=headers, media_type=file.media_type
    )
