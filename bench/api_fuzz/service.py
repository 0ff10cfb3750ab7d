"""The application that is asked: its own routes, records, artifacts and decoders, scripted stages.

Videos are files of the real encoder, made once. What a director does to a record is done at once;
every fifth video fails, each with another of the faults that directors know.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import SecretStr

from deployments.encode.engine import SegmentTask
from deployments.encode.pyav import PyAV
from media.errors import AvatarError
from media.face import Face, Picture
from media.patch import Frame, Pose
from media.picture import encode_webp
from media.sound import Sound
from media.timegrid import SOUND_RATE
from serve.api.errors import STATUS
from serve.api.gallery import load_gallery
from serve.api.services import Services, open_services
from serve.jobs import avatars, leases, progress, records
from serve.jobs.models import Job
from serve.jobs.progress import Made
from serve.settings import Settings
from serve.storage import keys
from serve.storage.artifacts import Artifacts
from serve.storage.portraits import save_portrait
from tests.cloned import CloningStages, direct_voices
from tests.fakes import FakeVoice, picture_file, portrait

GALLERY: Final = ("ada", "mira")
VOICES: Final = ("anna", "jun")
SEGMENTS: Final = 2
FRAMES: Final = 3
"""Of each segment: a file of 4 kB."""

_NO_FACE: Final = 322
_TWO_FACES: Final = 324
_SMALL_FACE: Final = 326
SIDES: Final = (320, _NO_FACE, _TWO_FACES, _SMALL_FACE)
"""Of square pictures; what is found in one goes by it."""

_FAULTS: Final = (
    AvatarError("no_face", "No face came of these words: describe a person.", param="avatar"),
    AvatarError("text_too_long", "The speech gets too long: send less.", param="text"),
    AvatarError("too_large", "The recording is too long: send less.", param="audio"),
    AvatarError("weights_missing", "Weights are missing: ask the operator."),
    AvatarError("overloaded", "Too busy: try again."),
    AvatarError("internal", "Something went wrong: try again."),
    AvatarError("many_faces", "2 faces: choose one.", details={"faces": [{"box": [1, 2, 3, 4]}]}),
)

_CAPTIONS: Final = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello there.\n"


class AskedStages(CloningStages):
    """Finds as many faces as a picture's side says."""

    async def find_faces(self, picture: Picture) -> list[Face]:
        """None, one, two alike, or one that is too small."""
        one = (0.3, 0.2, 0.7, 0.8)
        self.boxes = {
            _NO_FACE: (),
            _TWO_FACES: ((0.1, 0.2, 0.4, 0.8), (0.6, 0.2, 0.9, 0.8)),
            _SMALL_FACE: ((0.5, 0.5, 0.52, 0.53),),
        }.get(picture.shape[1], (one,))
        return await super().find_faces(picture)


@lru_cache(maxsize=1)
def film() -> Sequence[bytes]:
    """The segments of every video."""
    encoder = PyAV.load({}, threads=1, preset="ultrafast")
    canvas = encoder.prepare(portrait(64))
    sound = Sound(np.zeros(SOUND_RATE, np.float32), SOUND_RATE)
    cuts = [(n * FRAMES, (n + 1) * FRAMES) for n in range(SEGMENTS)]
    return [
        encoder.encode(
            canvas,
            SegmentTask("", Fraction(25), start, stop, n == SEGMENTS - 1, sound),
            (Frame((), Pose()) for _ in range(start, stop)),
        )
        for n, (start, stop) in enumerate(cuts)
    ]


