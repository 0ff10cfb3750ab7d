"""A creating call that is repeated under its Idempotency-Key is answered, not done again."""

import asyncio
from typing import Any

import httpx
import pytest

from media.errors import AvatarError
from serve.api.services import Services
from tests.conftest import Stored, check_refusal, until_over
from tests.fakes import FakeStages, make_video, png, tone, wav
from tests.fragments import claimed, commit, complete
from tests.unit.asking_again import VIDEO, is_replay, post, videos


async def test_a_repeat_is_answered_with_the_video_as_it_is_now(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    first = await post(client)
    await make_video(services, first.json()["id"])
    again = await post(client)
    assert (first.status_code, again.status_code) == (202, 202)
    assert (is_replay(first), is_replay(again)) == (False, True)
    assert (first.json()["status"], again.json()["status"]) == ("queued", "completed")
    assert again.headers["location"] == first.headers["location"]
    assert await videos(client) == [first.json()["id"]]
    assert len(stages.nudged) == 1


async def test_without_a_key_the_same_request_makes_two(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/v1/videos", json=VIDEO) for _ in range(2)]
    assert not any(map(is_replay, answers))
    assert len(await videos(client)) == 2


async def test_of_equal_requests_at_once_one_is_done_and_the_others_wait_for_it(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.delays["check_text"] = 0.3
    answers = await asyncio.gather(*(post(client) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert sorted(map(is_replay, answers)) == [False] + 5 * [True]
    assert {answer.json()["id"] for answer in answers} == set(await videos(client))
    assert stages.calls.count("check_text") == 1


@pytest.mark.parametrize(
    "again",
    [
        {"json": {"text": "Hello there.", "avatar": "mira"}},
        {"json": {**VIDEO, "speed": 1, "seed": 0, "fps": 25.0, "metadata": {}}},
        {"data": VIDEO, "files": {"avatar_image": ("", b"")}},
        {"content": b'{"avatar":"mira","text":"Hello\\u0020there."}'},
    ],
)
async def test_what_means_the_same_is_the_same_request(
    client: httpx.AsyncClient, again: dict[str, Any]
) -> None:
    if "content" in again:
        again["params"] = {}
        client.headers["Content-Type"] = "application/json"
    first = await post(client)
    answer = await post(client, **again)
    assert answer.json()["id"] == first.json()["id"]
    assert is_replay(answer)


async def test_forms_are_compared_by_their_files_not_by_their_boundary(
    client: httpx.AsyncClient, stored: Stored
) -> None:
    def form(seed: int, name: str) -> dict[str, Any]:
        sound = ("a.wav", wav(tone()))
        return {"files": {"avatar_image": (name, png(seed=seed)), "audio": sound}}

    first = await post(client, **form(1, "me.png"))
    before = stored()
    again = await post(client, **form(1, "same.png"))
    assert again.json()["id"] == first.json()["id"]
    check_refusal(
        await post(client, **form(2, "me.png")), "idempotency_conflict", "Idempotency-Key", 409
    )
    assert stored() == before


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/v1/videos", {"json": VIDEO | {"text": "Goodbye."}}),
        ("/v1/videos", {"json": VIDEO | {"metadata": {"a": "b"}}}),
        ("/v1/videos?stream=true", {"json": VIDEO}),
        ("/v1/avatars", {"json": {"prompt": "a man"}}),
    ],
)
async def test_another_request_under_the_key_is_a_conflict(
    client: httpx.AsyncClient, path: str, request_: dict[str, Any]
) -> None:
    await post(client)
    answer = await post(client, path, **request_)
    check_refusal(answer, "idempotency_conflict", "Idempotency-Key", 409)
    assert len(await videos(client)) == 1


async def test_a_refused_request_leaves_its_key_free(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    assert (await post(client, json=VIDEO | {"voice": "nobody"})).status_code == 422
    stages.failures["check_text"] = AvatarError("overloaded", "Busy.")
    assert (await post(client)).status_code == 503
    stages.failures.clear()
    answer = await post(client)
    assert (answer.status_code, is_replay(answer)) == (202, False)


async def test_a_repeat_is_answered_also_when_no_more_videos_are_let_in(
    client: httpx.AsyncClient, services: Services
) -> None:
    first = await post(client)
    for n in range(services.settings.max_active_jobs - 1):
        assert (await post(client, key=f"key {n}")).status_code == 202
    refused = await post(client, key="one too many")
    assert refused.status_code == 429
    assert (await post(client)).json()["id"] == first.json()["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "schlüssel".encode(), b"\x7f"])
async def test_a_key_is_1_to_255_printable_ascii_characters(
    client: httpx.AsyncClient, key: str | bytes
) -> None:
    headers = {b"Idempotency-Key": key.encode() if isinstance(key, str) else key}
    answer = await client.post("/v1/videos", json=VIDEO, headers=headers)
    check_refusal(answer, "invalid_request", "Idempotency-Key")


async def test_a_key_is_given_once(client: httpx.AsyncClient) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await client.post("/v1/videos", json=VIDEO, headers=headers)
    check_refusal(answer, "invalid_request", "Idempotency-Key")
    longest = await post(client, key="~" * 255)
    assert longest.status_code == 202


async def test_a_video_removed_since_is_not_made_again(client: httpx.AsyncClient) -> None:
    first = await post(client)
    await client.delete(first.headers["location"])
    check_refusal(await post(client), "not_found", None, 404)
    assert await videos(client) == []


async def test_an_avatar_is_painted_once(client: httpx.AsyncClient, stages: FakeStages) -> None:
    stages.delays["paint"] = 0.2
    wanted = {"json": {"prompt": "a red beard", "seed": 3}}
    answers = await asyncio.gather(*(post(client, "/v1/avatars", **wanted) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(map(is_replay, answers)) == [False, True, True]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert stages.calls.count("paint") == 1


async def test_a_streamed_video_is_streamed_again_from_its_start(
    client: httpx.AsyncClient, services: Services, stages: FakeStages
) -> None:
    async def direct(job_id: str) -> None:
        fence = await claimed(services, job_id)
        for n in range(3):
            await commit(services, job_id, fence, n)
        await complete(services, job_id, fence)

    stages.director = direct
    path = "/v1/videos?stream=true"
    answers = [await post(client, path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [is_replay(answer) for answer in answers] == [False, True]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert answers[0].content == answers[1].content != b""
    video = answers[0].headers["location"].rsplit("/", 1)[1]
    assert (await until_over(client, video))["status"] == "completed"
    assert await videos(client) == [video]
