"""What is over has its time and goes then, whole; what anybody still needs stays."""

import asyncio
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from media.errors import AvatarError
from serve.jobs import avatars, leases, pieces, progress, records, removal, retention
from serve.jobs.database import Database, now
from serve.jobs.faces import restore_portrait
from serve.jobs.models import Base, Delivery, Event, IdempotencyKey, Job, Piece, Segment
from serve.jobs.naming import alone_with_portrait
from serve.jobs.progress import Made
from serve.settings import Settings
from serve.storage import keys
from serve.storage.artifacts import Artifacts, open_artifacts
from serve.storage.portraits import load_portrait, save_portrait
from tests.conftest import files_below
from tests.fakes import avatar, new_job, portrait, queue_job

KEEP = 1000.0
OLD = 7200.0
"""Seconds: older than what nobody names may get."""


@dataclass(frozen=True)
class Swept:
    """How many of each went."""

    jobs: int = 0
    keys: int = 0
    artifacts: int = 0


@dataclass
class Kept:
    """A service's records and artifacts."""

    database: Database
    artifacts: Artifacts
    folder: Path
    settings: Settings

    async def sweep(self) -> Swept:
        """All that directors do by and by."""
        settings = self.settings
        return Swept(
            await retention.expire_jobs(
                self.database, self.artifacts, settings.keep_results_seconds
            ),
            await retention.expire_keys(self.database, settings.idempotency_seconds),
            await retention.collect(self.database, self.artifacts, settings.keep_unnamed_seconds),
        )

    def files(self) -> set[str]:
        return files_below(self.folder)

    def age(self, *names: str) -> None:
        """As if these files, or all, had been written long ago."""
        for name in names or self.files():
            written = time.time() - OLD
            os.utime(self.folder / name, (written, written))

    async def change(self, job: str, **values: Any) -> None:
        async with self.database.write() as session:
            await session.execute(update(Job).where(Job.id == job).values(**values))

    async def count(self, table: type[Base]) -> int:
        async with self.database.read() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
async def kept(database: Database, tmp_path: Path) -> Kept:
    folder = tmp_path / "artifacts"
    settings = Settings(data_dir=tmp_path, keep_results_seconds=KEEP)
    there = replace(database, keep_seconds=settings.keep_results_seconds)
    return Kept(there, open_artifacts(folder.as_uri()), folder, settings)


async def made(kept: Kept, seed: int = 0, *, over: bool = True) -> str:
    """A job with all that a job can have: an upload, pieces, segments of two attempts, a result."""
    database, artifacts = kept.database, kept.artifacts
    recording, face = keys.upload(keys.new_id("snd")), portrait(64, seed)
    await artifacts.put(recording, b"sound")
    unlisted = avatar(keys.new_id("avt"), portrait=await save_portrait(artifacts, face))
    await artifacts.put(keys.avatar_picture(unlisted.id), b"picture")
    new = new_job(keys.new_id("vid"), unlisted.id, audio={"key": recording, "samples": 5})
    await records.create(database, new, max_active=99, avatar=unlisted)
    fence = await leases.claim(database, new.id, 60)
    assert fence is not None
    canvas = portrait(32, seed)
    await progress.report(database, new.id, fence, portrait=canvas.content_hash())
    await save_portrait(artifacts, canvas)
    for attempt in (1, 2):
        key = keys.segment(new.id, attempt, 0, fence)
        await artifacts.put(key, b"segment")
        await progress.commit_segment(database, new.id, fence, Made(0, 0, 25, key, 7))
        key = keys.piece(new.id, attempt, 0, fence)
        await artifacts.put(key, b"piece")
        await pieces.add(database, new.id, fence, 0, key, 9, [])
        if attempt == 1:
            await leases.restart(database, new.id, fence, "other")
    async with database.write() as session:
        told = {"id": keys.new_id("msg"), "job_id": new.id, "event": 1, "payload": {}}
        session.add(Delivery(**told, tries=0, created_at=1.0))
    if over:
        key = keys.result(new.id, 2, "video", fence)
        await artifacts.put(key, b"video")
        await progress.complete(
            database, new.id, fence, {"files": {"video": {"key": key, "type": "video/mp4"}}}
        )
    return new.id