@dataclass
class Director:
    """Follows the nudges."""

    services: Services
    asked: int = 0

    async def __call__(self, job_id: str) -> None:
        """Make the video or have it fail; cancelled and removed meanwhile, it is let go."""
        self.asked += 1
        nth = self.asked
        fence = await leases.claim(self.services.database, job_id, 30)
        if fence is None:
            return
        try:
            if nth % 5:
                await self._make(job_id, fence)
            else:
                await self._fail(job_id, fence, _FAULTS[nth // 5 % len(_FAULTS)])
        except (leases.LeaseLost, AvatarError):
            return

    async def _fail(self, job_id: str, fence: int, fault: AvatarError) -> None:
        job = await records.get(self.services.database, job_id)
        if job.must_follow and STATUS.get(fault.code, 0) >= 500:
            fault = _FAULTS[0]  # a stream is answered by its fault: 5xx are left for what is found
        await progress.fail(self.services.database, job_id, fence, fault)

    async def _make(self, job_id: str, fence: int) -> None:
        database, artifacts = self.services.database, self.services.artifacts
        job = await records.get(database, job_id)
        await self._paint(job)
        await progress.report(
            database, job_id, fence, stage="video", progress=5, segments_total=SEGMENTS
        )
        for n, data in enumerate(film()):
            key = keys.segment(job_id, job.attempt, n, fence)
            await artifacts.put(key, data)
            made = Made(n, n * FRAMES, (n + 1) * FRAMES, key, len(data))
            await progress.commit_segment(database, job_id, fence, made, progress=40 * (n + 1))
            await asyncio.sleep(0)
        result = {
            "files": await _finish(artifacts, job),
            "seconds": SEGMENTS * FRAMES / 25,
            "frames": SEGMENTS * FRAMES,
            "width": 64,
            "height": 64,
        }
        await progress.complete(database, job_id, fence, result, {"encode": 12.5})

    async def _paint(self, job: Job) -> None:
        """A described face gets its picture as it is painted."""
        if job.request["avatar_prompt"] is None:
            return
        face = portrait(64)
        digest = await save_portrait(self.services.artifacts, face)
        await self.services.artifacts.put(
            keys.avatar_picture(job.avatar_id), encode_webp(face.rgb, quality=80)
        )
        await avatars.fill(self.services.database, job.avatar_id, face, digest, words_used=["face"])


async def _finish(artifacts: Artifacts, job: Job) -> dict[str, dict[str, str]]:
    files = {
        "video": (film()[0], "video/mp4"),
        "thumbnail": (encode_webp(portrait(64).rgb, quality=80), "image/webp"),
        "captions": (_CAPTIONS, "text/vtt"),
    }
    named = {}
    for variant, (data, media_type) in files.items():
        key = keys.result(job.id, job.attempt, variant, job.fence)
        await artifacts.put(key, data)
        named[variant] = {"key": key, "type": media_type}
    return named


def settings(folder: Path, database_url: str = "") -> Settings:
    """Small limits, so that they are met, and room for as many jobs as come."""
    return Settings(
        data_dir=folder / "data",
        database_url=database_url,
        storage_url=(folder / "artifacts").as_uri(),
        link_secret=SecretStr("l" * 32),
        webhook_secret=SecretStr("whsec_" + "c2VjcmV0" * 4),
        max_upload_bytes=1024 * 1024,
        max_picture_pixels=1_000_000,
        max_sound_seconds=20,
        max_text_characters=500,
        max_speech_characters=200,
        max_active_jobs=10_000,
        max_active_voices=1_000,
        max_images=3,
    )


async def opened(folder: Path, database_url: str = "") -> Services:
    """The services in an empty folder, a director behind them."""
    gallery = folder / "gallery"
    gallery.mkdir(exist_ok=True)
    for n, name in enumerate(GALLERY):
        (gallery / f"{name}.webp").write_bytes(picture_file("WEBP", seed=n + 100))
    stages = AskedStages(
        speakers=(FakeVoice("anna", "Anna", ("en-US",)), FakeVoice("jun", "Jun", ("ja",)))
    )
    services = replace(
        await open_services(settings(folder, database_url), stages), gallery=load_gallery(gallery)
    )
    stages.director = Director(services)
    direct_voices(services, stages)
    return services
