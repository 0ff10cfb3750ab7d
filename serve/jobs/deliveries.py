"""The outbox of webhook messages: written with the events they tell of, sent one at a time a job.

Messages of a job's status are sent in order, each until it has been taken or given up. A message of
its progress is sent once, and only if nothing newer is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from serve.jobs.database import Database, clock, now
from serve.jobs.models import Delivery, Job
from serve.jobs.urls import job_urls
from serve.storage import keys

PROGRESS: Final = "video.progress"
PROGRESS_SECONDS: Final = 0.5
"""A message of progress waits so long for a newer one to take its place."""
CLAIM_SECONDS: Final = 30.0
"""A sender that dies is followed by another after so long; longer than any try takes."""

GONE: Final = "gone"
"""Outcome of messages whose receiver wants no more of them."""

_MESSAGES_A_JOB: Final = 4  # that may be due at once without hiding other jobs'
_TOLD: Final = ("in_progress", "completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Due:
    """A message to send now, in this sender's hands."""

    id: str
    job_id: str
    url: str
    payload: dict[str, Any]
    tries: int
    """This one included."""

    @property
    def is_progress(self) -> bool:
        """True for a message that a newer one makes worthless."""
        return bool(self.payload["type"] == PROGRESS)


def tell(session: AsyncSession, job: Job, happened: str, at: float) -> None:
    """Add the message of an event, in the event's own transaction, where the job has a receiver."""
    if job.webhook_url is None:
        return
    if happened == "status" and job.status in _TOLD:
        kind, wait = f"video.{job.status}", 0.0
    elif happened in ("stage", "progress"):
        kind, wait = PROGRESS, PROGRESS_SECONDS
    else:
        return
    session.add(
        Delivery(
            id=keys.new_id("msg"),
            job_id=job.id,
            event=job.last_event,
            payload=_payload(job, kind, at),
            tries=0,
            next_try_at=at + wait,
            created_at=at,
        )
    )


def _payload(job: Job, kind: str, at: float) -> dict[str, Any]:
    return {
        "type": kind,
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        "data": {
            "id": job.id,
            "status": job.status,
            "stage": job.stage,
            "progress": job.progress,
            "error": job.error,
            "urls": job_urls(job),
            "metadata": job.meta,
        },
    }


async def claim_due(database: Database, limit: int) -> Sequence[Due]:
    """Take messages that are to be sent now, at most one a job; each is the caller's for a while.

    Where there are none it is one look at an index. What is taken and not settled comes up again.
    """
    # By this index and no other: grouping by job would walk through all that is kept.
    due = (
        select(Delivery.job_id)
        .where(Delivery.next_try_at <= now())
        .order_by(Delivery.next_try_at)
        .limit(limit * _MESSAGES_A_JOB)
    )
    async with database.read() as session:
        jobs = list(dict.fromkeys(await session.scalars(due)))[:limit]
    taken = [await _claim(database, job_id) for job_id in jobs]
    return [message for message in taken if message is not None]


async def _claim(database: Database, job_id: str) -> Due | None:
    """The message of the job whose turn it is, unless it waits or another sender has it."""
    async with database.write() as session:
        waiting = await _waiting(session, job_id)
        at = await clock(session)
        url = await session.scalar(select(Job.webhook_url).where(Job.id == job_id))
        if url is None:
            await _close(session, Delivery.job_id == job_id, GONE)
            return None
        kept = await _drop_stale(session, waiting, at)
        if not kept:
            return None
        first, *later = kept
        # Else it is on its way, or waits for its next try.
        turn = _due_at(first) <= at
        if turn:
            first.tries += 1
            first.next_try_at = at + CLAIM_SECONDS
        for row in later:  # its turn comes when the first is settled
            row.next_try_at = max(_due_at(row), _due_at(first))
        return Due(first.id, job_id, url, first.payload, first.tries) if turn else None


async def _waiting(session: AsyncSession, job_id: str) -> Sequence[Delivery]:
    """The job's messages that are not settled, in order; no other sender can take them now."""
    query = (
        select(Delivery)
        .where(Delivery.job_id == job_id, Delivery.next_try_at.is_not(None))
        .order_by(Delivery.event)
        .with_for_update()
    )
    return (await session.scalars(query)).all()


async def _drop_stale(
    session: AsyncSession, waiting: Sequence[Delivery], at: float
) -> list[Delivery]:
    """Without messages of progress that something newer follows, or whose sender died.

    The newest takes an older one's place, and its time: else a job whose messages follow each
    other quickly would send none.
    """
    kept = []
    for row in waiting:
        progress = row.payload["type"] == PROGRESS
        on_its_way = row.tries > 0 and _due_at(row) > at
        if progress and not on_its_way and (row.tries or row is not waiting[-1]):
            waiting[-1].next_try_at = min(_due_at(row), _due_at(waiting[-1]))
            await session.delete(row)
        else:
            kept.append(row)
    return kept


def _due_at(waiting: Delivery) -> float:
    assert waiting.next_try_at is not None  # noqa: S101 - what waits has a time
    return waiting.next_try_at


async def settle(database: Database, message: Due, outcome: str) -> None:
    """Note that the message was delivered, or why it is given up; the job's next one is due.

    Nothing changes where the claim ran out and another sender has the message.
    """
    async with database.write() as session:
        if await _still(session, message) is None:
            return
        if message.is_progress:
            await session.execute(delete(Delivery).where(Delivery.id == message.id))
        else:
            await _close(session, Delivery.id == message.id, outcome)
        await _bring_forward(session, message.job_id)


async def retry(database: Database, message: Due, seconds: float) -> None:
    """Have the message sent again in so many seconds; the job's later ones wait behind it."""
    async with database.write() as session:
        row = await _still(session, message)
        if row is not None:
            row.next_try_at = await clock(session) + seconds


async def stop(database: Database, message: Due) -> None:
    """Send no message of this job any more: its receiver wants none."""
    async with database.write() as session:
        # The job first, as whoever adds messages does: no two wait for each other.
        gone = update(Job).where(Job.id == message.job_id).values(webhook_url=None)
        await session.execute(gone)
        if await _still(session, message) is not None:
            await _close(session, Delivery.job_id == message.job_id, GONE)


async def outcomes(database: Database, job_id: str) -> Sequence[tuple[str, str | None]]:
    """Type and outcome of the job's messages that are kept, in order."""
    query = select(Delivery).where(Delivery.job_id == job_id).order_by(Delivery.event)
    async with database.read() as session:
        return [(row.payload["type"], row.outcome) for row in await session.scalars(query)]


async def _still(session: AsyncSession, message: Due) -> Delivery | None:
    """The message's row, held, if this try is its latest."""
    row = await session.get(Delivery, message.id, with_for_update=True)
    if row is None or row.tries != message.tries or row.next_try_at is None:
        return None
    return row


async def _close(session: AsyncSession, which: Any, outcome: str) -> None:
    await session.execute(
        update(Delivery)
        .where(which, Delivery.next_try_at.is_not(None))
        .values(next_try_at=None, outcome=outcome)
    )


async def _bring_forward(session: AsyncSession, job_id: str) -> None:
    """What waited behind a message that is settled now is due, progress at its own time."""
    at = await clock(session)
    for row in await _waiting(session, job_id):
        progress = row.payload["type"] == PROGRESS
        row.next_try_at = max(at, row.created_at + PROGRESS_SECONDS) if progress else at
