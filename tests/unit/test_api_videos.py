"""Asking for videos, looking at them, stopping and removing them."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from media.errors import AvatarError
from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import avatars, leases, progress, records
from serve.jobs.progress import Made
from serve.storage import keys
from serve.storage.portraits import load_portrait, save_portrait
from serve.storage.sounds import load_sound
from tests.conftest import Stored
from tests.fakes import FakeStages, make_video, png, portrait, tone, wav

SPOKEN = {"avatar": "mira", "text": "Hello there."}


async def ask(client: httpx.AsyncClient, **fields: object) -> httpx.Response:
    return await client.post("/v1/videos", json=SPOKEN | fields)


async def made(client: httpx.AsyncClient, **fields: object) -> str:
    answer = await ask(client, **fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def until_over(client: httpx.AsyncClient, video: str) -> dict[str, object]:
    async with asyncio.timeout(10):
        while True:
            job: dict[str, object] = (await client.get(f"/v1/videos/{video}")).json()
            if job["status"] not in ("queued", "in_progress"):
                return job
            await asyncio.sleep(0.02)


async def test_a_gallery_face_and_a_sentence_become_a_job(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    answer = await ask(client, metadata={"for": "me"}, size="512x512", fps=29.97, seed=7)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/videos/{job['id']}"
    assert (job["status"], job["progress"], job["queue_position"]) == ("queued", 0, 1)
    assert (job["avatar"], job["size"], job["fps"]) == ("mira", "512x512", 29.97)
    assert job["speech"]["voice"] == "anna"
    assert job["metadata"] == {"for": "me"}
    stored = await records.get(services.database, job["id"])
    assert stored.request == {
        "text": "Hello there.", "voice": "anna", "speed": 1.0, "audio": None,
        "transcript": None, "avatar_prompt": None, "seed": 7, "size": "512x512",
        "fps": "29.97", "life": True,
    }  # fmt: skip
    await asyncio.sleep(0.05)
    assert stages.nudged == [job["id"]]


async def test_the_gallery_is_prepared_once(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    first, second = await made(client), await made(client)
    assert first != second
    assert stages.calls.count("mesh") == 1
    known = await avatars.find(services.database, "mira")
    assert known is not None
    assert known.portrait is not None
    kept = await load_portrait(services.artifacts, known.portrait)
    assert kept.rgb.shape == (320, 320, 3)
    assert kept.face.mesh is not None


async def test_a_changed_gallery_picture_is_prepared_anew(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    await made(client)
    services.gallery["mira"].file.write_bytes(png(seed=5))  # type: ignore[attr-defined]  # a Path
    await made(client)
    assert stages.calls.count("mesh") == 2


async def test_a_form_with_a_picture_and_a_recording_becomes_a_job(
    client: httpx.AsyncClient, services: Services, stored: Stored
) -> None:
    answer = await client.post(
        "/v1/videos",
        data={"metadata": '{"a": "b"}', "life": "false", "transcript": "la la"},
        files={
            "avatar_image": ("../../me.png", png(301, 203)),
            "audio": ("x", wav(tone(1.5, rate=22_050), 22_050)),
        },
    )
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["metadata"] == {"a": "b"}
    assert job["life"] is False
    assert job["speech"]["source"] == "audio"
    assert job["speech"]["seconds"] == pytest.approx(1.5, abs=0.01)

    row = await records.get(services.database, job["id"])
    sound = await load_sound(services.artifacts, row.request["audio"]["key"])
    assert sound.seconds == pytest.approx(1.5, abs=0.01)
    assert abs(sound.samples).max() > 0.1
    face = await avatars.find(services.database, row.avatar_id)
    assert face is not None
    assert not face.listed
    assert (face.width, face.height) == (300, 202)  # even sides
    assert {name.split("/")[0] for name in stored()} == {"avatars", "portraits", "uploads"}
    assert not any("me.png" in name for name in stored())


async def test_a_described_face_is_left_to_the_director_to_paint(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    answer = await client.post(
        "/v1/videos", json={"avatar_prompt": "a red beard", "seed": 3, "text": "Hi."}
    )
    assert answer.status_code == 202
    face = await avatars.find(services.database, answer.json()["avatar"])
    assert face is not None
    assert (face.portrait, face.listed, face.kind) == (None, False, "prompt")
    assert face.origin == {"prompt": "a red beard", "seed": 3}
    assert "paint" not in stages.calls


@pytest.mark.parametrize(
    ("fields", "voice"),
    [
        ({}, "anna"),
        ({"voice": "jun"}, "jun"),
        ({"language": "ja"}, "jun"),
        ({"language": "EN"}, "anna"),
    ],
)
async def test_the_voice_is_the_one_named_or_one_of_the_language(
    client: httpx.AsyncClient, fields: dict[str, str], voice: str
) -> None:
    assert (await ask(client, **fields)).json()["speech"]["voice"] == voice


async def test_a_finished_video_tells_what_it_is(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    stages.director = lambda job_id: make_video(services, job_id)
    video = await made(client)
    job = await until_over(client, video)
    assert (job["status"], job["progress"], job["error"]) == ("completed", 100, None)
    assert (job["seconds"], job["frames"], job["size"]) == (3.0, 75, "512x512")
    assert job["segments"] == {"published": 3, "total": 3}
    assert job["timings"] == {"encode": 12.5}
    assert job["urls"]["video"] == f"/v1/videos/{video}/content?variant=video"  # type: ignore[index]  # JSON


async def test_a_failed_video_tells_why(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    async def fail(job_id: str) -> None:
        fence = await leases.claim(services.database, job_id, 30)
        assert fence is not None
        error = AvatarError("unsafe_image", "The picture cannot be used.", param="avatar_image")
        await progress.fail(services.database, job_id, fence, error)

    stages.director = fail
    job = await until_over(client, await made(client))
    assert job["status"] == "failed"
    assert job["error"] == {
        "code": "unsafe_image",
        "message": "The picture cannot be used.",
        "param": "avatar_image",
        "retryable": False,
        "stage": "starting",
    }


async def test_an_overloaded_director_is_called_again(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    stages.failures["run_job"] = AvatarError("overloaded", "Busy.")

    stages.fail_once.add("run_job")
    stages.director = lambda job_id: make_video(services, job_id)
    video = await made(client)
    assert (await until_over(client, video))["status"] == "completed"
    assert stages.nudged == [video, video]


async def test_lists_page_through_all_videos(client: httpx.AsyncClient) -> None:
    videos = [await made(client) for _ in range(5)]
    seen: list[str] = []
    more, after = True, {}
    while more:
        answer = await client.get("/v1/videos", params={"limit": 2, "order": "asc", **after})
        page = answer.json()
        seen += [video["id"] for video in page["data"]]
        more, after = page["has_more"], {"after": seen[-1]}
    assert seen == videos
    newest = (await client.get("/v1/videos", params={"limit": 1})).json()
    assert [video["id"] for video in newest["data"]] == videos[-1:]


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


async def test_a_running_video_is_cancelled_before_it_is_removed(
    client: httpx.AsyncClient, services: Services, stored: Stored
) -> None:
    video = await made(client)
    before = stored()
    fence = await leases.claim(services.database, video, 30)
    assert fence is not None
    key = keys.segment(video, 1, 0)
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
    transport = httpx.ASGITransport(create_app(narrow))
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


async def test_json_and_form_mean_the_same(client: httpx.AsyncClient) -> None:
    fields = {"avatar": "mira", "text": "Hi.", "speed": 1.25, "seed": 4, "fps": 50, "life": False}
    by_json = (await client.post("/v1/videos", json=fields)).json()
    strings = {key: json.dumps(value).strip('"') for key, value in fields.items()}
    by_form = (
        await client.post("/v1/videos", files={k: (None, v) for k, v in strings.items()})
    ).json()
    for name in ("avatar", "speech", "seed", "fps", "life", "size"):
        assert by_json[name] == by_form[name]
