"""Who is let in: every request but those of a few open addresses comes under an access key.

It stands before the routes, so that a request without a key is refused before its body is read,
and a new route is closed unless it is named here.
"""

import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from media.errors import AvatarError
from serve.access import callers
from serve.access.callers import ANYBODY, Caller
from serve.access.keys import Access
from serve.api import errors

COOKIE: Final = "avatar_key"
"""Holds a browser's key, out of reach of scripts: pictures and videos can't send a header."""

OPEN: Final = re.compile(
    r"/|/web/[^/]+|/watch/[^/]+"  # the page, which shows nothing of anybody's by itself
    r"|/healthz|/readyz|/docs(/[^/]+)?|/openapi\.json"
    r"|/v1/session"  # which checks the key that it is given
    r"|/v1/images/[^/]+/[^/]+"  # painted pictures, for an hour: their addresses can not be guessed
)
"""What answers without a key."""
BY_LINK: Final = re.compile(r"/v1/videos/[^/]+/.+")
"""What a signed link may look at; its route checks it."""
_LOOKS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Gate:
    """Middleware: notes the caller in the request's state, or refuses the request.

    The caller is None at an open address, and under a signed link, which its route checks.
    """

    app: ASGIApp
    access: Access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request on to its route, or answer it (https://asgi.readthedocs.io)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["caller"] = await self._caller(scope)
        except AvatarError as error:
            answer = errors.refuse(scope, error)
            if error.code == "unauthorized":
                answer.headers["WWW-Authenticate"] = "Bearer"
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller | None:
        if self.access == "open":
            return ANYBODY
        looks = scope["method"] in _LOOKS
        path: str = scope["path"]
        if OPEN.fullmatch(path) or (looks and _comes_by_link(scope)):
            return None
        headers = Headers(scope=scope)
        caller = await callers.let_in(scope["app"].state.services.database, key_of(headers))
        callers.require(caller, "read" if looks else "write")
        if not looks and "authorization" not in headers:
            _require_own_page(headers)
        return caller


def _comes_by_link(scope: Scope) -> bool:
    return bool(BY_LINK.fullmatch(scope["path"])) and "link" in QueryParams(scope["query_string"])


def key_of(headers: Headers) -> str:
    """The key that a request brings, by header or by cookie. Raises AvatarError `unauthorized`."""
    if header := headers.get("authorization"):
        kind, _, key = header.partition(" ")
        if kind.lower() == "bearer":
            return key.strip()
    elif kept := _cookie(headers):
        return kept
    raise AvatarError(
        "unauthorized", "Send an access key: `Authorization: Bearer avk_…`, or sign in on the page."
    )


def _cookie(headers: Headers) -> str | None:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value


def _require_own_page(headers: Headers) -> None:
    """Browsers send a cookie whoever's page asks: what changes something comes from ours alone.

    `SameSite=Strict` keeps other sites out, this other ports and names of the same one
    (https://owasp.org/www-community/SameSite).
    """
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        raise AvatarError("forbidden", "Another page's scripts may not change anything here.")
