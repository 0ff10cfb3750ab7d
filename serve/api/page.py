"""The pages: a few files that come with the package, served as they are."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response

from serve.api.files import OWN_ORIGIN, File, answer, served

router = APIRouter(include_in_schema=False)

_POLICY: Final = (
    *OWN_ORIGIN,
    "img-src 'self' blob:",  # pictures chosen and faces painted, before they are sent
    "media-src 'self' blob:",  # MediaSource, recordings, captions
    "require-trusted-types-for 'script'",  # no text can become markup by mistake
)


@cache
def page_files() -> Mapping[str, File]:
    """The files of serve/web/ by name."""
    return served(files("serve").joinpath("web").iterdir())


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
    missing = "The page has no such file: open it at /."
    return answer(request, page_files(), name, _POLICY, missing=missing)
