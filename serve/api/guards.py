"""What every answer carries for browsers' sake, and how slowly a body may come."""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from media.errors import AvatarError

_FOR_ALL: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_FOR_DATA: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
"""A browser's own player would obey it too, so media go without."""


@dataclass(frozen=True, slots=True)
class SecurityHeaders:
    """Middleware: headers that keep browsers from guessing types, framing and telling addresses.

    Those that a route sets itself stay (https://owasp.org/www-project-secure-headers/).
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add to its answer's headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_data = headers.get("content-type", "").startswith("application/json")
                for name, value in (_FOR_ALL | (_FOR_DATA if is_data else {})).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


@dataclass(frozen=True, slots=True)
class BodyPatience:
    """Middleware: a body that stands still, or takes very long, is given up.

    Reading it then raises AvatarError `invalid_request`. Else clients that send a byte now and then
    would hold a place each for as long as they like.
    """

    app: ASGIApp
    pause: float = 30.0
    """Seconds between two parts of a body."""
    whole: float = 900.0
    """Seconds for all of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body under a clock until it is in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.whole
        complete = False

        async def receive_in_time() -> Message:
            nonlocal complete
            if complete:  # what is left to come is the client's leaving
                return await receive()
            try:
                async with asyncio.timeout_at(min(loop.time() + self.pause, deadline)):
                    message = await receive()
            except TimeoutError:
                raise AvatarError(
                    "invalid_request", "The body came too slowly: send it again, in one go."
                ) from None
            complete = not message.get("more_body", False)
            return message

        await self.app(scope, receive_in_time, send)
