"""Requests that are sent again under their Idempotency-Key, over real connections."""

import json
import threading
from typing import Any
from uuid import uuid4

import httpx
import skimage.data

from tests.e2e.test_making_videos import picture_file
from tests.server import Server


def ask(server: Server, key: str, *, timeout: float = 60) -> httpx.Response:
    with server.client() as http:
        return http.post(
            "/v1/videos",
            headers={"Idempotency-Key": key},
            data={"text": "Say it once.", "size": "256x256"},
            files={"avatar_image": ("a.png", picture_file(skimage.data.astronaut()))},
            timeout=timeout,
        )


def videos(server: Server) -> set[str]:
    page: dict[str, Any] = json.loads(server.fetch("/v1/videos?limit=100"))
    return {video["id"] for video in page["data"]}


def test_equal_requests_at_once_and_later_make_one_video(server: Server) -> None:
    before, key = videos(server), str(uuid4())
    answers: list[httpx.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(server, key))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == 4 * [202]
    (video,) = {answer.json()["id"] for answer in answers}
    assert server.over(video)["status"] == "completed"
    later = ask(server, key)
    assert later.headers["idempotent-replayed"] == "true"
    assert (later.json()["id"], later.json()["status"]) == (video, "completed")
    assert videos(server) - before == {video}


def test_a_client_that_hung_up_sends_its_request_again_and_one_video_is_made(
    server: Server,
) -> None:
    before, key = videos(server), str(uuid4())
    for patience in (0.02, 0.05, 0.1, 0.2, 0.4):
        try:
            ask(server, key, timeout=patience)
        except httpx.TimeoutException:
            continue
    answer = ask(server, key)
    assert answer.status_code == 202, answer.text
    assert videos(server) - before == {answer.json()["id"]}
    assert server.over(answer.json()["id"])["status"] == "completed"