def given_up(job: str) -> list[str]:
    """What was made for the first attempt of a job that `made` made."""
    return [keys.segment(job, 1, 0, 1), keys.piece(job, 1, 0, 1)]


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
async def test_a_job_that_is_over_knows_when_it_goes(kept: Kept, end: str) -> None:
    job = await queue_job(kept.database)
    fence = await leases.claim(kept.database, job, 60)
    assert fence is not None
    assert (await records.get(kept.database, job)).expires_at is None
    if end == "completed":
        await progress.complete(kept.database, job, fence, {"files": {}})
    elif end == "failed":
        await progress.fail(kept.database, job, fence, AvatarError("internal", "No."))
    else:
        await records.cancel(kept.database, job)
    over = await records.get(kept.database, job)
    assert over.status == end
    assert over.completed_at is not None
    assert over.expires_at == pytest.approx(over.completed_at + KEEP, abs=1)


async def test_results_may_be_kept_for_ever(kept: Kept, database: Database) -> None:
    kept.settings = Settings(data_dir=kept.folder.parent, keep_results_seconds=0)
    kept.database = database
    job = await made(kept)
    assert (await kept.sweep()).jobs == 0
    assert (await records.get(database, job)).expires_at is None


async def test_an_expired_job_goes_with_every_byte_and_row_of_it(kept: Kept) -> None:
    stays = await made(kept, seed=1)
    before = kept.files()
    goes = await made(kept, seed=2)
    assert len(kept.files() - before) == 9
    await kept.change(goes, expires_at=now() - 1)
    assert await kept.sweep() == Swept(jobs=1)
    assert kept.files() == before
    for table, rows in ((Job, 1), (Segment, 1), (Piece, 1), (Delivery, 1)):
        assert await kept.count(table) == rows
    assert (await records.get(kept.database, stays)).status == "completed"
    with pytest.raises(AvatarError):
        await records.get(kept.database, goes)
    async with kept.database.read() as session:
        assert set(await session.scalars(select(Event.job_id))) == {stays}


async def test_a_job_that_runs_never_expires(kept: Kept) -> None:
    job = await made(kept, over=False)
    await kept.change(job, expires_at=now() - 1)
    before = kept.files()
    kept.age()
    assert await kept.sweep() == Swept()
    assert kept.files() == before


async def test_a_job_that_ended_without_a_time_has_its_time_from_now_on(kept: Kept) -> None:
    job = await made(kept)
    await kept.change(job, expires_at=None, completed_at=now() - 10 * KEEP)
    assert (await kept.sweep()).jobs == 0
    found = (await records.get(kept.database, job)).expires_at
    assert found == pytest.approx(time.time() + KEEP, abs=30)


async def test_several_that_sweep_at_once_remove_everything_once(kept: Kept) -> None:
    jobs = [await made(kept, seed=n) for n in range(6)]
    for job in jobs:
        await kept.change(job, expires_at=now() - 1)
    swept = await asyncio.gather(*(kept.sweep() for _ in range(3)))
    assert sum(one.jobs for one in swept) >= 6
    assert kept.files() == set()
    assert await kept.count(Job) == 0


async def test_what_an_attempt_made_that_was_given_up_goes_once_the_job_is_over(
    kept: Kept,
) -> None:
    job = await made(kept, over=False)
    kept.age()
    assert (await kept.sweep()).artifacts == 0
    await progress.fail(kept.database, job, 1, AvatarError("internal", "No."))
    before = kept.files()
    assert (await kept.sweep()).artifacts == 2
    assert before - kept.files() == set(given_up(job))


async def test_what_a_record_names_stays_however_old(kept: Kept) -> None:
    await kept.artifacts.delete_all(given_up(await made(kept)))
    listed = portrait(48, 5)
    hers = avatar("avt_1", listed=True, portrait=await save_portrait(kept.artifacts, listed))
    await kept.artifacts.put(keys.avatar_picture("avt_1"), b"picture")
    await avatars.add(kept.database, hers)
    await kept.artifacts.put(keys.voice_preview("anna", "hello"), b"everybody's")
    before = kept.files()
    kept.age()
    assert await kept.sweep() == Swept()
    assert kept.files() == before


STRAYS = [
    "jobs/vid_gone/1/segment-000000-1.mp4",
    "uploads/snd_gone.pcm",
    "avatars/avt_gone/picture.webp",
    f"portraits/{'0' * 64}.npz",
    "jobs/vid_gone/1/segment-000001-1.mp4#1",
]


