"""Spoken pieces outlive the claim that spoke them, and are kept once."""

import asyncio

import pytest

from media.sound import Word
from serve.jobs import leases, pieces
from serve.jobs.database import Database
from serve.jobs.leases import LeaseLost
from tests.fakes import queue_job

WORDS = [Word("so", 0.1, 0.35), Word("there", 0.4, 0.9)]


@pytest.fixture
async def job(database: Database) -> str:
    return await queue_job(database)


async def claimed(database: Database, job: str) -> int:
    fence = await leases.claim(database, job, 30)
    assert fence is not None
    return fence


async def test_pieces_are_found_in_order_with_their_words(database: Database, job: str) -> None:
    fence = await claimed(database, job)
    for n in (1, 0, 2):
        await pieces.add(database, job, fence, n, f"jobs/a/1/piece-{n}", 480 * n, WORDS[:n])
    found = await pieces.of(database, job, 1)
    assert [(piece.n, piece.samples) for piece in found] == [(0, 0), (1, 480), (2, 960)]
    assert [pieces.words(piece) for piece in found] == [[], WORDS[:1], WORDS]
    assert await pieces.of(database, job, 2) == []


async def test_a_piece_that_is_there_stays_as_it_is(database: Database, job: str) -> None:
    fence = await claimed(database, job)
    await asyncio.gather(
        *(pieces.add(database, job, fence, 0, f"jobs/a/1/{n}", 480, WORDS) for n in range(4))
    )
    (kept,) = await pieces.of(database, job, 1)
    await pieces.add(database, job, fence, 0, "jobs/a/1/again", 960, [])
    (still,) = await pieces.of(database, job, 1)
    assert (still.key, still.samples) == (kept.key, 480)


async def test_a_claim_that_takes_over_finds_the_pieces_and_the_old_one_adds_none(
    database: Database, job: str
) -> None:
    old = await claimed(database, job)
    await pieces.add(database, job, old, 0, "jobs/a/1/0", 480, WORDS)
    await leases.release(database, job, old)
    new = await claimed(database, job)
    with pytest.raises(LeaseLost):
        await pieces.add(database, job, old, 1, "jobs/a/1/1", 480, WORDS)
    assert len(await pieces.of(database, job, 1)) == 1
    await leases.restart(database, job, new, "other")
    await pieces.add(database, job, new, 0, "jobs/a/2/0", 960, WORDS)
    assert [piece.key for piece in await pieces.of(database, job, 2)] == ["jobs/a/2/0"]
