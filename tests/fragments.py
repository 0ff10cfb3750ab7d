"""Real segments, coded apart as the encode stage does, and what a player makes of them."""

import io
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise

import av
import av.logging
import numpy as np

from deployments.encode.engine import SegmentTask
from deployments.encode.pyav import PyAV
from media.face import Portrait
from media.patch import Frame
from media.sound import Sound
from media.timegrid import SOUND_RATE, TimeGrid
from serve.api.services import Services
from serve.jobs import leases, progress, records
from serve.jobs.progress import Made
from serve.storage import keys
from tests.fakes import portrait

EDGES = (0, 20, 60, 75)
"""Frames where the segments of `coded` are cut."""


@cache
def coded(fps: Fraction = Fraction(25), edges: tuple[int, ...] = EDGES) -> tuple[bytes, ...]:
    """Init and fragment of each segment: a still picture and a tone."""
    engine = PyAV.load({}, threads=1)
    canvas = engine.prepare(_portrait())
    grid = TimeGrid(fps)
    at = np.arange(grid.sample(edges[-1])) / SOUND_RATE
    sound = Sound((0.2 * np.sin(2 * np.pi * 330 * at)).astype(np.float32), SOUND_RATE)
    made = []
    for start, stop in pairwise(edges):
        task = SegmentTask("", fps, start, stop, stop == edges[-1], sound)
        made.append(engine.encode(canvas, task, iter([Frame()] * (stop - start))))
    return tuple(made)


def _portrait() -> Portrait:
    """Noise with a face as wide as half of it."""
    noise = portrait(128)
    mesh = np.random.default_rng(0).uniform(32, 96, (478, 3)).astype(np.float32)
    return replace(noise, face=replace(noise.face, mesh=mesh))


async def commit(
    services: Services,
    job_id: str,
    fence: int,
    n: int,
    *,
    fps: Fraction = Fraction(25),
    edges: tuple[int, ...] = EDGES,
) -> None:
    """Store and commit segment `n`, as a director does."""
    job = await records.get(services.database, job_id)
    key = keys.segment(job_id, job.attempt, n, fence)
    data = coded(fps, edges)[n]
    await services.artifacts.put(key, data)
    made = Made(n, edges[n], edges[n + 1], key, len(data))
    await progress.commit_segment(services.database, job_id, fence, made)


async def claimed(services: Services, job_id: str) -> int:
    """The fence of a claim on a job that nobody holds."""
    fence = await leases.claim(services.database, job_id, 30)
    assert fence is not None
    return fence


async def complete(services: Services, job_id: str, fence: int) -> None:
    """Finish a job whose segments are committed."""
    result = {"files": {}, "seconds": 3.0, "frames": 75, "width": 128, "height": 128}
    await progress.complete(services.database, job_id, fence, result)


def decoded(video: bytes) -> tuple[list[Fraction], int]:
    """Times of the pictures, and where the sound ends in samples, decoded without a complaint.

    The sound has no gap; what lies before time 0 is the encoder's priming.
    """
    av.logging.set_level(av.logging.WARNING)
    with av.logging.Capture(local=False) as said:  # decoders speak from threads of their own
        with av.open(io.BytesIO(video)) as file:
            times = [frame.pts * frame.time_base for frame in file.decode(video=0)]
        with av.open(io.BytesIO(video)) as file:
            blocks = [(frame.pts, frame.samples) for frame in file.decode(audio=0)]
    av.logging.set_level(None)
    complaints = [entry for entry in said if entry[0] <= av.logging.WARNING]
    assert not complaints, complaints
    assert all(at + size == after for (at, size), (after, _) in pairwise(blocks))
    assert blocks[0][0] in (-1024, 0)
    return times, sum(blocks[-1])
