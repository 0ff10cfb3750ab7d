"""Voices: who there is, what they speak, and how they sound."""

import asyncio

import httpx
import numpy as np
import pytest

from media.errors import AvatarError
from serve.api.samples import SENTENCES
from tests.conftest import Stored
from tests.fakes import FakeStages, FakeVoice
from tests.heard import heard
from tests.speaker import SECONDS, Speaker

SAMPLE = "/v1/voices/anna/sample"


@pytest.fixture
def stages() -> Speaker:
    return Speaker()


async def ids(client: httpx.AsyncClient, **query: str) -> list[str]:
    listed = (await client.get("/v1/voices", params=query)).json()
    assert listed["has_more"] is False
    return [voice["id"] for voice in listed["data"]]


async def test_all_voices_are_listed(client: httpx.AsyncClient) -> None:
    assert await ids(client) == ["anna", "jun"]
    voice = (await client.get("/v1/voices/anna")).json()
    assert voice == (await client.get("/v1/voices")).json()["data"][0]
    assert voice["languages"] == ["en-US"]
    assert (voice["gender"], voice["engine"]) == ("female", "fake")
    assert voice["licence"] == "Apache-2.0"
    assert voice["urls"] == {"self": "/v1/voices/anna", "sample": SAMPLE}


@pytest.mark.parametrize(
    ("language", "found"),
    [
        ("en", ["kate", "anna"]),
        ("EN-us", ["anna"]),
        ("en-GB", ["kate"]),
        ("fr", ["anna"]),
        ("e", []),
        ("de", []),
    ],
)
async def test_voices_are_found_by_language(
    client: httpx.AsyncClient, stages: FakeStages, language: str, found: list[str]
) -> None:
    stages.speakers = (
        FakeVoice("kate", "Kate", ("en-GB",)),
        FakeVoice("anna", "Anna", ("en-US", "fr")),
    )
    assert await ids(client, language=language) == found


async def test_a_sample_is_a_playable_recording(client: httpx.AsyncClient) -> None:
    answer = await client.get(SAMPLE)
    assert answer.headers["content-type"] == "audio/mpeg"
    rate, samples = heard("mp3", answer.content)
    assert len(samples) / rate == pytest.approx(sum(SECONDS), abs=0.12)
    assert np.abs(samples).max() > 0.5


@pytest.mark.parametrize(
    ("languages", "words"),
    [
        (("ja",), SENTENCES["ja"]),
        (("pt-BR",), SENTENCES["pt"]),
        (("xx", "fr-CA"), SENTENCES["fr"]),
        (("xx",), SENTENCES["en"]),
    ],
)
async def test_a_voice_says_its_sample_in_its_own_language(
    client: httpx.AsyncClient, stages: Speaker, languages: tuple[str, ...], words: str
) -> None:
    stages.speakers = (FakeVoice("anna", "Anna", languages),)
    assert (await client.get(SAMPLE)).status_code == 200
    assert stages.asked == [(words, "anna", 1.0, 0)]


async def test_a_sample_is_spoken_once(
    client: httpx.AsyncClient, stages: Speaker, stored: Stored
) -> None:
    first = await client.get(SAMPLE)
    second = await client.get(SAMPLE)
    assert first.content == second.content
    assert len(stages.asked) == len(stored()) == 1


async def test_those_who_ask_at_once_wait_for_one_speaker(
    client: httpx.AsyncClient, stages: Speaker
) -> None:
    stages.hold_at = 1
    asking = [asyncio.create_task(client.get(SAMPLE)) for _ in range(5)]
    async with asyncio.timeout(5):
        while not stages.speaking:  # noqa: ASYNC110 - a script has no event for it
            await asyncio.sleep(0.01)
    asking[0].cancel()  # who came first leaves: the others still get it
    await asyncio.sleep(0.05)
    stages.go.set()
    answers = await asyncio.gather(*asking[1:])
    assert {answer.status_code for answer in answers} == {200}
    assert len(stages.asked) == 1


@pytest.mark.parametrize("change", ["engine", "gain", "voice"])
async def test_what_changes_the_sound_makes_another_sample(
    client: httpx.AsyncClient, stages: Speaker, stored: Stored, change: str
) -> None:
    before = await client.get(SAMPLE)
    if change == "engine":
        stages.engine = "another"
    else:
        gain = 9.0 if change == "gain" else 6.0
        name = "jun" if change == "voice" else "anna"
        stages.speakers = (FakeVoice(name, "Anna", ("en-US",), gain_db=gain),)
    after = await client.get(f"/v1/voices/{stages.speakers[0].id}/sample")
    assert after.headers["etag"] != before.headers["etag"]
    assert len(stages.asked) == len(stored()) == 2


async def test_players_get_ranges_and_caches_are_asked_once(client: httpx.AsyncClient) -> None:
    whole = await client.get(SAMPLE)
    part = await client.get(SAMPLE, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    again = await client.get(SAMPLE, headers={"If-None-Match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await client.head(SAMPLE)
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.content == b""


async def test_a_voice_whose_id_is_no_file_name_has_a_sample_too(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.speakers = (FakeVoice("Ünal .. \\ ?x", "Ünal", ("tr",)),)
    voice = (await client.get("/v1/voices")).json()["data"][0]
    answer = await client.get(voice["urls"]["sample"])
    assert answer.status_code == 200


@pytest.mark.parametrize("call", ["voices", "speaker"])
async def test_a_speech_stage_that_cannot_answer_is_an_overload(
    client: httpx.AsyncClient, stages: FakeStages, call: str
) -> None:
    stages.failures[call] = AvatarError("overloaded", "Busy.")
    paths = [SAMPLE] if call == "speaker" else [SAMPLE, "/v1/voices", "/v1/voices/anna"]
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


async def test_a_sample_that_failed_is_not_kept(client: httpx.AsyncClient, stages: Speaker) -> None:
    stages.faults[1] = [AvatarError("weights_missing", "Fetch them.")]
    assert (await client.get(SAMPLE)).status_code == 503
    assert (await client.get(SAMPLE)).status_code == 200


async def test_nobody_has_no_sample(client: httpx.AsyncClient) -> None:
    for path in ("/v1/voices/nobody", "/v1/voices/nobody/sample"):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
