"""Stopping videos and removing them: no byte of theirs stays, nobody else's goes."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import avatars, leases, progress, records, removal
from serve.jobs.models import Base, Delivery
from serve.jobs.progress import Made
from serve.storage import keys
from serve.storage.portraits import save_portrait
from tests.conftest import Stored, files_below, made, until_over
from tests.fakes import FakeStages, make_video, png, portrait, tone, wav


async def test_cancel_stops_a_video_and_may_be_said_twice(client: httpx.AsyncClient) -> None:
    video = await made(client)
    for _ in range(2):
        answer = await client.post(f"/v1/videos/{video}/cancel")
        assert answer.status_code == 200
        assert answer.json()["status"] == "cancelled"


async def test_cancel_leaves_a_finished_video_as_it_is(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    video = await made(client)
    await until_over(client, video)
    assert (await client.post(f"/v1/videos/{video}/cancel")).json()["status"] == "completed"
    assert (await client.get(f"/v1/videos/{video}/content")).status_code == 200


async def test_each_video_that_a_request_stops_is_told_once(
    services: Services, stages: FakeStages
) -> None:
    reasons: list[str] = []
    transport = httpx.ASGITransport(
        create_app(replace(services, cancelled=reasons.append), access="open")
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        asked, deleted = await made(client), await made(client)
        for _ in range(2):
            await client.post(f"/v1/videos/{asked}/cancel")
        await client.delete(f"/v1/videos/{asked}")
        assert reasons == ["asked"]
        await client.delete(f"/v1/videos/{deleted}")
        stages.director = lambda job_id: make_video(services, job_id)
        over = await made(client)
        await until_over(client, over)
        await client.post(f"/v1/videos/{over}/cancel")
        await client.delete(f"/v1/videos/{over}")
    assert reasons == ["asked", "deleted"]


async def test_delete_leaves_no_byte_of_a_video(
    client: httpx.AsyncClient, services: Services, stages: FakeStages, stored: Stored
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    await made(client)  # the gallery's own portrait is there from now on
    await asyncio.sleep(0.1)
    before = stored()
    answer = await client.post(
        "/v1/videos",
        files={"avatar_image": ("a", png(seed=9)), "audio": ("b", wav(tone()))},
    )
    video = answer.json()["id"]
    await until_over(client, video)
    assert len(stored() - before) >= 7
    gone = await client.delete(f"/v1/videos/{video}")
    assert gone.json() == {"id": video, "object": "video.deleted", "deleted": True}
    assert stored() == before
    assert (await client.get(f"/v1/videos/{video}")).status_code == 404
    assert (await client.delete(f"/v1/videos/{video}")).status_code == 404
    assert (await client.get(f"/v1/avatars/{answer.json()['avatar']}")).status_code == 404


@pytest.mark.parametrize("over", [True, False])
async def test_delete_leaves_no_word_of_a_video_in_any_row_page_or_file(
    client: httpx.AsyncClient, services: Services, over: bool
) -> None:
    private = "a sentence that only its author may read"
    form = {"text": private, "metadata": json.dumps({"case": private})}
    files = {"avatar_image": ("a", png(seed=9))}
    video = (await client.post("/v1/videos", data=form, files=files)).json()["id"]
    job = await records.get(services.database, video)
    if over:
        await make_video(services, video)
    async with services.database.write() as session:
        payload = {"type": "video.completed", "data": {"id": video, "metadata": private}}
        session.add(
            Delivery(id="msg_1", job_id=video, event=1, payload=payload, tries=0, created_at=1.0)
        )
    names = (video, job.avatar_id, private, "msg_1")
    assert set(names) == set(await _found(services, names)), "there is something to remove"
    assert (await client.delete(f"/v1/videos/{video}")).status_code == 200
    assert await _found(services, names) == []


async def _found(services: Services, words: Collection[str]) -> list[str]:
    """Those of the words that stand in a row, or in a byte of any file of the service."""
    everything = []
    async with services.database.read() as session:
        for table in Base.metadata.sorted_tables:
            everything += [str(row) for row in await session.execute(table.select())]
    folder = services.settings.data_dir
    for name in files_below(folder):
        everything += [name, (folder / name).read_bytes().decode("latin-1")]
    return [word for word in words if any(word in held for held in everything)]


async def test_a_running_video_is_cancelled_before_it_is_removed(
    client: httpx.AsyncClient, services: Services, stored: Stored
) -> None:
    video = await made(client)
    before = stored()
    fence = await leases.claim(services.database, video, 30)
    assert fence is not None
    key = keys.segment(video, 1, 0, fence)
    await services.artifacts.put(key, b"segment")
    await progress.commit_segment(services.database, video, fence, Made(0, 0, 9, key, 7))
    assert (await client.delete(f"/v1/videos/{video}")).status_code == 200
    with pytest.raises(leases.LeaseLost):
        await progress.report(services.database, video, fence, progress=50)
    assert stored() == before


async def test_a_portrait_that_two_videos_share_stays_until_the_last_goes(
    client: httpx.AsyncClient, services: Services
) -> None:
    canvas = await save_portrait(services.artifacts, portrait(128))
    videos = [await made(client) for _ in range(2)]
    for video in videos:
        fence = await leases.claim(services.database, video, 30)
        assert fence is not None
        await progress.report(services.database, video, fence, portrait=canvas)
    await client.delete(f"/v1/videos/{videos[0]}")
    assert await services.artifacts.exists(keys.portrait(canvas))
    await client.delete(f"/v1/videos/{videos[1]}")
    assert not await services.artifacts.exists(keys.portrait(canvas))


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/avatars"])
async def test_a_face_removed_by_another_while_it_is_accepted_is_there_in_the_end(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def after_a_removal(name: str, module: ModuleType) -> None:
        naming = getattr(module, name)

        async def remove_and_name(*given: Any, **named: Any) -> Any:
            async for some in services.artifacts.list("portraits/"):
                portraits = [Path(listed.key).stem for listed in some]
                await removal.drop_portraits(services.database, services.artifacts, portraits)
            return await naming(*given, **named)

        monkeypatch.setattr(module, name, remove_and_name)

    after_a_removal("create", records)
    after_a_removal("add", avatars)
    field = "avatar_image" if path == "/v1/videos" else "image"
    data = {"text": "Hi."} if path == "/v1/videos" else {}
    answer = await client.post(path, data=data, files={field: ("a", png(seed=9))})
    made = answer.json()
    face = await avatars.find(services.database, made.get("avatar") or made["id"])
    assert face is not None
    assert face.portrait is not None
    assert await services.artifacts.exists(keys.portrait(face.portrait))


async def test_an_unlisted_avatar_stays_while_another_video_uses_it(
    client: httpx.AsyncClient,
) -> None:
    data, files = {"text": "Hi."}, {"avatar_image": ("a", png(seed=9))}
    first = (await client.post("/v1/videos", data=data, files=files)).json()
    second = (
        await client.post("/v1/videos", json={"text": "Hi.", "avatar": first["avatar"]})
    ).json()
    await client.delete(f"/v1/videos/{first['id']}")
    assert (await client.get(f"/v1/avatars/{first['avatar']}")).status_code == 200
    await client.delete(f"/v1/videos/{second['id']}")
    assert (await client.get(f"/v1/avatars/{first['avatar']}")).status_code == 404


async def test_two_clients_never_touch_each_others_files(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    same = {"avatar_image": ("me.png", png(seed=9)), "audio": ("me.wav", wav(tone()))}
    answers = await asyncio.gather(*(client.post("/v1/videos", files=same) for _ in range(2)))
    first, second = (answer.json() for answer in answers)
    assert first["avatar"] != second["avatar"]
    for video in (first, second):
        await until_over(client, video["id"])
    await client.delete(f"/v1/videos/{first['id']}")
    content = await client.get(f"/v1/videos/{second['id']}/content")
    assert content.status_code == 200
    row = await records.get(services.database, second["id"])
    assert await services.artifacts.exists(row.request["audio"]["key"])
    face = await avatars.find(services.database, second["avatar"])
    assert face is not None
    assert face.portrait is not None
    assert await services.artifacts.exists(keys.portrait(face.portrait))
