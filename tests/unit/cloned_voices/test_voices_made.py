"""Voices of one's own: a sample and a consent come in, a voice comes out that can be used."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from media.voice import ClonedVoice
from serve.api.services import Services
from serve.jobs import leases, records, voices
from serve.jobs.inputs import speaker_of
from serve.jobs.models import Voice
from serve.stages import DirectorDied
from tests.cloned import CONSENT, CloningStages, cloned, held, send, until_made
from tests.conftest import Stored, ask, check_refusal


async def test_a_sample_becomes_a_voice(client: httpx.AsyncClient, stages: CloningStages) -> None:
    answer = await send(client, language="en-us", metadata='{"for": "the spring campaign"}')
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    assert (accepted["status"], accepted["engine"]) == ("in_progress", None)
    assert answer.headers["location"] == accepted["urls"]["self"] == f"/v1/voices/{accepted['id']}"
    made = await until_made(client, accepted["id"])
    assert (made["status"], made["progress"], made["cloned"]) == ("completed", 100, True)
    assert (made["engine"], made["languages"]) == ("fake", ["en-US", "fr-FR"])
    assert (made["similarity"], made["approximate"]) == (0.81, True)
    assert made["consent"] == {"statement": CONSENT, "given_at": made["created_at"]}
    assert made["metadata"] == {"for": "the spring campaign"}
    assert stages.heard == [(7 * 48_000, "en-US")]


async def test_progress_is_seen_while_the_voice_is_made(
    client: httpx.AsyncClient, stages: CloningStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.director.cloning.REPORT", 0.0)
    voice = await held(client, stages)
    seen = (await client.get(f"/v1/voices/{voice}")).json()
    assert (seen["status"], seen["progress"]) == ("in_progress", 50)
    assert seen["urls"] == {"self": f"/v1/voices/{voice}"}
    stages.go.set()
    assert (await until_made(client, voice))["progress"] == 100


async def test_the_sample_is_gone_once_the_voice_is_made(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    voice = await held(client, stages)
    assert stored() == {f"voices/{voice}/upload.pcm"}
    stages.go.set()
    await until_made(client, voice)
    await asyncio.sleep(0.1)
    (left,) = stored()
    assert left.endswith(".voice")


async def test_own_voices_are_listed_behind_the_stock_ones(client: httpx.AsyncClient) -> None:
    own = [await cloned(client) for _ in range(2)]
    listed = (await client.get("/v1/voices")).json()
    assert [v["id"] for v in listed["data"]] == ["anna", "jun", *reversed(own)]
    assert [v["cloned"] for v in listed["data"]] == [False, False, True, True]
    assert listed["data"][2] == (await client.get(f"/v1/voices/{own[1]}")).json()
    for limit in (1, 2, 3, 4):
        seen: list[str] = []
        more, after = True, {}
        while more:
            query = {"limit": limit, "order": "asc", **after}
            page = (await client.get("/v1/voices", params=query)).json()
            seen += [voice["id"] for voice in page["data"]]
            more, after = page["has_more"], {"after": seen[-1]}
        assert seen == ["anna", "jun", *own]


@pytest.mark.parametrize(
    ("language", "found"), [("fr", True), ("EN", True), ("en-US", True), ("e", False), ("%", False)]
)
async def test_own_voices_are_found_by_language(
    client: httpx.AsyncClient, language: str, found: bool
) -> None:
    voice = await cloned(client)
    listed = (await client.get("/v1/voices", params={"language": language})).json()["data"]
    assert (voice in [one["id"] for one in listed]) is found


async def test_a_cloned_voice_speaks_wherever_a_voice_is_named(
    client: httpx.AsyncClient, stages: CloningStages, services: Services
) -> None:
    voice = await cloned(client)
    record = await voices.get(services.database, voice)
    expected = ClonedVoice(
        voice, record.key or "", "fake", ("en-US", "fr-FR"), 2.5, "Apache-2.0", "Me"
    )
    in_french = replace(expected, languages=("fr-FR", "en-US"))  # it speaks the first of them
    said = {"model": "fake", "input": "Hello.", "voice": {"id": voice}}
    for language, meant in (({}, expected), ({"language": "fr"}, in_french)):
        answer = await client.post("/v1/audio/speech", json=said | language)
        assert answer.status_code == 200, answer.text
        assert stages.spoken_as.pop() == meant
    video = await ask(client, voice=voice, language="fr")
    assert video.status_code == 202, video.text
    job = await records.get(services.database, video.json()["id"])
    # Without its name, which goes when the voice does.
    assert speaker_of(json.loads(json.dumps(job.request))) == replace(in_french, name="")
    assert job.request["gain_db"] == 2.5
    stages.missing_languages = {"ja-JP": "Japanese is read by Open JTalk: install it."}
    refused = await ask(client, voice=voice, language="ja")
    check_refusal(refused, "invalid_request", "language")
    assert "Open JTalk" in refused.json()["error"]["message"]
    stages.missing_languages = {"fr-FR": "French is read by espeak-ng: install it."}
    refused = await ask(client, voice=voice, language="fr")  # it could when the voice was made
    check_refusal(refused, "invalid_request", "language")
    assert "espeak-ng" in refused.json()["error"]["message"]


async def test_a_cloned_voice_has_a_sample_spoken_once(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    voice = await cloned(client)
    first, second = [await client.get(f"/v1/voices/{voice}/sample") for _ in range(2)]
    assert first.headers["content-type"] == "audio/mpeg"
    assert first.content == second.content
    assert len(stages.spoken_as) == 1
    assert all(name.startswith(f"voices/{voice}/") for name in stored())


async def test_a_sample_of_the_greatest_length_is_taken_in_any_format(
    client: httpx.AsyncClient, stages: CloningStages
) -> None:
    assert (await send(client, seconds=60.4)).status_code == 202
    async with asyncio.timeout(5):
        while not stages.heard:  # noqa: ASYNC110 - a script has no event for it
            await asyncio.sleep(0.01)
    assert stages.heard[0][0] == 60 * 48_000


async def test_a_repeat_makes_no_second_voice(
    client: httpx.AsyncClient, stages: CloningStages
) -> None:
    first = await send(client, key="k")
    await until_made(client, first.json()["id"])
    again = await send(client, key="k")
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "completed")
    assert again.headers["location"] == first.headers["location"]
    assert len(stages.nudged) == len(stages.heard) == 1
    conflict = await send(client, key="k", name="Somebody else")
    assert conflict.json()["error"]["code"] == "idempotency_conflict"


async def test_a_director_that_dies_over_a_voice_is_replaced_without_waiting_for_its_lease(
    client: httpx.AsyncClient, services: Services, stages: CloningStages
) -> None:
    living = stages.voice_director

    async def dies(voice_id: str) -> None:
        assert await leases.claim(services.database, voice_id, 600, Voice) == 1
        stages.voice_director = living
        raise DirectorDied(voice_id)

    stages.voice_director = dies
    voice = await cloned(client)
    assert (await voices.get(services.database, voice)).fence == 2
