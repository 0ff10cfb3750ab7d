"""The pages: a few files that come with the package, served as they are."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response

from media.errors import AvatarError
from serve.api.ranges import matches

router = APIRouter(include_in_schema=False)

_TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",  # pictures chosen and faces painted, before they are sent
        "media-src 'self' blob:",  # MediaSource, recordings, captions
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",  # no text can become markup by mistake
    )
)
_HEADERS: Final[Mapping[str, str]] = {
    # Asked again each time, answered by 304: a new release shows at once and never half.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class _File:
    plain: bytes
    packed: bytes
    media_type: str
    etag: str


@cache
def page_files() -> Mapping[str, _File]:
    """The files of serve/web/ by name."""
    found = {}
    for file in files("serve").joinpath("web").iterdir():
        kind = _TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            data = file.read_bytes()
            found[file.name] = _File(
                data, gzip.compress(data, mtime=0), kind, sha256(data).hexdigest()[:32]
            )
    return found


@router.get("/")
@router.head("/")
def get_page(request: Request) -> Response:
    """The page itself."""
    return _answer(request, "index.html")


@router.get("/watch/{video_id}")
@router.head("/watch/{video_id}")
def get_watch_page(request: Request, video_id: str) -> Response:
    """The page to which links lead: one for all; what a link opens it asks of the API itself."""
    return _answer(request, "watch.html")


@router.get("/web/{name}")
@router.head("/web/{name}")
def get_page_file(request: Request, name: str) -> Response:
    """What the page is made of."""
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    file = page_files().get(name)
    if file is None:
        raise AvatarError("not_found", "The page has no such file: open it at /.")
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {**_HEADERS, "ETag": f'"{file.etag}{"-gz" if packed else ""}"'}
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(
        file.packed if packed else file.plain, headers=headers, media_type=file.media_type
    )
