"""Spoken pieces of a job's track: a claim that takes over finds them and speaks only the rest."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from media.sound import Word
from serve.jobs.database import Database
from serve.jobs.leases import hold
from serve.jobs.models import Piece
from serve.storage import keys
from serve.storage.artifacts import Artifacts


async def add(
    database: Database,
    job_id: str,
    fence: int,
    n: int,
    key: str,
    samples: int,
    words: Sequence[Word],
) -> None:
    """Keep piece `n` of the job's present attempt, whose samples are stored under `key`.

    `samples` counts them at 48 kHz; the words' times are seconds from the piece's first sample.
    A piece that is there already stays as it is. Raises LeaseLost.
    """
    async with database.write() as session:
        job, _ = await hold(session, job_id, fence)
        if await session.get(Piece, (job.id, job.attempt, n)) is not None:
            return
        spoken = [[word.text, word.start, word.end] for word in words]
        session.add(
            Piece(job_id=job.id, attempt=job.attempt, n=n, key=key, samples=samples, words=spoken)
        )


async def of(database: Database, job_id: str, attempt: int) -> Sequence[Piece]:
    """The pieces of an attempt, in the order in which they are spoken."""
    query = select(Piece).where(Piece.job_id == job_id, Piece.attempt == attempt)
    async with database.read() as session:
        return (await session.scalars(query.order_by(Piece.n))).all()


async def forget(database: Database, artifacts: Artifacts, job_id: str) -> None:
    """Remove the pieces of a job that is over."""
    async with database.write() as session:
        await session.execute(delete(Piece).where(Piece.job_id == job_id))
    await artifacts.delete_prefix(keys.pieces(job_id))


def words(piece: Piece) -> list[Word]:
    """The piece's words, seconds from its first sample."""
    return [Word(text, start, end) for text, start, end in piece.words]
