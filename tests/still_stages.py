"""Stages whose videos are real files of a still face: what is scripted is when they fail."""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np

from deployments.encode.engine import EncodedSegment, SegmentTask
from deployments.encode.pyav import PyAV
from media.patch import Frame, Pose
from media.sound import Samples, Speech, Word
from media.timegrid import SOUND_RATE
from serve.jobs import avatars, records
from serve.jobs.database import Database
from serve.jobs.models import Avatar
from serve.storage.artifacts import Artifacts
from serve.storage.portraits import save_portrait
from tests.fakes import FakeStages, portrait

PRIVATE = "words that only the user may read"


def spoken(n: int, seconds: float) -> Samples:
    """Piece `n` of the scripted speech: a tone of its own."""
    times = np.arange(int(seconds * SOUND_RATE)) / SOUND_RATE
    return (0.2 * np.sin(2 * np.pi * (200 + 40 * n) * times)).astype(np.float32)


@dataclass
class StillStages(FakeStages):
    """Speaks tones and encodes a still face with the real encoder; fails and waits by script."""

    lengths: tuple[float, ...] = (0.7, 1.5, 1.3, 2.1, 0.9)
    """Seconds of each spoken piece."""
    hold: float = 0.0
    """Seconds that an encode call takes."""
    hold_from: int = 0
    """Frame from which on encode calls are held."""
    faults: list[Exception] = field(default_factory=list)
    """Raised by the next encode calls, one each."""
    break_off_after: int | None = None
    """The speech stream breaks off once, behind so many pieces in all."""
    engine: str = "still"
    spoken: Counter[int] = field(default_factory=Counter)
    encoded: Counter[int] = field(default_factory=Counter)
    """How often the segment that starts at a frame was encoded to its end."""
    fences: set[int] = field(default_factory=set)
    """Of the claims that asked for segments."""
    encoding: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def makers(self) -> dict[str, Any]:
        return {"encode": {"engine": self.engine}}

    async def speak(
        self, text: str, voice: str, speed: float, first: int = 0
    ) -> AsyncGenerator[Speech, None]:
        for n in range(first, len(self.lengths)):
            if n == self.break_off_after:
                self.break_off_after = None
                raise ConnectionResetError("scripted")
            self.spoken[n] += 1
            yield Speech(
                spoken(n, self.lengths[n]), SOUND_RATE, (Word(f"word{n}", 0.1, self.lengths[n]),)
            )

    async def encode(self, task: SegmentTask) -> EncodedSegment:
        self.encoding += 1
        self.fences.add(task.fence)
        self.began.set()
        try:
            if task.start >= self.hold_from:
                await asyncio.sleep(self.hold)
            if self.faults:
                raise self.faults.pop(0)
            data = await asyncio.to_thread(self._segment, task)
        finally:
            self.encoding -= 1
        self.encoded[task.start] += 1
        return EncodedSegment(data, 1.0, 1.0)

    def _segment(self, task: SegmentTask) -> bytes:
        encoder = PyAV.load({}, threads=1, preset="ultrafast")
        frames = (Frame((), Pose()) for _ in range(task.stop - task.start))
        return encoder.encode(encoder.prepare(portrait(128)), task, frames)


async def still_job(
    database: Database, artifacts: Artifacts, name: str = "1", **request: object
) -> str:
    """A job that StillStages can make, by an avatar of its own."""
    made = portrait(128)
    facts = avatars.portrait_facts(made, await save_portrait(artifacts, made))
    await avatars.add(
        database, Avatar(id=f"a_{name}", kind="image", listed=True, name="a", origin={}, **facts)
    )
    inputs = {
        "text": PRIVATE,
        "voice": "anna",
        "speed": 1.0,
        "fps": "25",
        "size": "auto",
        "seed": 0,
        "life": False,
    }
    job = records.NewJob(f"vid_{name}", inputs | request, f"a_{name}")
    await records.create(database, job, max_active=99)
    return job.id


def decoded(data: bytes) -> tuple[list[int], Samples]:
    """Times of a file's frames, in frames at 25 a second, and its sound."""
    with av.open(io.BytesIO(data)) as file:
        times = [round(float(frame.time or 0) * 25) for frame in file.decode(video=0)]
    with av.open(io.BytesIO(data)) as file:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
    return times, sound
