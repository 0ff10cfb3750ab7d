"""Asking for videos and looking at them."""

import asyncio
import json

import httpx
import pytest

from media.errors import AvatarError
from serve.api.services import Services
from serve.jobs import avatars, leases, progress, records
from serve.stages import DirectorDied
from serve.storage.portraits import load_portrait
from serve.storage.sounds import load_sound
from tests.conftest import Stored, ask, made, until_over
from tests.fakes import FakeStages, make_video, png, tone, wav


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
        "text": "Hello there.", "voice": "anna", "cloned": None, "speed": 1.0, "audio": None,
        "transcript": None, "avatar_prompt": None, "seed": 7, "size": "512x512",
        "fps": "29.97", "life": True, "gain_db": 6.0,
            "language": "en-US", "caption_track": False,
        "label": False, "source": "trainedAlgorithmicMedia", "spoken_by": "fake",
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


async def test_json_and_form_mean_the_same(client: httpx.AsyncClient) -> None:
    fields = {"avatar": "mira", "text": "Hi.", "speed": 1.25, "seed": 4, "fps": 50, "life": False}
    by_json = (await client.post("/v1/videos", json=fields)).json()
    strings = {key: json.dumps(value).strip('"') for key, value in fields.items()}
    by_form = (
        await client.post("/v1/videos", files={k: (None, v) for k, v in strings.items()})
    ).json()
    for name in ("avatar", "speech", "seed", "fps", "life", "size"):
        assert by_json[name] == by_form[name]


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


async def test_a_job_whose_director_died_goes_on_before_the_lease_is_over(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    async def director(job_id: str) -> None:
        if len(stages.nudged) == 1:
            assert await leases.claim(services.database, job_id, 3600)
            raise DirectorDied(job_id)
        await make_video(services, job_id)

    stages.director = director
    video = await made(client)
    assert (await until_over(client, video))["status"] == "completed"
    assert (await records.get(services.database, video)).fence == 2


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
