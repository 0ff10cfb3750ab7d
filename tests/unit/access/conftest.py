"""The application behind its gate, with keys to it, and what another owner has."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import avatars
from serve.jobs.models import Job, Voice
from tests.cloned import kept_voice
from tests.fakes import avatar, make_video, queue_job
from tests.unit.access.keyed import Keyed


@pytest.fixture
async def keyed(services: Services) -> AsyncIterator[Keyed]:
    app: FastAPI = create_app(services, access="keys")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as opened:
        yield Keyed(opened, services)


@pytest.fixture
async def theirs(keyed: Keyed) -> dict[str, str]:
    """A video, an avatar and a voice of the owner "them": their ids."""
    database = keyed.services.database
    job = await queue_job(database)
    await make_video(keyed.services, job)
    voice = await kept_voice(database, keyed.services.artifacts)
    picture = avatar("avt_theirs", listed=True)
    picture.owner = "them"
    await avatars.add(database, picture)
    async with database.write() as session:
        row = await session.get(Job, job)
        spoken = await session.get(Voice, voice)
        assert row is not None
        assert spoken is not None
        row.owner = spoken.owner = "them"
    return {"video_id": job, "avatar_id": picture.id, "voice_id": voice}
