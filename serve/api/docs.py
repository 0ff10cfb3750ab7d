"""The API described as a page: Swagger UI, which comes with the service and from nowhere else."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response

from serve.api.files import OWN_ORIGIN, File, answer, served

router = APIRouter(prefix="/docs", include_in_schema=False)

_POLICY: Final = (
    *OWN_ORIGIN,
    "img-src 'self' data:",  # Swagger UI's arrows lie in its style sheet
)
_VIEWER: Final = ("swagger-ui-bundle.js", "swagger-ui.css")


@cache
def docs_files() -> Mapping[str, File]:
    """The page's own files, and those of Swagger UI that it needs, by name."""
    own = files("serve").joinpath("web", "docs")
    viewer = files("fastapi_swagger").joinpath("resources")
    return served([*own.iterdir(), *(viewer.joinpath(name) for name in _VIEWER)])


@router.get("")
@router.head("")
def get_docs(request: Request) -> Response:
    """The page."""
    return _answer(request, "index.html")


@router.get("/{name}")
@router.head("/{name}")
def get_docs_file(request: Request, name: str) -> Response:
    """What the page is made of."""
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    missing = "There is no such file: the API is described at /docs."
    return answer(request, docs_files(), name, _POLICY, missing=missing)
