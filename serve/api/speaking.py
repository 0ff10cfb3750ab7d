"""Speech as bytes that leave while it is spoken."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from anyio.to_thread import run_sync
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from media.errors import AvatarError
from media.flowing import Flowing
from media.marks import SourceType
from media.sound import Samples, Speech
from media.sound_encoding import RATE, SoundEncoder, open_encoder
from media.voice import Speaker
from serve.api import marking
from serve.api.streaming import Cut
from serve.jobs.faults import as_dict
from serve.stages import Stages

_AGAIN: Final = 3
"""How often a speaker that was lost in the middle is asked for the rest."""
_PAUSE: Final = 0.25  # seconds before it is, doubled each time
_AT_ONCE: Final = 48_000
"""Samples coded before their bytes leave: a second."""
_FIRST: Final = 12_000
"""Of the first bytes, which somebody waits for: a quarter of a second, more than a FLAC block."""

_SSE: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Said:
    """What is said, and how."""

    text: str
    voice: Speaker
    gain_db: float
    speed: float = 1.0


async def coded(stages: Stages, said: Said, name: str) -> AsyncGenerator[bytes, None]:
    """The speech as a file of the format `name`, as loud as in a video, in pieces of some bytes.

    Leaving the iteration early stops the speaker. Raises AvatarError.
    """
    flow, encoder = Flowing(said.gain_db, RATE), open_encoder(name)
    first = _FIRST
    async with aclosing(_spoken(stages, said)) as pieces:
        async for piece in pieces:
            for stretch in _stretches(piece.samples, first):
                if data := await run_sync(_code, flow, encoder, stretch):
                    yield data
            first = _AT_ONCE
    if data := await run_sync(_rest, flow, encoder):
        yield data


async def whole(stages: Stages, said: Said, name: str) -> bytes:
    """The same at once."""
    return b"".join([data async for data in coded(stages, said, name)])


async def _spoken(stages: Stages, said: Said) -> AsyncGenerator[Speech, None]:
    """The pieces; a speaker that is lost behind the first is asked for the rest again."""
    n = failures = 0
    while True:
        try:
            async with aclosing(stages.speak(said.text, said.voice, said.speed, n)) as pieces:
                async for piece in pieces:
                    n, failures = n + 1, 0
                    yield piece
            return
        except AvatarError as error:
            if n == 0 or error.code != "overloaded" or failures == _AGAIN:
                raise
        await asyncio.sleep(_PAUSE * 2**failures)
        failures += 1


def _stretches(samples: Samples, first: int) -> Iterator[Samples]:
    yield samples[:first]
    for at in range(first, len(samples), _AT_ONCE):
        yield samples[at : at + _AT_ONCE]


def _code(flow: Flowing, encoder: SoundEncoder, samples: Samples) -> bytes:
    return encoder.encode(flow.push(samples))


def _rest(flow: Flowing, encoder: SoundEncoder) -> bytes:
    return encoder.encode(flow.end()) + encoder.end()


class SpokenResponse(StreamingResponse):
    """An answer whose speaker stops as soon as nobody listens, whatever ends it."""

    def __init__(
        self, first: bytes, others: AsyncGenerator[bytes, None], media_type: str, *, events: bool
    ) -> None:
        self._spoken = others
        content = _together(first, others)
        super().__init__(
            _as_events(content) if events else _as_it_is(content),
            headers={
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                "X-Content-Type-Options": "nosniff",
                **marking.header(SourceType.MADE),
            },
            media_type=_SSE if events else media_type,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._spoken.aclose()


async def _together(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for data in others:
        yield data


async def _as_it_is(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Raises Cut where the speech is not whole."""
    try:
        async for data in content:
            yield data
    except AvatarError as error:
        raise _cut(error) from None


async def _as_events(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Server-sent events as OpenAI's API has them; tokens are not counted here."""
    try:
        async for data in content:
            audio = base64.b64encode(data).decode()
            yield _event("speech.audio.delta", {"audio": audio})
    except AvatarError as error:
        yield _event("error", {"error": as_dict(error)})
        raise _cut(error) from None
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    yield _event("speech.audio.done", {"usage": usage})


def _cut(error: AvatarError) -> Cut:
    return Cut(f"the speaker says {error.code}")


def _event(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()
