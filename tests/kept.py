"""Jobs with all that a job can have, and the sweep that removes what has had its time."""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from serve.jobs import leases, pieces, progress, records, retention
from serve.jobs.database import Database
from serve.jobs.models import Base, Delivery, Job
from serve.jobs.progress import Made
from serve.settings import Settings
from serve.storage import keys
from serve.storage.artifacts import Artifacts, open_artifacts
from serve.storage.portraits import save_portrait
from tests.conftest import files_below
from tests.fakes import avatar, new_job, portrait

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


def open_kept(database: Database, tmp_path: Path) -> Kept:
    """Over these records, its artifacts in a folder."""
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
