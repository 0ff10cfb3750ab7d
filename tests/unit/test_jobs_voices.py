"""Records of cloned voices: who sees them, who writes them, and when they and their bytes go."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from media.errors import AvatarError
from serve.jobs import leases, records, removal, retention, voices
from serve.jobs.database import Database
from serve.jobs.inputs import cloned_fields
from serve.jobs.leases import LeaseLost
from serve.jobs.models import Job, Voice
from serve.jobs.voices import Made
from serve.storage import keys
from tests.cloned import kept_voice
from tests.fakes import queue_job
from tests.kept import Kept, Swept, open_kept

LONG, SHORT, LATER = 30.0, 0.15, 0.3


@pytest.fixture
async def kept(database: Database, tmp_path: Path) -> Kept:
    return open_kept(database, tmp_path)


@pytest.fixture
async def voice(kept: Kept) -> str:
    return await kept_voice(kept.database, kept.artifacts)


async def claimed(database: Database, voice: str, seconds: float = LONG) -> int:
    fence = await leases.claim(database, voice, seconds, Voice)
    assert fence is not None
    return fence


def made_at(voice: str) -> Made:
    key = keys.voice_data(voice, "0" * 64)
    return Made(key, "fake", ("en-US",), 1.5, None, False, "Apache-2.0")


async def complete(kept: Kept, voice: str) -> Made:
    fence = await claimed(kept.database, voice)
    made = made_at(voice)
    await kept.artifacts.put(made.key, b"data")
    await voices.complete(kept.database, voice, fence, made)
    await kept.artifacts.delete(keys.voice_upload(voice))
    return made


async def test_jobs_and_voices_that_wait_or_are_in_the_works_are_unfinished(
    database: Database, voice: str
) -> None:
    jobs = [await queue_job(database) for _ in range(3)]
    await leases.claim(database, jobs[0], LONG)
    await claimed(database, voice)
    assert await leases.unfinished(database) == 4
    await records.cancel(database, jobs[0])
    assert await leases.unfinished(database) == 3


async def test_a_new_voice_waits_for_a_director(database: Database, voice: str) -> None:
    found = await voices.get(database, voice)
    assert (found.status, found.progress, found.attempt) == ("in_progress", 0, 1)
    assert found.created_at > 1e9
    assert await leases.claimable(database, 10, Voice) == [voice]
    assert await leases.claimable(database) == []  # it is no job
    assert await voices.find(database, voice, "somebody else") is None


async def test_of_many_claims_at_once_one_wins(database: Database, voice: str) -> None:
    claims = [leases.claim(database, voice, LONG, Voice) for _ in range(8)]
    assert sorted(f for f in await asyncio.gather(*claims) if f is not None) == [1]


async def test_a_claim_whose_holder_died_is_taken_over(database: Database, voice: str) -> None:
    assert await claimed(database, voice, SHORT) == 1
    await asyncio.sleep(LATER)
    started = (await voices.get(database, voice)).started_at
    assert await claimed(database, voice) == 2
    taken = await voices.get(database, voice)
    assert (taken.started_at, taken.attempt, taken.idle_claims) == (started, 1, 2)


async def test_a_claim_is_given_back_renewed_and_ended_like_a_jobs(
    database: Database, voice: str
) -> None:
    fence = await claimed(database, voice, 1.0)
    await leases.renew(database, [(voice, fence)], LONG, Voice)
    assert ((await voices.get(database, voice)).lease_until or 0) > time.time() + LONG / 2
    assert await leases.claim(database, voice, LONG, Voice) is None
    assert await leases.standing(database, [(voice, fence), (voice, 9)], Voice) == {(voice, fence)}
    await leases.release(database, voice, fence, Voice)
    assert await claimed(database, voice) == 2
    await leases.end_claim(database, voice, Voice)
    assert await claimed(database, voice) == 3


async def test_attempts_are_counted_and_run_out(database: Database, voice: str) -> None:
    for attempt in (1, 2):
        fence = await claimed(database, voice)
        assert await leases.give_up(database, voice, fence, 2, Voice) is (attempt < 2)
    assert (await voices.get(database, voice)).attempt == 2


def facts(voice: Voice | None) -> object:
    """All that a director may write."""
    if voice is None:
        return None
    names = ("status", "progress", "key", "error", "attempt", "fence", "lease_until", "sample")
    return {name: getattr(voice, name) for name in names}


WRITES: dict[str, Callable[[Database, str, int], Awaitable[object]]] = {
    "report": lambda db, voice, fence: voices.report(db, voice, fence, 50),
    "complete": lambda db, voice, fence: voices.complete(db, voice, fence, made_at(voice)),
    "fail": lambda db, voice, fence: voices.fail(db, voice, fence, AvatarError("internal", "No.")),
    "give up": lambda db, voice, fence: leases.give_up(db, voice, fence, 3, Voice),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("lost", ["ran out", "taken over", "completed", "deleted"])
async def test_a_lost_claim_writes_nothing(kept: Kept, voice: str, write: str, lost: str) -> None:
    database = kept.database
    fence = await claimed(database, voice, SHORT if lost == "ran out" else LONG)
    if lost == "ran out":
        await asyncio.sleep(LATER)
    elif lost == "deleted":
        await removal.remove_voice(database, kept.artifacts, voice)
    else:
        await leases.end_claim(database, voice, Voice)
        await (complete(kept, voice) if lost == "completed" else claimed(database, voice))
    before = facts(await voices.find(database, voice))
    with pytest.raises(LeaseLost):
        await WRITES[write](database, voice, fence)
    assert facts(await voices.find(database, voice)) == before


async def test_progress_rises_to_the_end(database: Database, voice: str) -> None:
    fence = await claimed(database, voice)
    for percent, seen in ((30, 30), (10, 30), (100, 99)):
        await voices.report(database, voice, fence, percent)
        assert (await voices.get(database, voice)).progress == seen
    await voices.complete(database, voice, fence, made_at(voice))
    over = await voices.get(database, voice)
    assert (over.progress, over.status, over.sample, over.lease_until) == (
        100, "completed", None, None,
    )  # fmt: skip
    assert voices.as_cloned(over).key == made_at(voice).key
    assert await leases.claim(database, voice, LONG, Voice) is None


async def test_an_id_that_no_database_can_hold_is_nobodys_fault(database: Database) -> None:
    for look in (voices.get(database, "a\0b"), records.get(database, "a\0b")):
        with pytest.raises(AvatarError) as caught:
            await look
        assert caught.value.code in ("not_found", "invalid_request")


async def test_only_so_many_are_made_at_once(kept: Kept, voice: str) -> None:
    async with kept.database.read() as session:
        await voices.require_room(session, 2)
        with pytest.raises(AvatarError) as caught:
            await voices.require_room(session, 1)
    assert caught.value.code == "too_many_jobs"
    await complete(kept, voice)
    async with kept.database.read() as session:
        await voices.require_room(session, 1)


async def test_a_voice_in_use_stays_and_a_job_for_a_lost_one_is_refused(kept: Kept) -> None:
    database = kept.database
    used, lost = [await kept_voice(database, kept.artifacts) for _ in range(2)]
    inputs = {}
    for voice in (used, lost):
        await complete(kept, voice)
        fields = cloned_fields(voices.as_cloned(await voices.get(database, voice)))
        inputs[voice] = {"voice": voice, "cloned": fields}
    job = await queue_job(database, **inputs[used])
    with pytest.raises(AvatarError) as caught:
        await removal.remove_voice(database, kept.artifacts, used)
    assert (caught.value.code, caught.value.retryable) == ("not_finished", True)
    assert (await voices.get(database, used)).status == "completed"
    await removal.remove_voice(database, kept.artifacts, lost)
    with pytest.raises(AvatarError, match="deleted"):
        await queue_job(database, **inputs[lost])
    await records.cancel(database, job)
    await removal.remove_voice(database, kept.artifacts, used)
    assert kept.files() == set()
    assert await kept.count(Voice) == 0
    assert await kept.count(Job) == 1


async def test_what_a_voice_names_stays_however_old_and_strays_go(kept: Kept) -> None:
    database, artifacts = kept.database, kept.artifacts
    waiting, done = [await kept_voice(database, artifacts) for _ in range(2)]
    made = await complete(kept, done)
    spoken = keys.voice_spoken(done, "1" * 64)
    await artifacts.put(spoken, b"sound")
    await artifacts.put(keys.voice_sample("2" * 64), b"everybody's")
    stay = kept.files()
    strays = [
        keys.voice_data(done, "3" * 64),  # of a claim that lost the voice
        keys.voice_upload(done),  # its director died before it had removed it
        keys.voice_upload("voice_gone"),
        keys.voice_spoken("voice_gone", "4" * 64),
    ]
    for stray in strays:
        await artifacts.put(stray, b"stray")
    assert await kept.sweep() == Swept()
    kept.age()
    assert (await kept.sweep()).artifacts == len(strays)
    assert kept.files() == stay
    assert {made.key, keys.voice_upload(waiting), spoken} < stay


async def test_a_voice_that_failed_goes_with_time_and_one_that_was_made_stays(kept: Kept) -> None:
    database = kept.database
    failed, done = [await kept_voice(database, kept.artifacts) for _ in range(2)]
    fence = await claimed(database, failed)
    await voices.fail(kept.database, failed, fence, AvatarError("unusable_sample", "Noisy."))
    made = await complete(kept, done)
    assert await retention.expire_voices(database, kept.artifacts) == 0
    async with database.write() as session:
        await session.execute(update(Voice).values(expires_at=Voice.expires_at - 1e6))
    assert await retention.expire_voices(database, kept.artifacts) == 1
    assert await voices.find(database, failed) is None
    assert kept.files() == {made.key}
