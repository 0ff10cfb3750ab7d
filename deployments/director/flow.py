"""A job's way through the stages: portrait, face, speech, segments, one file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deployments.director.canvas import keep_canvas, make_canvas
from deployments.director.filming import BEGINS, ENDS, Diverged, film
from deployments.director.fingerprint import fingerprint
from deployments.director.finish import finish
from deployments.director.marking import Marking, marking_of
from deployments.director.run import Means, Run
from deployments.director.speaking import speak
from deployments.director.track import RecordedTrack, SpokenTrack, Track
from media.face import Portrait
from media.timegrid import FRAME_RATES, TimeGrid
from serve.jobs import leases, pieces, progress
from serve.jobs.models import Job


async def make_video(means: Means, job: Job, fence: int) -> None:
    """Make the video of a claimed job, or what is missing of it. Raises AvatarError, LeaseLost."""
    run = Run(means, job, fence)
    async with asyncio.TaskGroup() as together:
        asking = together.create_task(run.patiently(means.stages.makers))
        canvas, name = await make_canvas(run)
    made_from = fingerprint(job.request, name, asking.result())
    if job.fingerprint not in (None, made_from):
        await _begin_again(run, made_from)
    # Named before it is stored, so that deleting another video of the same canvas spares it.
    await run.report(stage="video", progress=BEGINS, portrait=name, fingerprint=made_from)
    await keep_canvas(run, canvas, name)
    marking = await marking_of(run, asking.result())
    try:
        await _make(run, canvas, name, marking)
    except* Diverged:
        await _begin_again(run, made_from)
        await _make(run, canvas, name, marking)


async def _begin_again(run: Run, made_from: str) -> None:
    """From segment 0, under new keys: nothing of another making gets into this video."""
    run.job.attempt = await run.patiently(
        lambda: leases.restart(run.means.database, run.job.id, run.fence, made_from)
    )


async def _make(run: Run, canvas: Portrait, name: str, marking: Marking) -> None:
    means, job = run.means, run.job
    grid = TimeGrid(FRAME_RATES[str(job.request["fps"])])
    async with _track(run, grid) as track:
        frames = await film(run, grid, track, name)
        words = track.words if isinstance(track, SpokenTrack) else None
        await run.report(stage="finishing", progress=ENDS)
        async with run.timed("finish"):
            made = await run.patiently(
                lambda: progress.segments(means.database, job.id, job.attempt)
            )
            result = await run.patiently(
                lambda: finish(run, made, canvas, grid, frames, track, words, marking)
            )
        await run.patiently(
            lambda: progress.complete(means.database, job.id, run.fence, result, dict(run.timings))
        )
    await pieces.forget(means.database, means.artifacts, job.id)


@asynccontextmanager
async def _track(run: Run, grid: TimeGrid) -> AsyncIterator[Track]:
    """The job's sound, which grows while it is worked on."""
    if recording := run.job.request.get("audio"):
        yield RecordedTrack(run.means.artifacts, recording["key"])
        return
    async with SpokenTrack(grid) as track, asyncio.TaskGroup() as together:
        together.create_task(speak(run, track))
        yield track