async def strays(kept: Kept, names: Iterable[str]) -> None:
    for name in names:
        (kept.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (kept.folder / name).write_bytes(b"stray")


async def test_what_no_record_names_goes_when_it_is_old_enough(kept: Kept) -> None:
    job = await made(kept)
    await kept.artifacts.delete_all(given_up(job))
    # Of a claim that lost the job: stored, never named.
    unnamed = [
        keys.segment(job, 2, 0, 9),
        keys.piece(job, 2, 1, 9),
        keys.result(job, 2, "video", 9),
    ]
    before = kept.files()
    await strays(kept, [*STRAYS, *unnamed])
    assert await kept.sweep() == Swept()
    kept.age(*before, *STRAYS[:2], unnamed[0])
    assert (await kept.sweep()).artifacts == 3
    assert kept.files() == before | {*STRAYS[2:], *unnamed[1:]}
    kept.age()
    assert (await kept.sweep()).artifacts == 5
    assert kept.files() == before


async def test_thousands_that_nobody_names_go(kept: Kept) -> None:
    before = kept.files()
    await strays(kept, (f"jobs/vid_gone/{n % 3}/segment-{n}.mp4" for n in range(2300)))
    await strays(kept, (f"uploads/snd_{n}.pcm" for n in range(1200)))
    kept.age()
    assert (await kept.sweep()).artifacts == 3500
    assert kept.files() == before


async def test_jobs_that_are_accepted_while_others_go_lose_nothing(kept: Kept) -> None:
    """All show the same face, so that removals meet a portrait that another is about to name."""
    accepted: list[str] = []

    async def accept() -> None:
        for _ in range(8):
            face = portrait(64, 1)
            name = await save_portrait(kept.artifacts, face)
            with suppress(FileNotFoundError):
                kept.age(keys.portrait(name))
            new = avatar(keys.new_id("avt"), portrait=name)
            job = new_job(keys.new_id("vid"), new.id)
            await records.create(kept.database, job, max_active=999, avatar=new)
            await restore_portrait(kept.artifacts, face, name)
            accepted.append(job.id)

    async def remove() -> None:
        for _ in range(12):
            await kept.sweep()
            if len(accepted) > 1:
                await removal.remove_job(kept.database, kept.artifacts, accepted.pop(0))

    await asyncio.gather(*(accept() for _ in range(3)), remove())
    assert accepted
    for job in accepted:
        row = await records.get(kept.database, job)
        shown = await avatars.find(kept.database, row.avatar_id)
        assert shown is not None
        assert shown.portrait is not None
        assert await kept.artifacts.exists(keys.portrait(shown.portrait))


async def test_a_portrait_that_is_just_being_named_is_not_removed(kept: Kept) -> None:
    name = await save_portrait(kept.artifacts, portrait(64, 1))
    async with kept.database.write() as session:
        await alone_with_portrait(session, name)
        named = avatar("avt_1", portrait=name)
        named.created_at = 1.0
        session.add(named)
        await session.flush()
        removing = asyncio.create_task(
            removal.drop_portraits(kept.database, kept.artifacts, [name])
        )
        await asyncio.wait({removing}, timeout=0.3)
        assert not removing.done()
    assert await removing == 0
    assert await kept.artifacts.exists(keys.portrait(name))


async def test_a_portrait_removed_before_it_was_named_is_stored_again(kept: Kept) -> None:
    face = portrait(64, 1)
    name = await save_portrait(kept.artifacts, face)
    assert await removal.drop_portraits(kept.database, kept.artifacts, [name]) == 1
    await avatars.add(kept.database, avatar("avt_1", portrait=name))
    await restore_portrait(kept.artifacts, face, name)
    assert (await load_portrait(kept.artifacts, name)).content_hash() == name
    assert await removal.drop_portraits(kept.database, kept.artifacts, [name]) == 0


async def test_idempotency_keys_are_forgotten_unless_they_are_held(kept: Kept) -> None:
    rows = {"new": (0, None), "old": (OLD, None), "held": (OLD, 60), "left": (OLD, -60)}
    kept.settings = kept.settings.model_copy(update={"idempotency_seconds": OLD / 2})
    at = time.time()
    async with kept.database.write() as session:
        for key, (age, held) in rows.items():
            session.add(
                IdempotencyKey(
                    owner="local",
                    key=key,
                    request_hash="",
                    held_until=None if held is None else at + held,
                    created_at=at - age,
                )
            )
    assert (await kept.sweep()).keys == 2
    async with kept.database.read() as session:
        assert set(await session.scalars(select(IdempotencyKey.key))) == {"new", "held"}
