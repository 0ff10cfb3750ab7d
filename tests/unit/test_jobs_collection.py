"""What no record names goes when it is old enough; what one names, or is about to, stays."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from serve.jobs import avatars, records, removal
from serve.jobs.database import Database
from serve.jobs.faces import restore_portrait
from serve.jobs.naming import alone_with_portrait
from serve.storage import keys
from serve.storage.portraits import load_portrait, save_portrait
from tests.fakes import avatar, new_job, portrait
from tests.kept import Kept, Swept, given_up, made, open_kept


@pytest.fixture
async def kept(database: Database, tmp_path: Path) -> Kept:
    return open_kept(database, tmp_path)


async def test_what_a_record_names_stays_however_old(kept: Kept) -> None:
    await kept.artifacts.delete_all(given_up(await made(kept)))
    listed = portrait(48, 5)
    hers = avatar("avt_1", listed=True, portrait=await save_portrait(kept.artifacts, listed))
    await kept.artifacts.put(keys.avatar_picture("avt_1"), b"picture")
    await avatars.add(kept.database, hers)
    await kept.artifacts.put(keys.voice_sample("0" * 64), b"everybody's")
    before = kept.files()
    kept.age()
    assert await kept.sweep() == Swept()
    assert kept.files() == before


STRAYS = [
    "jobs/vid_gone/1/segment-000000-1.mp4",
    "uploads/snd_gone.pcm",
    "avatars/avt_gone/picture.webp",
    f"portraits/{'0' * 64}.npz",
    "images/img_gone/0.png",
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
    assert (await kept.sweep()).artifacts == 6
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
