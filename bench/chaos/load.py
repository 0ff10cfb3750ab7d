"""Clients of the chaos: what they ask for, and how they bear with a service that is being struck.

They try again only what the API's contract allows: a read at any time, a request that was refused
as retryable, and a creation whose answer was lost under the same Idempotency-Key.
"""

import asyncio
import io
import random
import time
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import httpx
import numpy as np

from bench.chaos.engines import NOBODY, VOICE
from bench.chaos.marks import SIDE, pieces_of, recorded_track, spoken_track
from media.sound import Samples
from media.timegrid import FRAME_RATES, SOUND_RATE, TimeGrid

OVER: Final = ("completed", "failed", "cancelled")
AVATARS: Final = ("amara", "clara", "felix", "kenji")
LOOK: Final = 0.7
"""Seconds between two looks at a video."""

Fate = Literal["keep", "cancel", "delete", "fail"]
"""What becomes of a job if nothing is lost: `fail` has an input at fault that shows late."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A video to ask for, and what it must be."""

    number: int
    fields: Mapping[str, str]
    fate: Fate = "keep"
    patience: float = 0.0
    """Seconds after which a job is cancelled or deleted."""
    seconds: float = 0.0
    """Length of the recording; 0: it is spoken."""

    @property
    def grid(self) -> TimeGrid:
        """The video's time grid."""
        return TimeGrid(FRAME_RATES[self.fields["fps"]])

    def track(self) -> Samples:
        """What must be heard, up to a gain."""
        if self.seconds:
            return recorded_track(self.number, self.seconds)
        return spoken_track(self.fields["text"], self.grid)

    def frames(self) -> int:
        """How many frames there must be."""
        return self.grid.frames_of(len(self.track()))

    def pieces(self) -> int:
        """How many pieces are spoken."""
        return len(pieces_of(self.fields.get("text", "")))


def make_wish(
    number: int,
    rng: random.Random,
    *,
    shortest: float = 0.5,
    longest: float = 20.0,
    fate: Fate | None = None,
) -> Wish:
    """A request at random: its length, its way to speech, its way to a face, its fate."""
    fate = fate or rng.choices(("keep", "cancel", "delete", "fail"), (85, 6, 6, 3))[0]
    seconds = rng.uniform(shortest, longest)
    fields = {
        "seed": str(number),
        "fps": rng.choice(("25", "25", "30", "29.97")),
        "size": f"{SIDE}x{SIDE}",
        "life": "false",
        "metadata": f'{{"number": "{number}"}}',
    }
    if fate == "fail":
        fields["avatar_prompt"] = f"{NOBODY} at all"
    elif rng.random() < 0.15:
        fields["avatar_prompt"] = "somebody friendly"
    else:
        fields["avatar"] = rng.choice(AVATARS)
    recorded = rng.random() < 0.25
    if not recorded:
        fields |= {"text": _text(number, seconds, rng), "voice": VOICE.id}
    return Wish(number, fields, fate, rng.uniform(0.0, 6.0), seconds if recorded else 0.0)


def _text(number: int, seconds: float, rng: random.Random) -> str:
    words = max(2, round(seconds / 0.243))
    sentences, first = [], f"job{number}"
    while words > 0:
        count = min(words, rng.randint(2, 12))
        sentences.append(" ".join([first, *("word" for _ in range(count - 1))]) + ".")
        words -= count
        first = "and"
    return " ".join(sentences)


class RefusedError(RuntimeError):
    """The service said no for good."""


@dataclass(slots=True)
class Trouble:
    """A request that did not go through at first."""

    time: float
    what: str
    outcome: str
    """An error's code, an HTTP status that is not ours, or the connection's fault."""


