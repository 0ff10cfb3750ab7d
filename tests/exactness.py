"""Videos made by the real director and encoder, and what a player shows and plays of them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from deployments.in_a_row import InARow
from deployments.loading import EngineConfig
from media.fragments import split_init
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from serve.jobs import progress, records
from serve.jobs.database import Database
from serve.jobs.models import Segment
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from serve.storage.sounds import save_sound
from tests.engines import Flasher
from tests.still_stages import still_job

ENGINES = {
    "Speech": EngineConfig(engine="tests.engines:Clicker"),
    "Lipsync": EngineConfig(engine="tests.engines:Flasher"),
}


@dataclass(frozen=True)
class Made:
    """A finished video in all the forms in which it is sent."""

    file: bytes
    init: bytes
    fragments: list[bytes]
    """What HLS sends one by one, and a stream in a row."""
    segments: Sequence[Segment]

    @property
    def stream(self) -> bytes:
        return self.init + b"".join(self.fragments)


@dataclass(frozen=True)
class Played:
    """What a player shows and plays."""

    times: list[Fraction]
    """When each frame is shown, in seconds."""
    numbers: list[int]
    """Which frame it says that it is."""
    flashes: list[int]
    """Numbers of the frames that flash."""
    sound: Samples
    start: int
    """Which sample of the track the sound begins with."""


async def make(
    database: Database,
    folder: Path,
    fps: str,
    recording: Sound | None,
    gain_db: float | None,
    encode: str = "deployments.encode.pyav:PyAV",
    **fields: object,
) -> Made:
    """A video of a recording, or of the clicking voice, through the director."""
    settings = Settings(data_dir=folder)
    artifacts = open_artifacts(settings.storage())
    request: dict[str, object] = {"fps": fps, "gain_db": gain_db, "voice": "click"} | fields
    if recording is not None:
        await save_sound(artifacts, "uploads/a.pcm", recording)
        request |= {"audio": {"key": "uploads/a.pcm", "samples": len(recording.samples)}}
        request["text"] = None
    job_id = await still_job(database, artifacts, **request)
    encoder = EngineConfig(engine=encode, options={"preset": "ultrafast"})
    stages = InARow({**ENGINES, "Encode": encoder}, settings, artifacts)
    means = Means(database, artifacts, stages, settings, Holding(database))
    await direct(means, job_id)
    job = await records.get(database, job_id)
    assert job.status == "completed", job.error
    assert job.result is not None
    segments = await progress.segments(database, job_id, job.attempt)
    parts = [split_init(await artifacts.get(segment.key)) for segment in segments]
    assert len({init for init, _ in parts}) == 1
    file = await artifacts.get(job.result["files"]["video"]["key"])
    return Made(file, parts[0][0], [media for _, media in parts], segments)


def play(data: bytes) -> Played:
    """Decode a file; its frames and its sound must follow each other without gap or repeat."""
    times, numbers, flashes = [], [], []
    with av.open(io.BytesIO(data)) as file:
        for frame in file.decode(video=0):
            luma = frame.to_ndarray()[: 2 * Flasher.SQUARE].astype(int)
            squares = luma.reshape(2, Flasher.SQUARE, 16, Flasher.SQUARE).mean(axis=(1, 3)) > 125
            number = int("".join(str(int(bit)) for bit in squares[0]), 2)
            times.append(Fraction(frame.pts) * frame.time_base)
            numbers.append(number)
            if squares[1].all():
                flashes.append(number)
    with av.open(io.BytesIO(data)) as file:
        sounds = list(file.decode(audio=0))
    at = [int(Fraction(frame.pts) * frame.time_base * SOUND_RATE) for frame in sounds]
    blocks = [frame.to_ndarray()[0] for frame in sounds]
    ends = [start + len(block) for start, block in zip(at, blocks, strict=True)]
    assert at[1:] == ends[:-1], "the sound has a gap or a repeat"
    # Before time 0 lies what primes the decoder: the edit list keeps players from playing it.
    early = max(0, -at[0])
    return Played(times, numbers, flashes, np.concatenate(blocks)[early:], at[0] + early)


def peaks(played: Played, clicks: Sequence[float]) -> list[float]:
    """Where the loudest sample lies within 10 ms of each click, in seconds."""
    found = []
    for click in clicks:
        first = round((click - 0.01) * SOUND_RATE) - played.start
        near = played.sound[max(0, first) : first + round(0.02 * SOUND_RATE)]
        found.append((max(0, first) + int(np.argmax(near)) + played.start) / SOUND_RATE)
    return found
