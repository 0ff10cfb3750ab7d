"""A sample becomes a voice over HTTP, on the real graph: what was heard in it is heard again."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from serve.jobs.database import open_database
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from tests.cloned import CONSENT, kept_voice
from tests.e2e.test_readme import block, run
from tests.fakes import wav
from tests.heard import heard
from tests.server import Server, running_server, with_engines


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloning")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """The embedded profile with a speech engine that adopts and a cloning engine that is quick."""
    notes = {name: str(folder / name) for name in ("adopted", "cloned")}
    engines: dict[str, Any] = {
        "Speech": {"engine": "tests.engines:Toner", "options": {"notes": notes["adopted"]}},
        "Cloning": {
            "engine": "tests.engines:PitchCloner",
            "options": {"delay": 2.0, "notes": notes["cloned"]},
        },
    }
    with running_server(folder / "data", with_engines(folder, engines)) as running:
        yield running


def sample(pitch: float, seconds: float = 6.5) -> bytes:
    times = np.arange(int(seconds * 16_000)) / 16_000
    return wav((0.3 * np.sin(2 * np.pi * pitch * times)).astype(np.float32))


def send(http: httpx.Client, pitch: float, **headers: str) -> httpx.Response:
    form = {"name": "Me", "consent": CONSENT}
    files = {"sample": ("me.wav", sample(pitch))}
    return http.post("/v1/voices", data=form, files=files, headers=headers)


def until_made(http: httpx.Client, voice: str, within: float = 60) -> list[dict[str, Any]]:
    """The voice as it was seen, each state once; the last is its end."""
    seen: list[dict[str, Any]] = []
    deadline = time.monotonic() + within
    while True:
        now: dict[str, Any] = http.get(f"/v1/voices/{voice}").json()
        if not seen or now != seen[-1]:
            seen.append(now)
        if now["status"] != "in_progress":
            return seen
        assert time.monotonic() < deadline, now
        time.sleep(0.1)


def pitch_of(name: str, data: bytes) -> float:
    rate, samples = heard(name, data)
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


def said(http: httpx.Client, voice: str, words: str) -> bytes:
    body = {"model": "tts-1", "voice": voice, "input": words, "response_format": "wav"}
    answer = http.post("/v1/audio/speech", json=body)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_voice_is_made_used_and_removed_whole(server: Server, folder: Path) -> None:
    with server.client() as http:
        assert http.get("/v1/system").json()["stages"]["cloning"]["state"] == "at_zero"
        assert http.get("/readyz").status_code == 200
        accepted = send(http, 330.0)  # the stage starts for it
        assert accepted.status_code == 202, accepted.text
        voice = accepted.json()["id"]
        early = http.post("/v1/videos", json={"avatar": "amara", "text": "Hi.", "voice": voice})
        assert (early.status_code, early.json()["error"]["code"]) == (409, "not_finished")
        seen = until_made(http, voice)
        assert seen[-1]["status"] == "completed", seen[-1]
        percents = [state["progress"] for state in seen]
        assert percents == sorted(percents)
        assert len(percents) >= 3
        assert http.get("/v1/system").json()["stages"]["cloning"]["state"] == "ready"

        for words in ("One two three four.", "<speak>One <emphasis>two</emphasis> three.</speak>"):
            assert pitch_of("wav", said(http, voice, words)) == pytest.approx(330, abs=4)
        assert pitch_of("wav", said(http, "tone", "One two.")) == pytest.approx(200, abs=4)
        heard_alone = http.get(f"/v1/voices/{voice}/sample").content
        assert pitch_of("mp3", heard_alone) == pytest.approx(330, abs=4)

        body = {"avatar": "amara", "text": "Hello to you.", "voice": voice, "size": "128x128"}
        video = server.video(json=body)
        assert video["status"] == "completed", video
        shown = server.fetch(f"/v1/videos/{video['id']}/content?variant=video")
        assert pitch_of("mp4", shown) == pytest.approx(330, abs=4)
        # A replica takes the voice up once for all who speak by it.
        assert (folder / "adopted").read_text().split().count(voice) <= 2

        assert http.delete(f"/v1/voices/{voice}").status_code == 200
        gone = http.post("/v1/videos", json=body)
        assert (gone.status_code, gone.json()["error"]["code"]) == (422, "unknown_voice")
    left = [path for path in server.data_dir.rglob("*") if path.is_file()]
    assert not [path for path in left if voice in str(path)]
    assert not [path for path in left if CONSENT.encode() in path.read_bytes()]


def test_the_readmes_commands_clone_a_voice(server: Server, tmp_path: Path) -> None:
    (tmp_path / "me.wav").write_bytes(sample(250.0))
    status = f'curl -s {server.url}/v1/voices/$voice | grep -q \'"status":"completed"\''
    waiting = f"until {status}; do sleep 0.2; done"
    script = "\n".join((block("voice.json"), waiting, block("heard.mp3")))
    told = run(script, tmp_path, server)
    assert '"status":"in_progress"' in told
    assert '"object":"voice.deleted"' in told
    assert pitch_of("mp3", (tmp_path / "heard.mp3").read_bytes()) == pytest.approx(250, abs=4)


def test_a_sample_that_the_engine_refuses_is_refused_at_once(server: Server) -> None:
    with server.client() as http:
        answer = send(http, 1000.0)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unusable_sample"
    assert answer.json()["error"]["message"] == "This is a test tone."


def test_a_voice_that_no_director_was_told_of_is_found(server: Server) -> None:
    async def accepted_by_an_ingress_that_died() -> str:
        settings = Settings(data_dir=server.data_dir)
        database = await open_database(settings.database())
        voice = await kept_voice(database, open_artifacts(settings.storage()))
        await database.close()
        return voice

    voice = asyncio.run(accepted_by_an_ingress_that_died())
    with server.client() as http:
        assert until_made(http, voice)[-1]["status"] == "completed"


def test_a_killed_cloning_replica_loses_nothing(server: Server, folder: Path) -> None:
    with server.client() as http:
        begun = len((folder / "cloned").read_text().split())
        voice = send(http, 440.0, **{"Idempotency-Key": "the replica dies"}).json()["id"]
        deadline = time.monotonic() + 30
        while len(pids := (folder / "cloned").read_text().split()) == begun:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(int(pids[-1]), signal.SIGKILL)
        assert until_made(http, voice, within=90)[-1]["status"] == "completed"
        assert len((folder / "cloned").read_text().split()) > len(pids)
        again = send(http, 440.0, **{"Idempotency-Key": "the replica dies"})
        assert again.json()["id"] == voice
        assert again.headers["idempotent-replayed"] == "true"
        assert pitch_of("wav", said(http, voice, "One two.")) == pytest.approx(440, abs=4)