@dataclass
class Client:
    """Asks for videos and follows them. Bears with faults until `patience` seconds are over."""

    http: httpx.AsyncClient
    patience: float = 240.0
    troubles: list[Trouble] = field(default_factory=list)

    async def create(self, wish: Wish) -> str:
        """The id of the accepted video."""
        key = {"Idempotency-Key": f"chaos-{wish.number}"}
        if wish.seconds:
            files: dict[str, Any] = {"audio": ("said.wav", _wav(wish.track()), "audio/wav")}
            request: dict[str, Any] = {"data": dict(wish.fields), "files": files}
        else:
            typed = {"seed": wish.number, "fps": float(wish.fields["fps"]), "life": False}
            metadata = {"metadata": {"number": str(wish.number)}}
            request = {"json": {**wish.fields, **typed, **metadata}}
        answer = await self._patiently("POST", "/v1/videos", headers=key, **request)
        return str(answer.json()["id"])

    async def get(self, video: str) -> dict[str, Any] | None:
        """The video's record; None where there is none."""
        answer = await self._patiently("GET", f"/v1/videos/{video}", missing=True)
        return None if answer.status_code == 404 else dict(answer.json())

    async def cancel(self, video: str) -> None:
        """Stop it."""
        await self._patiently("POST", f"/v1/videos/{video}/cancel", missing=True)

    async def delete(self, video: str) -> None:
        """Remove it; a second try finds it gone."""
        await self._patiently("DELETE", f"/v1/videos/{video}", missing=True)

    async def over(self, video: str, within: float) -> dict[str, Any] | None:
        """The video once it is over; None once it is gone. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                job = await self.get(video)
                if job is None or job["status"] in OVER:
                    return job
                await asyncio.sleep(LOOK)

    async def fulfil(self, wish: Wish, within: float) -> str:
        """Ask and follow. Returns the video's id."""
        video = await self.create(wish)
        await self.follow(video, wish, within)
        return video

    async def follow(self, video: str, wish: Wish, within: float) -> None:
        """Wait until it is over, and do to it what its fate says."""
        if wish.fate in ("cancel", "delete"):
            await asyncio.sleep(wish.patience)
            await (self.cancel(video) if wish.fate == "cancel" else self.delete(video))
        await self.over(video, within)

    async def _patiently(
        self, method: str, path: str, *, missing: bool = False, **request: Any
    ) -> httpx.Response:
        """The answer; with `missing`, a 404 is one too. Raises RefusedError, TimeoutError."""
        pause = 0.2
        async with asyncio.timeout(self.patience):
            while True:
                try:
                    answer = await self.http.request(method, path, **request)
                except httpx.TransportError as error:
                    outcome = type(error).__name__
                else:
                    if answer.is_success or (missing and _code(answer) == "not_found"):
                        return answer
                    outcome = _judged(answer)
                self.troubles.append(Trouble(time.time(), f"{method} {path[:10]}", outcome))
                await asyncio.sleep(pause)
                pause = min(2.0, 1.6 * pause)


def _code(answer: httpx.Response) -> str | None:
    """The code of our own refusal; None for an answer that is not of our making."""
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return None


def _judged(answer: httpx.Response) -> str:
    """What a refusal that may be tried again is called. Raises RefusedError for any other.

    Serve's proxy answers by itself while what stands behind it is away: 500, 503, and 404 for every
    path until a new proxy knows them.
    """
    code = _code(answer)
    if code is None:
        return f"HTTP {answer.status_code}"
    error = answer.json()["error"]
    if not error["retryable"]:
        raise RefusedError(f"{code}: {error['message']}")
    return code


def _wav(samples: Samples) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        file.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())
    return out.getvalue()


@dataclass
class Probe:
    """Asks for one small thing again and again: how long is the service away for a client?"""

    http: httpx.AsyncClient
    every: float = 0.25
    longest: float = 0.0
    outages: list[tuple[float, float]] = field(default_factory=list)
    """When each began, and how long it lasted, seconds."""

    async def run(self) -> None:
        """Until cancelled."""
        good = time.time()
        away = False
        while True:
            try:
                answer = await self.http.get("/v1/videos?limit=1", timeout=5.0)
                works = answer.is_success
            except httpx.TransportError:
                works = False
            now = time.time()
            if works:
                if away:
                    self.outages.append((good, now - good))
                    self.longest = max(self.longest, now - good)
                good = now
            away = not works
            await asyncio.sleep(self.every)
