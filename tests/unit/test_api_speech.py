"""Speech alone: in every format, while it is spoken, whole or visibly cut."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest

from bench.metering import meter
from media.errors import AvatarError
from media.limiter import louden
from media.loudness import integrated_loudness
from media.pcm import from_pcm
from media.resample import resample
from media.sound import Sound
from media.sound_encoding import FORMATS
from serve.api import speaking
from serve.api.services import Services
from tests.conftest import check_refusal, served
from tests.heard import heard
from tests.speaker import SECONDS, Speaker, said

SPEECH = "/v1/audio/speech"
WHOLE = np.concatenate([said(n) for n in range(len(SECONDS))])
LOST = AvatarError("overloaded", "The service is at its limit.")


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    monkeypatch.setattr(speaking, "_PAUSE", 0.001)
    return Speaker()


def request(**fields: Any) -> dict[str, Any]:
    return {"model": "tts-1", "input": "Hello there.", "voice": "anna"} | fields


async def pcm(client: httpx.AsyncClient, **fields: Any) -> bytes:
    answer = await client.post(SPEECH, json=request(response_format="pcm", **fields))
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("name", FORMATS)
async def test_speech_comes_in_every_format_as_loud_as_in_a_video(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.post(SPEECH, json=request(response_format=name))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMATS[name].media_type
    rate, samples = heard(name, answer.content)
    assert rate == (48_000 if name == "opus" else 24_000)
    assert len(samples) / rate == pytest.approx(sum(SECONDS), abs=0.12)
    in_a_video = integrated_loudness(louden(Sound(WHOLE, 48_000), 6.0))
    loudness, peak = meter(Sound(samples, rate))
    assert loudness == pytest.approx(in_a_video, abs=0.3)
    assert peak < -1.0


async def test_mp3_is_what_comes_unless_asked_otherwise(client: httpx.AsyncClient) -> None:
    answer = await client.post(SPEECH, json=request())
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.content[:3] == b"ID3"  # that AI made it, in a few bytes
    tag = 10 + answer.content[9]
    assert answer.content[tag : tag + 2] == b"\xff\xf3"  # MPEG-2, layer 3: sound from there on


async def test_pieces_follow_each_other_without_a_seam(client: httpx.AsyncClient) -> None:
    whole = resample(louden(Sound(WHOLE, 48_000), 6.0).samples, 48_000, 24_000)
    assert np.abs(from_pcm(await pcm(client)) - whole).max() < 1e-4


@pytest.mark.parametrize("name", FORMATS)
async def test_the_first_piece_leaves_while_the_second_is_spoken(
    live: httpx.AsyncClient, stages: Speaker, name: str
) -> None:
    stages.hold_at = 1
    body = request(response_format=name)
    async with asyncio.timeout(10), live.stream("POST", SPEECH, json=body) as answer:
        parts = answer.aiter_raw()
        early = await anext(parts)
        _, samples = heard(name, early)
        assert 0 < len(samples) <= 0.25 * 24_000  # a little at once, not a second first
        while len(samples) <= 0.4 * SECONDS[0] * 24_000:
            early += await anext(parts)
            _, samples = heard(name, early)
        stages.go.set()
        rest = [part async for part in parts]
    rate, samples = heard(name, b"".join([early, *rest]))
    assert len(samples) / rate == pytest.approx(sum(SECONDS), abs=0.12)


@pytest.mark.parametrize("when", ["the second piece is spoken", "the first is spoken"])
async def test_a_client_that_leaves_stops_the_speaker(
    live: httpx.AsyncClient, stages: Speaker, when: str
) -> None:
    stages.hold_at = 1 if "second" in when else 0
    if "second" in when:
        async with live.stream("POST", SPEECH, json=request()) as answer:
            await anext(answer.aiter_raw())
            assert stages.speaking == 1
    else:
        with pytest.raises(httpx.ReadTimeout):
            await live.post(SPEECH, json=request(), timeout=0.3)
        stages.go.set()  # the server hears of it when it has something to say
    await stages.until_silent()


async def test_speech_that_breaks_off_is_visibly_cut(
    live: httpx.AsyncClient, stages: Speaker
) -> None:
    stages.faults[1] = [AvatarError("internal", "No.")]
    async with live.stream("POST", SPEECH, json=request()) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            [part async for part in answer.aiter_raw()]
    assert stages.speaking == 0


async def test_an_engine_that_crashes_in_the_middle_cuts_the_speech_too(
    live: httpx.AsyncClient, stages: Speaker
) -> None:
    stages.faults[2] = [RuntimeError("words of the user")]
    async with live.stream("POST", SPEECH, json=request()) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            [part async for part in answer.aiter_raw()]


async def test_a_speaker_that_is_lost_in_the_middle_is_asked_for_the_rest(
    client: httpx.AsyncClient, stages: Speaker
) -> None:
    unbroken = await pcm(client)
    stages.faults = {1: [LOST, LOST], 2: [LOST, LOST, LOST]}
    assert await pcm(client) == unbroken
    assert [first for *_, first in stages.asked] == [0, 0, 1, 1, 2, 2, 2]


async def test_a_speaker_that_stays_lost_is_given_up(
    live: httpx.AsyncClient, stages: Speaker
) -> None:
    stages.faults[1] = [LOST] * 9
    async with live.stream("POST", SPEECH, json=request()) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            [part async for part in answer.aiter_raw()]
    assert len(stages.asked) == 4


async def test_words_voice_and_speed_reach_the_speaker(
    client: httpx.AsyncClient, stages: Speaker
) -> None:
    await pcm(client, input="Read me.", voice="jun", speed=1.5, model="fake")
    await pcm(client, voice={"id": "jun"}, instructions=None, speed=None)
    assert stages.asked == [("Read me.", "jun", 1.5, 0), ("Hello there.", "jun", 1.0, 0)]


@pytest.mark.parametrize("model", ["fake", "tts-1", "tts-1-hd", "gpt-4o-mini-tts-2025-12-15"])
async def test_a_model_is_the_voices_engine_or_one_of_openais_names(
    client: httpx.AsyncClient, model: str
) -> None:
    await pcm(client, model=model)


async def test_the_operator_may_give_voices_other_names(
    services: Services, stages: Speaker
) -> None:
    settings = services.settings.model_copy(update={"voice_names": {"alloy": "jun"}})
    async with served(replace(services, settings=settings)) as client:
        await pcm(client, voice="alloy")
        assert stages.asked[0][1] == "jun"
        answer = await client.post(SPEECH, json=request(voice="nova"))
        check_refusal(answer, "unknown_voice", "voice", 400)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"voice": "alloy"}, "unknown_voice", "voice"),
        ({"voice": {"id": "nobody"}}, "unknown_voice", "voice"),
        ({"voice": {"name": "anna"}}, "invalid_request", "voice"),
        ({"voice": ""}, "invalid_request", "voice"),
        ({"input": ""}, "empty_text", "input"),
        ({"input": " \n"}, "empty_text", "input"),
        ({"input": "a\0b"}, "invalid_request", "input"),
        ({"input": "a" * 4097}, "text_too_long", "input"),
        ({"model": "whisper-1"}, "invalid_request", "model"),
        ({"speed": 0.2}, "invalid_request", "speed"),
        ({"speed": 4.1}, "invalid_request", "speed"),
        ({"speed": "fast"}, "invalid_request", "speed"),
        ({"response_format": "m4a"}, "invalid_request", "response_format"),
        ({"stream_format": "chunks"}, "invalid_request", "stream_format"),
        ({"instructions": "Whisper."}, "invalid_request", "instructions"),
        ({"stream": True}, "invalid_request", "stream"),
    ],
)
async def test_what_cannot_be_spoken_is_refused(
    client: httpx.AsyncClient, stages: Speaker, fields: dict[str, Any], code: str, param: str
) -> None:
    check_refusal(await client.post(SPEECH, json=request(**fields)), code, param, 400)
    assert not stages.asked


async def test_who_names_no_voice_is_told_whose_there_are(client: httpx.AsyncClient) -> None:
    error = (await client.post(SPEECH, json=request(voice="alloy"))).json()["error"]
    assert error["voices"] == ["anna", "jun"]
    assert "anna, jun" in error["message"]


@pytest.mark.parametrize(
    ("fault", "status", "param"),
    [
        (AvatarError("empty_text", "Nothing can be read.", param="text"), 400, "input"),
        (AvatarError("invalid_request", "Too fast.", param="speed"), 400, "speed"),
        (LOST, 503, None),
        (AvatarError("weights_missing", "Fetch them."), 503, None),
        (RuntimeError("secret words"), 500, None),
    ],
)
async def test_a_fault_before_the_first_sound_is_an_answer_with_its_status(
    client: httpx.AsyncClient, stages: Speaker, fault: Exception, status: int, param: str | None
) -> None:
    stages.faults[0] = [fault]
    answer = await client.post(SPEECH, json=request())
    assert answer.status_code == status
    assert answer.json()["error"]["param"] == param
    assert "secret" not in answer.text
    assert stages.speaking == 0


async def test_a_speaker_that_takes_too_long_is_an_overload(
    client: httpx.AsyncClient, stages: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.api.speech.STAGE_SECONDS", 0.1)
    stages.hold_at = 0
    answer = await client.post(SPEECH, json=request())
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "overloaded"
    assert stages.speaking == 0


def events(text: str) -> list[dict[str, Any]]:
    """Events whose names agree with their data."""
    found = []
    for block in text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


async def test_server_sent_events_carry_the_same_file(client: httpx.AsyncClient) -> None:
    body = request(response_format="pcm", stream_format="sse")
    answer = await client.post(SPEECH, json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = events(answer.text)
    assert {delta["type"] for delta in deltas} == {"speech.audio.delta"}
    assert len(deltas) >= len(SECONDS)
    assert b"".join(base64.b64decode(d["audio"]) for d in deltas) == await pcm(client)
    assert done["type"] == "speech.audio.done"
    assert done["usage"].keys() == {"input_tokens", "output_tokens", "total_tokens"}


async def test_events_of_speech_that_breaks_off_end_by_its_error(
    live: httpx.AsyncClient, stages: Speaker
) -> None:
    stages.faults[1] = [AvatarError("weights_missing", "Fetch them.")]
    body, parts = request(stream_format="sse"), []
    async with live.stream("POST", SPEECH, json=body) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            [parts.append(part) async for part in answer.aiter_text()]
    text = "".join(parts)
    assert events(text)[-1]["error"]["code"] == "weights_missing"
    assert "speech.audio.done" not in text
