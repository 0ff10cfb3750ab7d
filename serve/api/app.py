"""The HTTP application, put together."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from media.marks import HEADER
from serve.access.keys import Access
from serve.api import (
    avatars,
    content,
    docs,
    errors,
    events,
    faces,
    hls,
    images,
    links,
    openapi,
    page,
    session,
    speech,
    system,
    videos,
    voices,
    webhook_docs,
)
from serve.api.gate import Gate
from serve.api.guards import BodyPatience, SecurityHeaders
from serve.api.services import Services
from serve.api.streaming import Cut
from serve.storage.keys import new_id

log = logging.getLogger(__name__)

_ROUTES: Final = (
    *(videos, content, links, hls, events),
    *(avatars, faces, images, voices, speech),
    *(session, system, page, docs),
)

_KEY: Final = Depends(
    HTTPBearer(
        scheme_name="key",
        description="An access key, made by `avatar-serve keys create`.",
        auto_error=False,
    )
)
"""For the API's description: the gate has looked at the key before."""
_TAKEN: Final = ("Authorization", "Content-Type", "Idempotency-Key", "Range", "X-Request-Id")
_SHOWN: Final = (
    *("Content-Range", HEADER, "Idempotent-Replayed", "Location", "Retry-After", "X-Request-Id"),
)
"""Headers that other pages' scripts may send and see."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def create_app(
    services: Services | Callable[[], Awaitable[Services]],
    *,
    access: Access = "keys",
    cors_origins: Sequence[str] = (),
    shows_request_id: bool = True,
    refused: Callable[[str], None] = lambda code: None,
) -> FastAPI:
    """The application over open services, or over what opens them when the server starts.

    Services that the application opened are closed by it; others are their opener's. `access` says
    whom it lets in, `cors_origins` the origins whose scripts may call it from browsers, with a key.
    `shows_request_id` is False behind a server that adds the header x-request-id itself. `refused`
    hears the code of each error that is answered.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if isinstance(services, Services):
            yield
            return
        app.state.services = await services()
        try:
            yield
        finally:
            await app.state.services.close()

    app = FastAPI(
        title="avatar-serve",
        version=version("avatar-serve"),
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        responses=openapi.errors(
            *("invalid_request", "unauthorized", "forbidden", "internal", "overloaded")
        ),
        lifespan=lifespan,
        redirect_slashes=False,
        # Serve's span of the request goes on into its stages. FastAPI's own would begin a trace of
        # its own in the middle, hold queries (tokens of links), and log exceptions whole.
        telemetry={"tracing": False, "logs": False, "auto_configure": False},
        docs_url=None,  # ours: FastAPI's comes from a server of others
        redoc_url=None,
    )
    app.state.refused = refused
    if isinstance(services, Services):
        app.state.services = services
    webhook_docs.describe(app)
    errors.install(app)
    app.add_middleware(BodyPatience)
    app.add_middleware(Gate, access=access)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=cors_origins,
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=_TAKEN,
            expose_headers=_SHOWN,
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(_RequestIds, shown=shows_request_id)
    for module in _ROUTES:
        app.include_router(module.router, dependencies=[_KEY])
    openapi.tell_access(app, access)
    return app


@dataclass(frozen=True, slots=True)
class _RequestIds:
    """Gives each request an id, and a request that breaks an answer that tells only this id."""

    app: ASGIApp
    shown: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if self.shown:
                    MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Cut as cut:
            log.info("request %s: %s", request_id, cut)
            raise  # the server cuts the connection: a half video must not look whole
        except Exception as error:
            log.error("request %s: %s", request_id, errors.where(error))
            if started:
                raise  # the server cuts the connection: a half answer must not look whole
            answer = errors.refuse(scope, errors.unexpected(error, request_id))
            await answer(scope, receive, send_with_id)
