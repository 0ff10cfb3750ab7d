"""The API's page at /docs: Swagger UI, its files our own.

From a content network they could do at this origin all that its visitor may: a browser that is
signed in sends its cookie along.
"""

import base64
import re
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response
from fastapi.openapi.docs import get_swagger_ui_html

from media.errors import AvatarError

router = APIRouter(include_in_schema=False)

_FILES: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@cache
def _page() -> tuple[str, str]:
    """The page, and the policy that lets its one script in, and no other."""
    script, style = (f"/docs/{name}" for name in _FILES)
    shown = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="avatar-serve",
        swagger_js_url=script,
        swagger_css_url=style,
        swagger_favicon_url="data:,",
    )
    html = bytes(shown.body).decode()
    digests = [sha256(inner.encode()).digest() for inner in _SCRIPT.findall(html)]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    policy = (
        "default-src 'none'",
        f"script-src 'self' {allowed}",
        "style-src 'self' 'unsafe-inline'",  # it styles its parts one by one
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return html, "; ".join(policy)


@cache
def _file(name: str) -> bytes:
    return files("fastapi_offline").joinpath("static", name).read_bytes()


@router.get("/docs")
def get_docs() -> Response:
    """Every call, to be tried."""
    html, policy = _page()
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return Response(html, headers=headers, media_type="text/html")


@router.get("/docs/{name}")
def get_docs_file(name: str) -> Response:
    """What the page is made of."""
    if name not in _FILES:
        raise AvatarError("not_found", "The page has no such file: open it at /docs.")
    headers = {"Cache-Control": "max-age=3600"}
    return Response(_file(name), headers=headers, media_type=_FILES[name])
