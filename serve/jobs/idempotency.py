"""Idempotency keys: what a client asks for twice under one key is made once.

A key is held while its first request is under way, and completed in the very transaction that
makes what was asked for. A hold is fenced: one that ran out and was taken over completes nothing,
and what it was about to make is undone with its transaction.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs.database import Database, alone, clock, now
from serve.jobs.models import IdempotencyKey

Note = Callable[[AsyncSession, str], Awaitable[None]]
"""What is also written in the transaction that makes a thing, given the thing's id."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under a key. `request_hash` is of what it means: its path, its fields, its files.

    Keys belong to their owner: two owners' equal keys have nothing to do with each other.
    """

    owner: str
    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to do the request, until another takes the key: `taken_at` tells them apart."""

    asked: Asked
    taken_at: float

    async def complete(self, session: AsyncSession, resource_id: str) -> None:
        """Name what was made, in the transaction that makes it.

        A key that was let go is taken again, if nobody did meanwhile. Raises AvatarError
        `not_finished` where somebody did: the transaction must not be committed.
        """
        row = await _locked(session, self.asked)
        if row is None:
            row = _row(self.asked, self.taken_at)
            session.add(row)
        elif row.created_at != self.taken_at or row.resource_id is not None:
            raise under_way()
        row.resource_id = resource_id
        row.held_until = None
        await session.flush()


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: for how long a hold lasts unless renewed, and a key from its first request on."""

    hold: float
    keep: float


async def take(database: Database, asked: Asked, limits: Limits) -> Hold | str | None:
    """The right to do the request, or the id of what it made before, or None: it is under way.

    Raises AvatarError `idempotency_conflict` where the key is another request's.
    """
    async with database.read() as session:  # most repeats need no writer's turn
        found = await session.get(IdempotencyKey, (asked.owner, asked.key))
        if found is not None and not _is_free(found, await clock(session), limits):
            return _made(found, asked)
    async with database.write() as session:
        row = await _locked(session, asked)
        at = await clock(session)
        if row is None:
            row = _row(asked, at)
            session.add(row)
        elif not _is_free(row, at, limits):
            return _made(row, asked)
        row.request_hash, row.resource_id = asked.request_hash, None
        row.created_at, row.held_until = at, at + limits.hold
        return Hold(asked, at)


async def renew(database: Database, hold: Hold, seconds: float) -> None:
    """Hold on to the key for that long from now; a hold that was lost stays lost."""
    statement = update(IdempotencyKey).where(*_still(hold)).values(held_until=now() + seconds)
    async with database.write() as session:
        await session.execute(statement)


async def let_go(database: Database, hold: Hold) -> None:
    """Free the key of a request that made nothing; one that made something keeps it."""
    async with database.write() as session:
        await session.execute(delete(IdempotencyKey).where(*_still(hold)))


async def is_known(database: Database, owner: str, key: str) -> bool:
    """True where the key's request was accepted or is under way: a repeat takes no new place."""
    async with database.read() as session:
        return await session.get(IdempotencyKey, (owner, key)) is not None


def under_way() -> AvatarError:
    """The error for a key whose first request has no answer yet."""
    return AvatarError(
        "not_finished",
        "The first request under this Idempotency-Key is still worked on: try again in a moment.",
        param="Idempotency-Key",
    )


async def _locked(session: AsyncSession, asked: Asked) -> IdempotencyKey | None:
    """The key's row; nobody else takes or completes the key until the transaction ends."""
    await alone(session, f"idempotency {asked.owner} {asked.key}")
    return await session.get(IdempotencyKey, (asked.owner, asked.key), with_for_update=True)


def _row(asked: Asked, at: float) -> IdempotencyKey:
    return IdempotencyKey(
        owner=asked.owner, key=asked.key, request_hash=asked.request_hash, created_at=at
    )


def _still(hold: Hold) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.owner == hold.asked.owner,
        IdempotencyKey.key == hold.asked.key,
        IdempotencyKey.created_at == hold.taken_at,
        IdempotencyKey.resource_id.is_(None),
    )


def _is_free(row: IdempotencyKey, at: float, limits: Limits) -> bool:
    """Old, or held for a request that died."""
    died = row.resource_id is None and (row.held_until is None or row.held_until <= at)
    return died or row.created_at <= at - limits.keep


def _made(row: IdempotencyKey, asked: Asked) -> str | None:
    if row.request_hash != asked.request_hash:
        raise AvatarError(
            "idempotency_conflict",
            "This Idempotency-Key was used for another request: choose a new one for each.",
            param="Idempotency-Key",
        )
    return row.resource_id
