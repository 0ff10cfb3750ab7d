"""The object store is a server that speaks S3: it goes away and comes back, with jobs under way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from serve.jobs import records
from serve.jobs.database import Database, open_database
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.s3 import credentials, new_bucket, s3
from tests.still_stages import StillStages, decoded, still_job

SPEECH = (0.7, 1.5, 1.3, 2.1, 0.9, 2.6, 1.1)


@pytest.fixture
async def records_here(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite+aiosqlite:///{tmp_path}/records.sqlite3")
    yield opened
    await opened.close()


async def test_jobs_wait_until_the_object_store_is_back(
    records_here: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with ExitStack() as first, ExitStack() as second:
        server = first.enter_context(s3())
        for name, value in credentials(server).items():
            monkeypatch.setenv(name, value)
        artifacts = open_artifacts(f"s3://{new_bucket(server)}")
        stages = StillStages(lengths=SPEECH, hold=0.3)
        means = Means(
            records_here, artifacts, stages, Settings(data_dir=tmp_path), Holding(records_here)
        )
        jobs = [await still_job(records_here, artifacts, name) for name in ("1", "2")]
        work = [asyncio.create_task(direct(means, job)) for job in jobs]
        await asyncio.wait_for(stages.began.wait(), 20)
        await asyncio.to_thread(first.close)
        await asyncio.sleep(1.5)
        assert not any(task.done() for task in work)
        second.enter_context(s3(int(server.rsplit(":", 1)[1])))
        await asyncio.wait_for(asyncio.gather(*work), 60)
        for job in jobs:
            over = await records.get(records_here, job)
            assert (over.status, over.attempt, over.fence) == ("completed", 1, 1)
            assert over.result is not None
            frames, _ = decoded(await artifacts.get(over.result["files"]["video"]["key"]))
            assert frames == list(range(over.result["frames"]))
    assert set(stages.encoded.values()) == {2}  # each segment once for each of two jobs
