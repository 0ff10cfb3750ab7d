"""A job's track becomes segments: encoded a few at once, committed, and never made twice."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from deployments.director.plan import lay_segments
from deployments.director.run import Run
from deployments.director.track import Track
from deployments.encode.engine import SOUND_AFTER, SOUND_BEFORE, EncodedSegment, SegmentTask
from deployments.encode.turns import FIRST
from media.timegrid import SOUND_RATE, Segment, TimeGrid
from serve.jobs import models, progress
from serve.storage import keys

log = logging.getLogger(__name__)

IN_FLIGHT: Final = 3
"""Segments of one job that are worked on at once."""
BEGINS, ENDS = 5, 95
"""Percent of the job between which its segments are made."""


class Diverged(Exception):  # noqa: N818 - a turn of events, not a fault
    """What is committed lies on other frames than what would be made now: begin again."""


@dataclass(slots=True)
class _Count:
    """Frames made, frames laid, and how many there may be in all."""

    done: int = 0
    laid: int = 0
    guess: float = 0.0

    def percent(self) -> int:
        share = min(1.0, self.done / max(self.laid, self.guess, 1.0))
        return BEGINS + int((ENDS - BEGINS) * share)


async def film(run: Run, grid: TimeGrid, track: Track, portrait: str) -> int:
    """Have all segments made that are not committed yet. Returns the frames in all.

    Raises Diverged, LeaseLost, AvatarError.
    """
    made = await _committed(run)
    count = _Count(guess=run.job.expected_seconds * float(grid.fps))
    room = asyncio.Semaphore(IN_FLIGHT)

    async def make(segment: Segment) -> None:
        began = time.time()
        try:
            data = await _encoded(run, grid, track, portrait, segment)
            await track.kept(grid.sample(segment.stop) + int(SOUND_AFTER * SOUND_RATE))
            count.done += segment.frames
            await _commit(run, segment, data, count.percent(), began)
            _measure(run, grid, segment)
        finally:
            room.release()

    async with asyncio.TaskGroup() as together:
        async for segment in lay_segments(track, grid):
            count.laid = segment.stop
            if segment.last:
                count.guess = 0.0
                await run.report(segments_total=segment.n + 1)
            if segment.n in made:
                _check(made[segment.n], segment)
                count.done += segment.frames
                continue
            await room.acquire()
            making = together.create_task(make(segment))
            if segment.n == FIRST:
                await making  # alone: what comes later would only take its processors
    return count.laid


async def _committed(run: Run) -> Mapping[int, models.Segment]:
    job = run.job
    rows = await run.patiently(lambda: progress.segments(run.means.database, job.id, job.attempt))
    return {row.n: row for row in rows}


def _check(row: models.Segment, segment: Segment) -> None:
    if (row.start, row.stop) != (segment.start, segment.stop):
        raise Diverged


async def _encoded(
    run: Run, grid: TimeGrid, track: Track, portrait: str, segment: Segment
) -> bytes:
    before, after = (int(seconds * SOUND_RATE) for seconds in (SOUND_BEFORE, SOUND_AFTER))
    first, stop = grid.sample(segment.start), grid.sample(segment.stop)
    request = run.job.request

    async def encode() -> EncodedSegment:
        sound = await track.window(max(0, first - before), stop + after)
        task = SegmentTask(
            portrait,
            grid.fps,
            segment.start,
            segment.stop,
            segment.last,
            sound,
            int(request.get("seed") or 0),
            bool(request.get("life", True)),
            urgency=segment.n,
            gain_db=request.get("gain_db"),
            fence=run.fence,
            label=bool(request.get("label")),
        )
        made: Any = await run.means.stages.encode(task)
        return EncodedSegment(made.data, made.lipsync_ms, made.encode_ms)

    if segment.n == FIRST:
        made = await run.patiently(encode)
    else:
        async with run.means.turns.turn(segment.n):
            made = await run.patiently(encode)
    run.worked("lipsync", 1e-3 * made.lipsync_ms)
    run.worked("encode", 1e-3 * made.encode_ms)
    return bytes(made.data)


async def _commit(run: Run, segment: Segment, data: bytes, percent: int, began: float) -> None:
    """Store first, then name it in the record: a commit never names what is not there."""
    means, job = run.means, run.job
    key = keys.segment(job.id, job.attempt, segment.n, run.fence)
    await run.patiently(lambda: means.artifacts.put(key, data))
    info = {"began": began}  # Unix seconds: with the row's own time, what the segment took
    made = progress.Made(segment.n, segment.start, segment.stop, key, len(data), info)
    await run.patiently(
        lambda: progress.commit_segment(means.database, job.id, run.fence, made, progress=percent)
    )


def _measure(run: Run, grid: TimeGrid, segment: Segment) -> None:
    measures = run.means.measures
    measures.filmed(grid.seconds(segment.frames))
    if segment.n == FIRST and run.job.attempt == 1:
        measures.shown(max(0.0, time.time() - run.job.created_at))
    log.info("segment %d: frames %d to %d", segment.n, segment.start, segment.stop)
