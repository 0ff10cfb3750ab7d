"""Speech alone over the real proxy, asked for by OpenAI's own package."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from bench.metering import meter
from media.sound import Sound
from media.sound_encoding import FORMATS
from tests.heard import heard
from tests.server import Server

WORDS = "Hello there. This was spoken for a client that knows nothing of avatars."


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(
        base_url=f"{server.url}/v1", api_key="none", http_client=http, max_retries=0
    ) as opened:
        yield opened


@pytest.mark.parametrize("name", FORMATS)
def test_openais_package_gets_speech_in_every_format(client: openai.OpenAI, name: str) -> None:
    answer = client.audio.speech.create(
        model="tts-1",
        voice="heart",
        input=WORDS,
        response_format=name,  # type: ignore[arg-type]  # parametrised
    )
    rate, samples = heard(name, answer.content)
    assert 3 < len(samples) / rate < 9
    loudness, peak = meter(Sound(samples, rate))
    assert loudness == pytest.approx(-16, abs=2)
    assert peak <= -1


def test_it_is_streamed_to_a_file_in_parts(client: openai.OpenAI, tmp_path: Path) -> None:
    target = tmp_path / "speech.mp3"
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="heart", input=20 * WORDS
    ) as answer:
        assert answer.headers["content-type"] == "audio/mpeg"
        began, parts = time.monotonic(), []
        for part in answer.iter_bytes():
            parts.append((time.monotonic() - began, part))
        target.write_bytes(b"".join(part for _, part in parts))
    assert parts[0][0] < parts[-1][0] / 2  # it had begun long before it was over
    rate, samples = heard("mp3", target.read_bytes())
    assert len(samples) / rate > 60


def test_speed_and_events_work(client: openai.OpenAI, server: Server) -> None:
    def seconds(speed: float) -> float:
        data = client.audio.speech.create(
            model="hibari", voice="heart", input=WORDS, response_format="pcm", speed=speed
        ).content
        return len(data) / 48_000

    assert seconds(2.0) < 0.7 * seconds(1.0) < 0.7 * seconds(0.5)
    body = {"model": "tts-1", "voice": "heart", "input": WORDS, "response_format": "pcm"}
    with server.client() as http:
        plain = http.post("/v1/audio/speech", json=body).content
        text = http.post("/v1/audio/speech", json=body | {"stream_format": "sse"}).text
    told = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    assert b"".join(base64.b64decode(event["audio"]) for event in told[:-1]) == plain
    assert told[-1]["type"] == "speech.audio.done"


def test_a_text_may_have_marks(client: openai.OpenAI) -> None:
    def seconds(words: str) -> float:
        answer = client.audio.speech.create(
            model="tts-1", voice="heart", input=words, response_format="pcm"
        )
        return len(answer.content) / 48_000

    marks = '<speak>One moment.<break time="3s"/> Here I am.</speak>'
    assert seconds(marks) == pytest.approx(seconds("One moment. Here I am.") + 2.55, abs=0.3)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"voice": "alloy"}, "unknown_voice", "voice"),
        ({"input": "😀"}, "empty_text", "input"),
        ({"input": ""}, "empty_text", "input"),
        ({"input": "<speak>A <pause/> B</speak>"}, "invalid_request", "input"),
        ({"speed": 4.0}, "invalid_request", "speed"),
        ({"model": "whisper-1"}, "invalid_request", "model"),
        ({"instructions": "Sing."}, "invalid_request", "instructions"),
    ],
)
def test_refusals_are_errors_of_openais_package(
    client: openai.OpenAI, fields: dict[str, object], code: str, param: str
) -> None:
    asked = {"model": "tts-1", "voice": "heart", "input": WORDS} | fields
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(**asked)  # type: ignore[arg-type]  # parametrised
    assert (caught.value.code, caught.value.param) == (code, param)
    with (
        pytest.raises(openai.BadRequestError),
        client.audio.speech.with_streaming_response.create(**asked),  # type: ignore[arg-type]
    ):
        pass


def test_every_voice_has_a_sample_that_is_spoken_once(server: Server) -> None:
    with server.client() as http:
        voices = http.get("/v1/voices", params={"language": "en"}).json()["data"]
        assert "heart" in [voice["id"] for voice in voices]
        for voice in voices[:3]:
            first, second = (http.get(voice["urls"]["sample"]) for _ in range(2))
            assert first.headers["content-type"] == "audio/mpeg"
            assert (first.content, first.headers["etag"]) == (
                second.content,
                second.headers["etag"],
            )
            rate, samples = heard("mp3", first.content)
            assert 1 < len(samples) / rate < 10
            assert meter(Sound(samples, rate))[0] == pytest.approx(-16, abs=2)
