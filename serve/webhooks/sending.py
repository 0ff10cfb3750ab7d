"""One try at a message: signed, sent to a checked address, its answer's body left unread."""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, Final, Self

import httpcore
import httpx

from media.errors import AvatarError
from serve.settings import Settings
from serve.webhooks.addresses import Allowed, PrivateAddress, check_url
from serve.webhooks.connecting import CheckedNetwork
from serve.webhooks.signing import read_secrets, sign

log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5.0
TOTAL_SECONDS: Final = 10.0

_CONNECTIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a try: `status` is the receiver's, None where it gave none."""

    reason: str
    """In a word or two, for the outbox and the log; nothing of the receiver's own words."""
    status: int | None = None
    retry_after: float | None = None
    """Seconds that the receiver asked for."""

    @property
    def delivered(self) -> bool:
        """True once the receiver has the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """True where the receiver wants no more messages."""
        return self.status == 410


class Sender:
    """Sends messages. Each try has a connection of its own, so that each is checked."""

    def __init__(
        self,
        secrets: Sequence[bytes],
        allowed: Allowed,
        *,
        tls: ssl.SSLContext | None = None,
        network: CheckedNetwork | None = None,
    ) -> None:
        self._secrets = tuple(secrets)
        self._allowed = allowed
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(),
            max_connections=_CONNECTIONS,
            max_keepalive_connections=0,
            network_backend=network or CheckedNetwork(allowed.private),
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """A sender as the operator wants it."""
        return cls(
            read_secrets(settings.webhook_secret.get_secret_value()),
            Allowed(http=settings.webhook_http, private=settings.webhook_private),
        )

    async def send(self, message_id: str, url: str, payload: Mapping[str, Any]) -> Answer:
        """Try once. A fault of the way or of the receiver is an answer too; nothing is raised."""
        try:
            check_url(url, self._allowed)  # the setting may have changed since it was accepted
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._post(message_id, url, payload)
        except (PrivateAddress, AvatarError):
            return Answer("address not allowed")
        except (TimeoutError, httpcore.TimeoutException):
            return Answer("timed out")
        except (OSError, UnicodeError, httpcore.NetworkError):  # UnicodeError: of a strange name
            return Answer("not reached")
        except httpcore.ProtocolError:
            return Answer("no HTTP answer")

    async def _post(self, message_id: str, url: str, payload: Mapping[str, Any]) -> Answer:
        to = httpx.URL(url)
        content = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {
            "Host": to.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "User-Agent": f"avatar-serve/{version('avatar-serve')}",
            "Connection": "close",
            **sign(self._secrets, message_id, int(time.time()), content),
        }
        limits = {"connect": CONNECT_SECONDS, "read": TOTAL_SECONDS, "write": TOTAL_SECONDS}
        target = httpcore.URL(
            scheme=to.raw_scheme, host=to.raw_host, port=to.port, target=to.raw_path
        )
        async with self._pool.stream(
            "POST",
            target,
            headers=list(headers.items()),
            content=content,
            extensions={"timeout": limits},
        ) as response:
            told = {name.lower(): value for name, value in response.headers}
            asked = _seconds(told.get(b"retry-after", b"").decode("latin-1"))
            return Answer(f"status {response.status}", response.status, asked)

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.aclose()


def _seconds(retry_after: str) -> float | None:
    """Retry-After as seconds from now; None where it is not there or cannot be read (RFC 9110)."""
    if retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
