"""Stages that answer from a script, and media to send, for tests of what stands before them."""

import asyncio
import io
import wave
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from media.errors import AvatarError
from media.face import Face, HeadPose, Picture, Portrait
from media.sound import Samples, Sound, Speech
from media.timegrid import SOUND_RATE
from media.voice import Speaker
from serve.api.services import Services
from serve.jobs import leases, progress, records
from serve.jobs.database import Database
from serve.jobs.models import Avatar
from serve.jobs.progress import Made
from serve.jobs.records import NewJob
from serve.storage import keys

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class FakeVoice:
    id: str
    name: str
    languages: tuple[str, ...]
    gender: str = "female"
    licence: str = "Apache-2.0"
    gain_db: float = 6.0
    engine: str = "fake"


@dataclass(frozen=True)
class FakePainting:
    rgb: Picture
    seed: int
    words_used: tuple[str, ...]
    words_ignored: tuple[str, ...]


def face_in(box: Box, width: int, height: int, *, meshed: bool) -> Face:
    """A face whose box is given in shares of the picture; eyes stand 40 % of its width apart."""
    left, top, right, bottom = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    mesh = np.zeros((478, 3), np.float32)
    mesh[:, 0], mesh[:, 1] = (left + right) / 2, (top + bottom) / 2
    mesh[[10, 152], 1] = top, bottom
    mesh[[33, 133], 0] -= 0.2 * (right - left)
    mesh[[362, 263], 0] += 0.2 * (right - left)
    mesh[[234, 454], 0] = left, right
    return Face(
        box=(left, top, right, bottom),
        score=0.9,
        pose=HeadPose(0.0, 0.0, 0.0),
        landmarks=mesh[:, :2].copy(),
        mesh=mesh if meshed else None,
        blendshapes=np.zeros(52, np.float32) if meshed else None,
    )


def portrait(side: int = 64, seed: int = 0) -> Portrait:
    rgb = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    return Portrait(rgb, face_in((0.2, 0.2, 0.8, 0.8), side, side, meshed=True))


