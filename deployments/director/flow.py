"""A job's way through the stages: portrait, face, speech, segments, one file."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from deployments.director.finish import finish
from deployments.director.plan import lay_segments
from deployments.director.track import RecordedTrack, SpokenTrack, Track
from deployments.encode.engine import SOUND_AFTER, SOUND_BEFORE, SegmentTask
from media.face import Portrait
from media.framing import frame_portrait
from media.sound import Word
from media.timegrid import FRAME_RATES, SOUND_RATE, Segment, TimeGrid
from serve.jobs import avatars, progress, records
from serve.jobs.database import Database
from serve.jobs.faces import keep_portrait, portrait_of
from serve.jobs.models import Job
from serve.settings import Settings
from serve.stages import Stages
from serve.storage import keys
from serve.storage.artifacts import Artifacts
from serve.storage.portraits import load_portrait, save_portrait

IN_FLIGHT: Final = 3
"""Segments of one job that are worked on at once."""
CHARACTERS_A_SECOND: Final = 15.0
"""A guess of a text's length, for progress until the speech is there."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a director works with."""

    database: Database
    artifacts: Artifacts
    stages: Stages
    settings: Settings


@dataclass(slots=True)
class Run:
    """One claim of a job and what it has cost so far."""

    means: Means
    job: Job
    fence: int
    timings: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    async def report(self, **changes: object) -> None:
        """Note progress under this claim; raises LeaseLost."""
        await progress.report(
            self.means.database,
            self.job.id,
            self.fence,
            timings=dict(self.timings),
            **changes,  # type: ignore[arg-type]  # checked by report's own signature
        )

    @asynccontextmanager
    async def timed(self, stage: str) -> AsyncIterator[None]:
        """Add the block's wall time to a stage."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[stage] += 1e3 * (time.perf_counter() - began)


async def make_video(means: Means, job_id: str, fence: int) -> None:
    """Make the video of a claimed job. Raises AvatarError, LeaseLost."""
    run = Run(means, await records.get(means.database, job_id), fence)
    grid = TimeGrid(FRAME_RATES[str(run.job.request["fps"])])
    canvas, name = await _canvas(run)
    await run.report(stage="video", progress=5)
    if recording := run.job.request.get("audio"):
        track: Track = RecordedTrack(means.artifacts, recording["key"])
        frames = await _film(run, grid, track, name)
        words: list[Word] | None = None
    else:
        async with SpokenTrack(grid) as track, asyncio.TaskGroup() as together:
            together.create_task(_speak(run, track))
            frames = await _film(run, grid, track, name)
            words = track.words
    await run.report(stage="finishing", progress=95)
    async with run.timed("finish"):
        made = await progress.segments(means.database, job_id, run.job.attempt)
        result = await finish(means.artifacts, run.job, made, canvas, grid, frames, track, words)
    await progress.complete(means.database, job_id, fence, result, dict(run.timings))


async def _canvas(run: Run) -> tuple[Portrait, str]:
    """The avatar's portrait, painted first if it is only words yet, framed for this video."""
    means, request = run.means, run.job.request
    avatar = await avatars.find(means.database, run.job.avatar_id)
    if avatar is None:
        raise records.unknown_avatar()
    if avatar.portrait is None:
        await run.report(stage="portrait", progress=1)
        portrait = await _paint(run, avatar.origin["prompt"], int(avatar.origin["seed"]))
    else:
        portrait = await load_portrait(means.artifacts, avatar.portrait)
    canvas = await asyncio.to_thread(
        frame_portrait,
        portrait.rgb,
        portrait.face,
        _size(request.get("size", "auto")),
        means.settings.default_side,
    )
    # Named before it is stored, so that deleting another video of the same canvas spares it.
    await run.report(portrait=await asyncio.to_thread(canvas.content_hash))
    return canvas, await save_portrait(means.artifacts, canvas)


async def _paint(run: Run, prompt: str, seed: int) -> Portrait:
    means = run.means
    async with run.timed("portrait"):
        painting = await means.stages.paint(prompt, seed)
    async with run.timed("face"):
        portrait = await portrait_of(means.stages, painting.rgb, None, param="avatar_prompt")
    name = await keep_portrait(means.artifacts, run.job.avatar_id, portrait)
    await avatars.fill(
        means.database,
        run.job.avatar_id,
        portrait,
        name,
        words_used=list(painting.words_used),
        words_ignored=list(painting.words_ignored),
    )
    return portrait


def _size(size: str) -> tuple[int, int] | None:
    if size == "auto":
        return None
    width, height = size.split("x")
    return int(width), int(height)


async def _speak(run: Run, track: SpokenTrack) -> None:
    request = run.job.request
    pieces = run.means.stages.speak(request["text"], request["voice"], request["speed"])
    async with run.timed("speech"):
        async for piece in pieces:
            await track.append(piece)
    await track.end()


async def _film(run: Run, grid: TimeGrid, track: Track, portrait: str) -> int:
    """Have all segments encoded, a few at once, and committed. Returns the frames in all."""
    room = asyncio.Semaphore(IN_FLIGHT)
    done = total = 0
    guess = len(run.job.request.get("text") or "") / CHARACTERS_A_SECOND * float(grid.fps)

    async def make(segment: Segment) -> None:
        nonlocal done
        try:
            data = await _encode(run, grid, track, portrait, segment)
            done += segment.frames
            share = min(1.0, done / max(total, guess, 1.0))
            await _commit(run, segment, data, 5 + int(90 * share))
        finally:
            room.release()

    async with asyncio.TaskGroup() as together:
        await room.acquire()
        async for segment in lay_segments(track, grid):
            together.create_task(make(segment))
            total = segment.stop
            if segment.last:
                guess = 0.0
                await run.report(segments_total=segment.n + 1)
            await room.acquire()
    return total


async def _encode(run: Run, grid: TimeGrid, track: Track, portrait: str, segment: Segment) -> bytes:
    before, after = (int(seconds * SOUND_RATE) for seconds in (SOUND_BEFORE, SOUND_AFTER))
    first, stop = grid.sample(segment.start), grid.sample(segment.stop)
    request = run.job.request
    task = SegmentTask(
        portrait,
        grid.fps,
        segment.start,
        segment.stop,
        segment.last,
        await track.window(max(0, first - before), stop + after),
        int(request.get("seed") or 0),
        bool(request.get("life", True)),
    )
    made = await run.means.stages.encode(task)
    run.timings["lipsync"] += made.lipsync_ms
    run.timings["encode"] += made.encode_ms
    return bytes(made.data)


async def _commit(run: Run, segment: Segment, data: bytes, percent: int) -> None:
    """Store first, then name it in the record: a commit never names what is not there."""
    key = keys.segment(run.job.id, run.job.attempt, segment.n, run.fence)
    await run.means.artifacts.put(key, data)
    made = progress.Made(segment.n, segment.start, segment.stop, key, len(data))
    await progress.commit_segment(run.means.database, run.job.id, run.fence, made, progress=percent)
