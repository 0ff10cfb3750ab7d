"""One service on other engines than the embedded: a check, voices of two, the system's ffmpeg."""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import skimage.data
from PIL import Image

from tests.fragments import decoded
from tests.server import Server, running_server, with_engines

VOICES = "deployments.speech.hibari:Hibari, deployments.speech.kokoro:Kokoro"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ffmpeg under a name of its own, so that its processes are told from others'."""
    path = tmp_path_factory.mktemp("bin") / "ffmpeg-of-the-test"
    path.write_text(f'#!/bin/bash\nexec -a {path} ffmpeg "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, program: Path) -> Iterator[Server]:
    """The embedded profile, but for the engines of three stages."""
    folder = tmp_path_factory.mktemp("engines")
    engines: dict[str, dict[str, Any]] = {
        "Face": {
            "engine": "deployments.face.mediapipe:MediaPipe",
            "check": {"engine": "tests.engines:RedCorner", "threshold": 0.9},
        },
        "Speech": {
            "engine": "deployments.speech.several:Several",
            "threads": 2,
            "options": {"engines": VOICES, "languages": "en-US,es-ES,ja-JP"},
        },
        "Encode": {
            "engine": "deployments.encode.ffmpeg:FFmpeg",
            "workers": 2,
            "options": {"program": str(program)},
        },
    }
    with running_server(folder / "data", with_engines(folder, engines)) as running:
        yield running


def test_all_voices_are_listed_with_their_languages(server: Server) -> None:
    with server.client() as http:
        voices = http.get("/v1/voices").json()["data"]
        system = http.get("/v1/system").json()
    assert voices[0]["id"] == "heart"
    assert {tag for voice in voices for tag in voice["languages"]} == {"en-US", "es-ES", "ja-JP"}
    assert {"af_bella", "em_alex", "jm_kumo"} < {voice["id"] for voice in voices}
    loaded = {weights["name"] for weights in system["stages"]["speech"]["weights"]}
    assert loaded == {"hibari-heart", "kokoro-82m-int8", "kokoro-voices"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"text": "Hello!"}, "Hello!"),
        ({"text": "Hola, Ana.", "language": "es"}, "Hola, Ana."),
        ({"text": "こんにちは。", "language": "ja", "voice": "jm_kumo"}, "こんにちは。"),
    ],
)
def test_a_video_s_language_picks_its_voice(
    server: Server, request_: dict[str, str], words: str
) -> None:
    body = {"avatar": "amara", "size": "128x128", **request_}
    job = server.video(json=body, within=120)
    assert job["status"] == "completed", job
    captions = server.fetch(f"/v1/videos/{job['id']}/content?variant=captions").decode()
    assert words in " ".join(captions.split("\n"))


def test_a_voice_is_not_made_to_speak_another_language(server: Server) -> None:
    with server.client() as http:
        body = {"avatar": "amara", "text": "Hola.", "language": "es", "voice": "heart"}
        answer = http.post("/v1/videos", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == "language"


def test_a_voice_of_another_script_has_a_sample(server: Server) -> None:
    data = server.fetch("/v1/voices/jf_alpha/sample")
    with av.open(io.BytesIO(data)) as file:
        sound = np.concatenate([f.to_ndarray().mean(axis=0) for f in file.decode(audio=0)])
        assert len(sound) > 1.5 * file.streams.audio[0].rate
    assert np.abs(sound).max() > 0.1


def test_a_video_is_encoded_by_ffmpeg_and_its_segments_join(server: Server) -> None:
    text = "Hello there. Maybe we pop a big bubble, and then another one."
    job = server.video(json={"avatar": "amara", "text": text, "size": "256x256"}, within=120)
    assert job["status"] == "completed", job["error"]
    times, _ = decoded(server.fetch(job["urls"]["video"]))
    assert [round(25 * at) for at in times] == list(range(job["frames"]))


def test_a_cancelled_video_leaves_no_process_of_ffmpeg(server: Server, program: Path) -> None:
    text = "This is a long story that somebody will soon have heard enough of. " * 60
    with server.client() as http:
        job = http.post("/v1/videos", json={"avatar": "amara", "text": text}).json()
        deadline = time.monotonic() + 60
        while not processes(program):
            assert time.monotonic() < deadline
        assert http.post(f"{job['urls']['self']}/cancel").json()["status"] == "cancelled"
    deadline = time.monotonic() + 10
    while processes(program):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes(program: Path) -> list[int]:
    """Those that run the program."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        if command.startswith(str(program).encode()):
            found.append(int(entry.name))
    return found


def photo(red: int) -> bytes:
    """A face, and a first pixel that is so red."""
    pixels = skimage.data.astronaut()
    pixels[0, 0, 0] = red
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def test_a_picture_that_the_check_refuses_makes_no_face_no_avatar_and_no_video(
    server: Server,
) -> None:
    with server.client() as http:
        for path, name in (
            ("/v1/faces", "image"),
            ("/v1/avatars", "image"),
            ("/v1/videos", "avatar_image"),
        ):
            data = {"text": "Hi."} if path == "/v1/videos" else {}
            refused = http.post(path, data=data, files={name: ("x.png", photo(255))})
            assert refused.status_code == 422
            error = refused.json()["error"]
            assert (error["code"], error["param"]) == ("unsafe_image", name)
        assert http.post("/v1/faces", files={"image": ("x.png", photo(10))}).is_success
        told = http.get("/v1/system").json()["stages"]["face"]
    assert told["check"] == {
        "state": "ready", "engine": "tests.engines:RedCorner", "threshold": 0.9,
    }  # fmt: skip