@dataclass
class FakeStages:
    """`Stages` by script: what to find, what to fail with, how long to take."""

    boxes: Sequence[Box] = ((0.3, 0.2, 0.7, 0.8),)
    speakers: Sequence[FakeVoice] = (
        FakeVoice("anna", "Anna", ("en-US",)),
        FakeVoice("jun", "Jun", ("ja",)),
    )
    engine: str = "fake"
    director: Callable[[str], Awaitable[None]] | None = None
    voice_director: Callable[[str], Awaitable[None]] | None = None
    missing_languages: dict[str, str] = field(default_factory=dict)
    spoken_as: list[Speaker] = field(default_factory=list)
    failures: dict[str, Exception] = field(default_factory=dict)
    fail_once: set[str] = field(default_factory=set)
    delays: dict[str, float] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    nudged: list[str] = field(default_factory=list)

    async def _play(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(self.delays.get(call, 0))
        if call in self.failures:
            raise self.failures.pop(call) if call in self.fail_once else self.failures[call]

    async def paint(self, prompt: str, seed: int) -> FakePainting:
        await self._play("paint")
        rgb = np.random.default_rng(seed).integers(0, 256, (300, 256, 3), np.uint8)
        used, ignored = prompt.split()[:1], prompt.split()[1:]
        return FakePainting(rgb, seed, tuple(used), tuple(ignored))

    async def find_faces(self, picture: Picture) -> list[Face]:
        await self._play("find_faces")
        height, width = picture.shape[:2]
        return [face_in(box, width, height, meshed=False) for box in self.boxes]

    async def mesh(self, picture: Picture, face: Face) -> Face:
        await self._play("mesh")
        height, width = picture.shape[:2]
        left, top, right, bottom = face.box
        box = (left / width, top / height, right / width, bottom / height)
        return face_in(box, width, height, meshed=True)

    async def voices(self) -> Sequence[FakeVoice]:
        await self._play("voices")
        return self.speakers

    async def check_text(self, text: str, voice: Speaker) -> int:
        await self._play("check_text")
        if not any(character.isalnum() for character in text):
            raise AvatarError("empty_text", "There is nothing to pronounce.", param="text")
        return 1

    async def speak(
        self, text: str, voice: Speaker, speed: float, first: int = 0
    ) -> AsyncGenerator[Speech, None]:
        await self._play("speak")
        self.spoken_as.append(voice)
        for _ in range(first, 2):
            yield Speech(0.25 * np.ones(4800, np.float32), SOUND_RATE)

    async def encode(self, task: Any) -> Any:
        raise AssertionError("the ingress encodes nothing")

    async def run_job(self, job_id: str) -> None:
        self.nudged.append(job_id)
        await self._play("run_job")
        if self.director is not None:
            await self.director(job_id)

    async def require_cloning(self) -> None:
        await self._play("require_cloning")

    async def check_sample(self, sample: Sound, language: str) -> None:
        await self._play("check_sample")

    async def clone(self, sample: Sound, language: str) -> AsyncGenerator[Any, None]:
        raise AssertionError("the ingress clones nothing")
        yield

    async def make_voice(self, voice_id: str) -> None:
        self.nudged.append(voice_id)
        if self.voice_director is not None:
            await self.voice_director(voice_id)

    async def painter(self) -> dict[str, Any]:
        return {"state": "ready", "engine": "fakes:Brush", "options": {}, "weights": ["paint"]}

    async def speaker(self) -> dict[str, Any]:
        await self._play("speaker")
        about = {"state": "ready", "engine": self.engine, "options": {}, "weights": ["x"]}
        return {**about, "adopts": ["fake"], "missing_languages": self.missing_languages}

    async def makers(self) -> dict[str, Any]:
        await self._play("makers")
        return {"speech": {"engine": "fake"}, "encode": {"engine": "fake"}}

    async def at_zero(self, stage: str) -> bool:
        return self.states.get(stage) == "at_zero"

    async def about(self) -> dict[str, Any]:
        await self._play("about")
        names = ("portrait", "face", "speech", "lipsync", "encode", "director", "cloning")
        return {
            name: {"state": self.states.get(name, "ready"), "engine": "fake", "weights": ["x"]}
            for name in names
        }


VIDEO = bytes(range(256)) * 4000
"""What the scripted director makes: about 1 MB, every byte known."""


async def make_video(services: Services, job_id: str, segments: int = 3) -> None:
    """What a director does to a job's record and artifacts, without the work."""
    fence = await leases.claim(services.database, job_id, 30)
    assert fence is not None
    job = await records.get(services.database, job_id)
    await progress.report(
        services.database, job_id, fence, stage="video", progress=5, segments_total=segments
    )
    for n in range(segments):
        key = keys.segment(job_id, job.attempt, n, fence)
        await services.artifacts.put(key, b"segment")
        made = Made(n, n * 25, (n + 1) * 25, key, 7)
        percent = 10 + 80 * (n + 1) // segments
        await progress.commit_segment(services.database, job_id, fence, made, progress=percent)
    key = keys.result(job_id, job.attempt, "video", job.fence)
    await services.artifacts.put(key, VIDEO)
    result = {
        "files": {"video": {"key": key, "type": "video/mp4"}},
        "seconds": 3.0,
        "frames": 75,
        "width": 512,
        "height": 512,
    }
    await progress.complete(services.database, job_id, fence, result, {"encode": 12.5})


@lru_cache(maxsize=64)
def png(width: int = 320, height: int = 320, seed: int = 0) -> bytes:
    return picture_file("PNG", width, height, seed)


@lru_cache(maxsize=64)
def picture_file(kind: str, width: int = 320, height: int = 320, seed: int = 0) -> bytes:
    """Noise, without loss."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, lossless=True)
    return file.getvalue()


def tone(seconds: float = 1.0, rate: int = 16_000, level: float = 0.3) -> Samples:
    at = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * 220 * at)).astype(np.float32)


def wav(samples: Samples, rate: int = 16_000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return out.getvalue()


def avatar(name: str, *, listed: bool = False, **columns: Any) -> Avatar:
    """A new avatar's record."""
    return Avatar(id=name, kind="image", listed=listed, name="", owner="local", **columns)


def new_job(name: str, avatar_id: str, *, webhook_url: str | None = None, **inputs: Any) -> NewJob:
    request = {
        "text": "Hello.", "voice": "anna", "speed": 1.0, "audio": None, "transcript": None,
        "avatar_prompt": None, "seed": 0, "size": "auto", "fps": "25", "life": True,
        "gain_db": None, "language": "en-US", "caption_track": False,
    }  # fmt: skip
    request |= inputs
    return NewJob(id=name, request=request, avatar_id=avatar_id, webhook_url=webhook_url)


async def queue_job(database: Database, **inputs: Any) -> str:
    """A waiting job with an avatar of its own; its id."""
    name, avatar_id = keys.new_id("vid"), keys.new_id("avt")
    await records.create(
        database, new_job(name, avatar_id, **inputs), max_active=1000, avatar=avatar(avatar_id)
    )
    return name
