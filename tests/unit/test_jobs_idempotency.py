"""What is asked for twice under one key is made once, wherever the first request breaks off."""

import asyncio
import signal
import sys
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from media.errors import AvatarError
from serve.jobs import avatars, idempotency, records, retention
from serve.jobs.database import Database
from serve.jobs.idempotency import Asked, Hold, Limits, Note
from serve.storage import keys
from tests.fakes import avatar, new_job
from tests.unit.request_cut_off import ASKED, AVATAR, LIMITS

LONG = Limits(hold=30.0, keep=60.0)
SHORT = Limits(hold=0.3, keep=60.0)
LATER = 0.5


@pytest.fixture(autouse=True)
async def face(database: Database) -> None:
    await avatars.add(database, avatar(AVATAR))


async def create(database: Database, note: Note) -> str:
    new = new_job(keys.new_id("vid"), AVATAR)
    return (await records.create(database, new, max_active=100, note=note)).id


async def jobs(database: Database) -> list[str]:
    found, _ = await records.page(database, "local")
    return [job.id for job in found]


async def held(database: Database, limits: Limits = LONG, asked: Asked = ASKED) -> Hold:
    hold = await idempotency.take(database, asked, limits)
    assert isinstance(hold, Hold)
    return hold


async def test_of_many_requests_at_once_one_gets_the_key(database: Database) -> None:
    found = await asyncio.gather(*(idempotency.take(database, ASKED, LONG) for _ in range(12)))
    assert sum(isinstance(hold, Hold) for hold in found) == 1
    assert found.count(None) == 11


async def test_a_completed_key_tells_what_was_made(database: Database) -> None:
    made = await create(database, (await held(database)).complete)
    assert await idempotency.take(database, ASKED, LONG) == made


@pytest.mark.parametrize("completed", [False, True])
async def test_another_request_under_the_key_is_a_conflict(
    database: Database, completed: bool
) -> None:
    hold = await held(database)
    if completed:
        await create(database, hold.complete)
    with pytest.raises(AvatarError) as caught:
        await idempotency.take(database, replace(ASKED, request_hash="other"), LONG)
    assert caught.value.code == "idempotency_conflict"


async def test_equal_keys_of_two_owners_have_nothing_to_do_with_each_other(
    database: Database,
) -> None:
    await held(database)
    await held(database, asked=replace(ASKED, owner="somebody", request_hash="other"))


@pytest.mark.parametrize(
    ("when", "job_is_there"), [("before", False), ("within", False), ("after", True)]
)
async def test_wherever_the_first_request_is_killed_one_job_is_made(
    database: Database, database_url: str, when: str, job_is_there: bool
) -> None:
    program = [sys.executable, "-m", "tests.unit.request_cut_off", database_url, when]
    killed = await asyncio.create_subprocess_exec(*program)
    assert await killed.wait() == -signal.SIGKILL
    left = await jobs(database)
    async with asyncio.timeout(20):
        while (found := await idempotency.take(database, ASKED, LIMITS)) is None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
    made = await create(database, found.complete) if isinstance(found, Hold) else found
    assert await jobs(database) == [made]
    assert left == ([made] if job_is_there else [])


async def test_a_transaction_that_fails_after_the_key_was_completed_leaves_it_to_the_next(
    database: Database,
) -> None:
    hold = await held(database)

    async def note(session: AsyncSession, resource_id: str) -> None:
        await hold.complete(session, resource_id)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        await create(database, note)
    await idempotency.let_go(database, hold)
    made = await create(database, (await held(database)).complete)
    assert await jobs(database) == [made]


async def test_a_request_that_lost_its_key_to_another_makes_nothing(database: Database) -> None:
    slow = await held(database, SHORT)
    await asyncio.sleep(LATER)
    quick = await held(database)
    with pytest.raises(AvatarError) as caught:
        await create(database, slow.complete)
    assert (caught.value.code, caught.value.retryable) == ("not_finished", True)
    await idempotency.let_go(database, slow)
    await idempotency.renew(database, slow, 60)
    made = await create(database, quick.complete)
    with pytest.raises(AvatarError):
        await create(database, slow.complete)
    assert await jobs(database) == [made]


async def test_of_two_holders_who_complete_at_once_one_makes_a_job(database: Database) -> None:
    slow = await held(database, SHORT)
    await asyncio.sleep(LATER)
    quick = await held(database)
    outcomes = await asyncio.gather(
        *(create(database, hold.complete) for hold in (slow, quick) * 3), return_exceptions=True
    )
    made = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert await jobs(database) == made
    assert len(made) == 1


async def test_a_renewed_hold_is_not_taken_over(database: Database) -> None:
    hold = await held(database, SHORT)
    await idempotency.renew(database, hold, 30)
    await asyncio.sleep(LATER)
    assert await idempotency.take(database, ASKED, SHORT) is None


async def test_a_hold_that_ran_out_still_completes_while_nobody_took_it(
    database: Database,
) -> None:
    hold = await held(database, SHORT)
    await asyncio.sleep(LATER)
    made = await create(database, hold.complete)
    assert await idempotency.take(database, ASKED, LONG) == made


async def test_a_key_let_go_is_free_at_once_also_for_another_request(database: Database) -> None:
    await idempotency.let_go(database, await held(database))
    await held(database, asked=replace(ASKED, request_hash="other"))


async def test_a_key_let_go_too_early_is_completed_all_the_same(database: Database) -> None:
    hold = await held(database)
    await idempotency.let_go(database, hold)
    made = await create(database, hold.complete)
    await idempotency.let_go(database, hold)
    assert await idempotency.take(database, ASKED, LONG) == made


async def test_keys_are_forgotten_after_their_time(database: Database) -> None:
    await create(database, (await held(database)).complete)
    await held(database, SHORT, replace(ASKED, key="a second key"))
    assert await retention.expire_keys(database, 60) == 0
    await asyncio.sleep(LATER)
    await held(database, Limits(hold=30, keep=LATER / 2))
    assert await retention.expire_keys(database, LATER / 2) == 1
    assert await idempotency.is_known(database, "local", "a key")
    assert not await idempotency.is_known(database, "local", "a second key")
