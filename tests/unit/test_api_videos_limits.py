"""More videos than are allowed at a time are refused, early or at the last moment."""

import asyncio
from dataclasses import replace

import httpx

from serve.api.app import create_app
from serve.api.services import Services
from tests.conftest import Stored, ask
from tests.fakes import FakeStages, png, tone, wav


async def test_more_videos_than_allowed_are_refused_with_the_time_to_wait(
    client: httpx.AsyncClient, services: Services, stored: Stored
) -> None:
    outcomes = await asyncio.gather(*(ask(client) for _ in range(12)))
    refused = [answer for answer in outcomes if answer.status_code == 429]
    assert len(refused) == 4
    assert all(answer.json()["error"]["code"] == "too_many_jobs" for answer in refused)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    before = stored()
    files = {"avatar_image": ("a", png(seed=9)), "audio": ("b", wav(tone()))}
    answer = await client.post("/v1/videos", files=files)
    assert answer.status_code == 429
    assert stored() == before


async def test_a_refusal_at_the_last_moment_leaves_no_byte(
    services: Services, stages: FakeStages, stored: Stored
) -> None:
    stages.delays["mesh"] = 0.3  # time for the place to be taken while the picture is examined
    narrow = replace(services, settings=services.settings.model_copy(update={"max_active_jobs": 1}))
    transport = httpx.ASGITransport(create_app(narrow, access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = await asyncio.gather(
            *(
                client.post(
                    "/v1/videos",
                    files={"avatar_image": ("a", png(seed=n)), "audio": ("b", wav(tone()))},
                )
                for n in range(2)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [202, 429]
    assert sorted(name.split("/")[0] for name in stored()) == ["avatars", "portraits", "uploads"]
