"""A video plays while it is made, over the real proxy: whole or visibly cut, and dropped."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from queue import Queue
from typing import Any

import av
import httpx
import pytest

from bench.material import text_of
from tests.fragments import decoded
from tests.server import Server

STREAM = "/v1/videos?stream=true"


@pytest.fixture(scope="module")
def avatar(server: Server) -> str:
    with server.client() as http:
        return str(http.get("/v1/avatars").json()["data"][0]["id"])


def hls(http: httpx.Client, address: str) -> bytes:
    folder = f"{address}/hls"
    lines = http.get(f"{folder}/index.m3u8").text.splitlines()
    assert lines[-1] == "#EXT-X-ENDLIST"
    init = [line.split('"')[1] for line in lines if line.startswith("#EXT-X-MAP")]
    names = [*init, *(line for line in lines if not line.startswith("#"))]
    return b"".join(http.get(f"{folder}/{name}").content for name in names)


def test_a_stream_is_the_hls_in_a_row_and_decodes_without_a_warning(
    server: Server, avatar: str
) -> None:
    body = {"avatar": avatar, "text": text_of(20), "size": "256x256", "fps": 29.97}
    with server.client() as http:
        with http.stream("POST", STREAM, json=body) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "video/mp4"
            address = answer.headers["location"]
            data, published = b"", None
            for part in answer.iter_raw():
                published = published or http.get(address).json()["segments"]["published"]
                data += part
        job = http.get(address).json()
        assert job["status"] == "completed"
        assert published < job["segments"]["published"]  # it had left before the rest was made
        assert data == hls(http, address)
        with av.open(f"{server.url}{job['urls']['hls']}") as playing:  # a player's own reading
            assert len(list(playing.decode(video=0))) == job["frames"]
    times, sound_end = decoded(data)
    assert len(times) == job["frames"]
    assert abs(sound_end / 48_000 - job["seconds"]) < 1 / 29


def test_a_refused_stream_is_an_error_like_any_other(server: Server, avatar: str) -> None:
    with server.client() as http:
        answer = http.post(STREAM, json={"avatar": avatar, "text": "Hi.", "voice": "nobody"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unknown_voice"


def test_a_cancelled_stream_does_not_look_whole(server: Server, avatar: str) -> None:
    body = {"avatar": avatar, "text": text_of(240), "size": "256x256"}
    with server.client() as http, http.stream("POST", STREAM, json=body) as answer:
        parts = answer.iter_raw()
        next(parts)
        with server.client() as other:
            other.post(f"{answer.headers['location']}/cancel")
        with pytest.raises(httpx.RemoteProtocolError):
            list(parts)


def test_a_dropped_stream_is_cancelled_unless_it_is_taken(server: Server, avatar: str) -> None:
    """Dropped before its first picture and after; one that is still taken goes on."""
    long = {"avatar": avatar, "text": text_of(1200), "size": "256x256"}
    painted = {"avatar_prompt": "an old man", "text": text_of(1200), "size": "256x256"}
    addresses: dict[str, str] = {}
    with server.client() as http, taken(server, long) as addresses["taken"]:
        with http.stream("POST", STREAM, json=long) as answer:
            addresses["left later"] = answer.headers["location"]
            next(answer.iter_raw())
        addresses["left early"] = left_before_the_answer(server, http, painted)
        for name in ("left later", "left early"):
            assert server.over(addresses[name].rpartition("/")[2])["status"] == "cancelled"
        assert http.get(addresses["taken"]).json()["status"] == "in_progress"
        http.post(f"{addresses['taken']}/cancel")


@contextmanager
def taken(server: Server, body: dict[str, Any]) -> Iterator[str]:
    """The address of a video whose stream is read to its end in a thread."""
    address: Queue[str] = Queue()

    def take() -> None:
        with (
            suppress(httpx.RemoteProtocolError),  # it is cancelled in the end
            server.client() as http,
            http.stream("POST", STREAM, json=body) as answer,
        ):
            address.put(answer.headers["location"])
            for _ in answer.iter_raw():
                pass

    taking = threading.Thread(target=take)
    taking.start()
    yield address.get(timeout=60)
    taking.join(60)
    assert not taking.is_alive()


def left_before_the_answer(server: Server, http: httpx.Client, body: dict[str, Any]) -> str:
    """The address of a video whose client left as soon as the job was there."""
    known = {job["id"] for job in http.get("/v1/videos").json()["data"]}
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.request("POST", STREAM, json.dumps(body), {"Content-Type": "application/json"})
    deadline = time.monotonic() + 30
    while not (new := [j for j in http.get("/v1/videos").json()["data"] if j["id"] not in known]):
        assert time.monotonic() < deadline
    connection.close()
    assert new[0]["segments"]["published"] == 0
    return f"/v1/videos/{new[0]['id']}"


def test_a_dropped_plain_request_is_made_all_the_same(server: Server, avatar: str) -> None:
    body: dict[str, Any] = {"avatar": avatar, "text": "Made all the same.", "size": "256x256"}
    body["metadata"] = {"mark": "dropped"}
    with server.client() as http:
        with http.stream("POST", "/v1/videos", json=body) as answer:
            job = json.loads(answer.read())
        with http.stream("GET", job["urls"]["events"]) as events:
            next(events.iter_raw())
    assert server.over(job["id"])["status"] == "completed"
