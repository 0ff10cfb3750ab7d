"""One speech stage with the voices of two engines, over HTTP."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import yaml

from serve.commands.private import LOCAL_CONFIG
from tests.server import Server, running_server

ENGINES = "deployments.speech.hibari:Hibari, deployments.speech.kokoro:Kokoro"


def with_both_engines(folder: Path) -> Path:
    """The embedded profile, but for one line of the speech stage's options."""
    config = yaml.safe_load(LOCAL_CONFIG.read_text())
    for deployment in config["applications"][0]["deployments"]:
        if deployment["name"] == "Speech":
            deployment["user_config"] = {
                "engine": "deployments.speech.several:Several",
                "threads": 2,
                "options": {"engines": ENGINES, "languages": "en-US,es-ES,ja-JP"},
            }
    path = folder / "both.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("voices")
    with running_server(folder / "data", with_both_engines(folder)) as running:
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
