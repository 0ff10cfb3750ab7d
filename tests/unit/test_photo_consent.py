"""A photo comes with a statement where the operator demands it; it stays with the photo."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs.models import Job
from serve.jobs.retention import expire_jobs
from tests.conftest import Stored, check_refusal, nothing_is_left, until_over
from tests.fakes import FakeStages, make_video, png

CONSENT = "I, Ann Lee, am in this picture and agree that videos are made of it."
PHOTO = {"image": ("me.png", png())}
FACE = {"avatar_image": ("me.png", png())}


@pytest.fixture
async def demanding(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A server whose operator demands consent."""
    settings = services.settings.model_copy(update={"photo_consent": True})
    app = create_app(replace(services, settings=settings), access="open")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


async def video(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post("/v1/videos", data={"text": "Hi."} | fields, files=FACE)


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/avatars"])
async def test_where_it_is_demanded_a_photo_without_it_is_refused_unseen(
    demanding: httpx.AsyncClient, stages: FakeStages, stored: Stored, path: str
) -> None:
    if path == "/v1/videos":
        answer = await video(demanding)
    else:
        answer = await demanding.post(path, files=PHOTO)
    check_refusal(answer, "invalid_request", "consent")
    assert "find_faces" not in stages.calls
    await nothing_is_left(demanding, stored)


@pytest.mark.parametrize("words", ["", "yes", "yes, I do.", "1234567890123", "x" * 2001])
async def test_a_statement_is_a_sentence(demanding: httpx.AsyncClient, words: str) -> None:
    check_refusal(await video(demanding, consent=words), "invalid_request", "consent")
    kept = await demanding.post("/v1/avatars", data={"consent": words}, files=PHOTO)
    check_refusal(kept, "invalid_request", "consent")


async def test_it_is_shown_with_the_video_and_its_avatar(
    demanding: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    answer = await video(demanding, consent=f"  {CONSENT} ")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["consent"] == {"statement": CONSENT, "given_at": job["created_at"]}
    over = await until_over(demanding, job["id"])
    assert over["consent"] == job["consent"]
    avatar = (await demanding.get(f"/v1/avatars/{job['avatar']}")).json()
    assert avatar["consent"]["statement"] == CONSENT


async def test_it_is_shown_with_a_kept_avatar(demanding: httpx.AsyncClient) -> None:
    answer = await demanding.post("/v1/avatars", data={"consent": CONSENT}, files=PHOTO)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert kept["consent"] == {"statement": CONSENT, "given_at": kept["created_at"]}
    listed = (await demanding.get("/v1/avatars")).json()["data"]
    assert [one["consent"] for one in listed] == [None, None, kept["consent"]]
    used = await demanding.post("/v1/videos", json={"avatar": kept["id"], "text": "Hi."})
    assert used.json()["consent"] is None, "it was stated once, with the photo"


async def test_without_the_demand_it_is_taken_and_kept(client: httpx.AsyncClient) -> None:
    assert (await video(client)).json()["consent"] is None
    assert (await video(client, consent=CONSENT)).json()["consent"]["statement"] == CONSENT


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/videos", {"avatar": "mira", "text": "Hi."}),
        ("/v1/videos", {"avatar_prompt": "a man", "text": "Hi."}),
        ("/v1/avatars", {"prompt": "a man"}),
    ],
)
async def test_faces_that_are_nobodys_photo_need_none_and_take_none(
    demanding: httpx.AsyncClient, path: str, body: dict[str, str]
) -> None:
    assert (await demanding.post(path, json=body)).is_success
    answer = await demanding.post(path, json=body | {"consent": CONSENT})
    check_refusal(answer, "invalid_request", "consent")


async def test_looking_for_faces_keeps_nothing_and_needs_none(demanding: httpx.AsyncClient) -> None:
    assert (await demanding.post("/v1/faces", files=PHOTO)).status_code == 200


@pytest.mark.parametrize("how", ["deleted", "expired"])
async def test_it_goes_with_the_photo(
    demanding: httpx.AsyncClient, services: Services, stages: FakeStages, how: str
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    job = (await video(demanding, consent=CONSENT)).json()
    await until_over(demanding, job["id"])
    assert marks(services)
    if how == "deleted":
        await demanding.delete(f"/v1/videos/{job['id']}")
    else:
        async with services.database.write() as session:
            await session.execute(update(Job).values(expires_at=1.0))
        assert await expire_jobs(services.database, services.artifacts, 0) == 1
    assert not marks(services)


async def test_it_goes_with_a_kept_avatar(demanding: httpx.AsyncClient, services: Services) -> None:
    kept = await demanding.post("/v1/avatars", data={"consent": CONSENT}, files=PHOTO)
    assert marks(services)
    await demanding.delete(f"/v1/avatars/{kept.json()['id']}")
    assert not marks(services)


def marks(services: Services) -> list[str]:
    """Files of the service that hold the statement."""
    folder = services.settings.data_dir
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if b"Ann Lee" in path.read_bytes()]


async def test_a_repeat_under_its_key_states_the_same(demanding: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}

    async def send(consent: str) -> httpx.Response:
        form = {"text": "Hi.", "consent": consent}
        return await demanding.post("/v1/videos", data=form, files=FACE, headers=headers)

    first = await send(CONSENT)
    assert (await send(CONSENT)).json()["id"] == first.json()["id"]
    check_refusal(await send(f"{CONSENT} Indeed."), "idempotency_conflict", "Idempotency-Key", 409)


async def test_the_system_tells_whether_it_is_demanded(
    client: httpx.AsyncClient, demanding: httpx.AsyncClient
) -> None:
    assert (await client.get("/v1/system")).json()["photo_consent"] is False
    assert (await demanding.get("/v1/system")).json()["photo_consent"] is True
