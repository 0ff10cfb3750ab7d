"""A job's words become its track: what an earlier claim had spoken is found again."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from deployments.director.patience import Waits
from deployments.director.run import Run
from deployments.director.track import SpokenTrack
from media.sound import Speech
from serve.jobs import pieces
from serve.jobs.inputs import speaker_of
from serve.jobs.models import Piece
from serve.storage import keys
from serve.storage.sounds import BYTES_PER_SAMPLE


async def speak(run: Run, track: SpokenTrack) -> None:
    """Fill the track to its end, each piece kept as soon as it is spoken."""
    async with run.timed("speech"):
        n = await _find_again(run, track)
        async with aclosing(_spoken(run, n)) as spoken:
            async for piece in spoken:
                await _add(run, track, n, piece)
                n += 1
    await track.end()


async def _spoken(run: Run, first: int) -> AsyncGenerator[Speech, None]:
    """Pieces from number `first` on; a speaker that is lost is asked for the rest again."""
    request = run.job.request
    text, voice, speed = request["text"], speaker_of(request), request["speed"]
    waits, n = Waits(run.means.patience), first
    while True:
        try:
            async with aclosing(run.means.stages.speak(text, voice, speed, n)) as pieces_now:
                async for piece in pieces_now:
                    n += 1
                    waits.over()
                    yield piece
            return
        except Exception as error:
            await waits.after(error)


async def _find_again(run: Run, track: SpokenTrack) -> int:
    """Put pieces that are kept already on the track. Returns how many, in an unbroken row."""
    means, job = run.means, run.job
    kept = await run.patiently(lambda: pieces.of(means.database, job.id, job.attempt))
    for n, piece in enumerate(kept):
        if piece.n != n:
            return n
        await track.append_kept(await _samples(run, piece), pieces.words(piece))
    return len(kept)


async def _samples(run: Run, piece: Piece) -> bytes:
    return await run.patiently(lambda: run.means.artifacts.get(piece.key))


async def _add(run: Run, track: SpokenTrack, n: int, piece: Speech) -> None:
    """Work on the piece begins while it is stored; that is committed when the piece is kept."""
    means, job = run.means, run.job
    data = await track.append(piece)
    key = keys.piece(job.id, job.attempt, n, run.fence)
    await run.patiently(lambda: means.artifacts.put(key, data))
    samples = len(data) // BYTES_PER_SAMPLE
    await run.patiently(
        lambda: pieces.add(means.database, job.id, run.fence, n, key, samples, piece.words)
    )
    await track.keep()
