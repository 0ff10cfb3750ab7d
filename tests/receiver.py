"""A client's server that gets webhooks: it records what comes and answers by script."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a test's

HANG = 0
"""A status that never comes."""


@dataclass(frozen=True)
class Message:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        """What it says, once the reference implementation has found its signature good."""
        Webhook(SECRET).verify(self.body, self.headers)
        return dict(json.loads(self.body))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    answer: Callable[[Message], tuple[int, dict[str, str]]] = lambda message: (204, {})
    messages: list[Message] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    body: bytes = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?to=me"

    def types(self) -> list[str]:
        return [str(message.payload["type"]) for message in self.messages]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            message = await self._read(reader)
            self.messages.append(message)
            status, headers = self.answer(message)
            if status == HANG:
                await reader.read()  # until the sender leaves
                return
            lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(self.body)}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + self.body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # who only knocked, or left in the middle
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Message:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = head[0].split(" ")[1]
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        return Message(path, headers, body)


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None, **script: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver(**script)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def in_a_row(*answers: int) -> Callable[[Message], tuple[int, dict[str, str]]]:
    """These statuses, then 204 for ever."""
    left = list(answers)
    return lambda message: (left.pop(0) if left else 204, {})
