"""Bad input gets a clear error at once, over real HTTP and real engines, and loses nothing."""

import io
import socket
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw

from tests.fakes import wav
from tests.server import Server


def png(rgb: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG")
    return out.getvalue()


def two_faces() -> np.ndarray:
    face = skimage.data.astronaut()[:260, 90:350]
    return np.hstack([face, face[:, ::-1]])


def tiny_face() -> np.ndarray:
    scene = np.full((600, 800, 3), 120, np.uint8)
    small = Image.fromarray(skimage.data.astronaut()[:260, 90:350]).resize((56, 56))
    scene[200:256, 300:356] = np.asarray(small)
    return scene


def microphone() -> np.ndarray:
    """A dark ball on a stick in front of the mouth."""
    scene = Image.fromarray(skimage.data.astronaut())
    draw = ImageDraw.Draw(scene)
    draw.line((224, 152, 260, 260), (58, 58, 62), 14)
    draw.ellipse((204, 132, 244, 172), (38, 38, 42))
    return np.asarray(scene)


def bomb() -> bytes:
    """A PNG of a few kB that unfolds to 40,000 x 40,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


FACE = png(skimage.data.astronaut())
NOISE = np.random.default_rng(0).normal(0, 0.1, 32_000)

PICTURES = {
    "no face": (png(skimage.data.coffee()), "no_face"),
    "two faces": (png(two_faces()), "many_faces"),
    "a tiny face": (png(tiny_face()), "face_too_small"),
    "a microphone before the mouth": (png(microphone()), "mouth_covered"),
    "a truncated picture": (FACE[: len(FACE) // 2], "unreadable_image"),
    "a decompression bomb": (bomb(), "too_large"),
    "a text file named .png": (b"I am no picture.", "unreadable_image"),
    "an empty file": (b"", "unreadable_image"),
}
SOUNDS = {
    "an empty recording": (b"", "unreadable_audio"),
    "a silent recording": (wav(np.zeros(32_000)), "silent_audio"),
    "a truncated recording": (wav(NOISE)[:9_000], "unreadable_audio"),
    "a text file named .mp3": (b"I am no sound at all.", "unreadable_audio"),
}
TEXTS: dict[str, tuple[dict[str, Any], str]] = {
    "an empty text": ({"text": ""}, "empty_text"),
    "blanks": ({"text": " \n\t "}, "empty_text"),
    "a text of 100,000 characters": ({"text": "word " * 20_000}, "text_too_long"),
    "emoji only": ({"text": "😀🎉👍"}, "empty_text"),
    "an unknown voice": ({"text": "Hi.", "voice": "nobody"}, "unknown_voice"),
    "an unknown avatar": ({"text": "Hi.", "avatar": "nobody"}, "unknown_avatar"),
    "a number for a text": ({"text": 7}, "invalid_request"),
    "an unknown field": ({"text": "Hi.", "colour": "red"}, "invalid_request"),
    "an odd size": ({"text": "Hi.", "size": "511x512"}, "invalid_request"),
    "a frame rate of 13": ({"text": "Hi.", "fps": 13}, "invalid_request"),
    "neither text nor recording": ({}, "invalid_request"),
    "a metadata list": ({"text": "Hi.", "metadata": [1]}, "invalid_request"),
}


@pytest.fixture(scope="module")
def avatar(server: Server) -> str:
    with server.client() as http:
        return str(http.get("/v1/avatars").json()["data"][0]["id"])


def refused(server: Server, code: str, **request: Any) -> dict[str, Any]:
    with server.client() as http:
        before = http.get("/v1/videos").json()["data"]
        answer = http.post("/v1/videos", **request)
        error = answer.json()["error"]
        assert error["code"] == code, error
        assert answer.status_code in (413, 422)
        assert error["message"].strip().endswith(".")
        assert error["retryable"] is False
        assert "Traceback" not in answer.text
        assert http.get("/v1/videos").json()["data"] == before
        return dict(error)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_cannot_work_is_refused(server: Server, name: str) -> None:
    data, code = PICTURES[name]
    error = refused(
        server, code, data={"text": "Hi."}, files={"avatar_image": ("../../x.y.png", data)}
    )
    if code == "many_faces":
        assert len(error["faces"]) == 2
        assert error["param"] == "face_index"


@pytest.mark.parametrize("name", SOUNDS)
def test_a_recording_that_cannot_work_is_refused(server: Server, name: str, avatar: str) -> None:
    data, code = SOUNDS[name]
    refused(server, code, data={"avatar": avatar}, files={"audio": ("a.mp3", data)})


@pytest.mark.parametrize("name", TEXTS)
def test_a_request_that_cannot_work_is_refused(server: Server, name: str, avatar: str) -> None:
    fields, code = TEXTS[name]
    refused(server, code, json={"avatar": avatar, **fields})


def test_choosing_one_of_two_faces_works(server: Server) -> None:
    job = server.video(
        data={"text": "Hi.", "face_index": "1", "size": "256x256"},
        files={"avatar_image": ("two.png", png(two_faces()))},
    )
    assert job["status"] == "completed", job["error"]


def test_a_client_that_leaves_in_the_middle_of_its_upload_leaves_nothing(server: Server) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    before = sorted(server.data_dir.rglob("*.*"))
    with socket.create_connection((host, int(port))) as wire:
        wire.sendall(
            b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            b'--b\r\nContent-Disposition: form-data; name="avatar_image"; filename="a.png"\r\n\r\n'
            + FACE[:50_000]
        )
    with server.client() as http:
        assert http.get("/healthz").status_code == 200
        assert http.get("/v1/videos", params={"limit": 1}).status_code == 200
    after = sorted(server.data_dir.rglob("*.*"))
    assert [
        p for p in after if p not in before and p.suffix not in (".sqlite3-wal", ".sqlite3-shm")
    ] == []


def test_unknown_addresses_and_methods_are_answered_in_the_same_shape(server: Server) -> None:
    with server.client() as http:
        missing, wrong = http.get("/v1/nothing"), http.put("/v1/videos", json={})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert wrong.status_code == 405
    assert wrong.json()["error"]["code"] == "invalid_request"


def test_pictures_are_checked_unless_a_config_says_otherwise(server: Server) -> None:
    with server.client() as http:
        face = http.get("/v1/system").json()["stages"]["face"]
    assert (face["check"]["state"], face["check"]["threshold"]) == ("ready", 0.8)
    assert {weights["name"]: weights["here"] for weights in face["weights"]} == {
        "mediapipe-face-landmarker": "ok",
        "open-nsfw": "ok",
    }
