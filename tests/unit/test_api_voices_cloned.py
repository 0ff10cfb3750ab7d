"""Voices of one's own: a sample and a consent come in, a voice comes out that can be used."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from media.errors import AvatarError
from media.voice import ClonedVoice
from serve.api import cloning
from serve.api.app import create_app
from serve.api.services import Services, owner_of
from serve.jobs import leases, records, voices
from serve.jobs.inputs import speaker_of
from serve.jobs.models import Voice
from serve.stages import DirectorDied, cloning_is_off
from tests.cloned import CONSENT, CloningStages, cloned, direct_voices, send, until_made
from tests.conftest import Stored, ask, check_refusal
from tests.fakes import tone, wav


@pytest.fixture
def stages() -> CloningStages:
    return CloningStages()


@pytest.fixture(autouse=True)
def director(services: Services, stages: CloningStages) -> None:
    direct_voices(services, stages)


async def held(client: httpx.AsyncClient, stages: CloningStages) -> str:
    """A voice in the middle of its making."""
    stages.hold_at = 2
    answer = await send(client)
    await asyncio.wait_for(stages.waiting.wait(), 5)
    return str(answer.json()["id"])


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


async def test_a_voice_that_is_still_made_is_refused_for_now(
    client: httpx.AsyncClient, stages: CloningStages
) -> None:
    voice = await held(client, stages)
    said = {"model": "tts-1", "input": "Hello.", "voice": voice}
    for answer in (
        await ask(client, voice=voice),
        await client.post("/v1/audio/speech", json=said),
        await client.get(f"/v1/voices/{voice}/sample"),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["retryable"]) == (
            409,
            "not_finished",
            True,
        )
        assert f"/v1/voices/{voice}" in error["message"]


async def test_a_voice_that_could_not_be_made_tells_why(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    stages.faults = [(1, AvatarError("unusable_sample", "Too noisy.", param="sample"))]
    voice = (await send(client)).json()["id"]
    failed = await until_made(client, voice)
    assert failed["status"] == "failed"
    assert (failed["error"]["code"], failed["error"]["message"]) == (
        "unusable_sample",
        "Too noisy.",
    )
    check_refusal(await ask(client, voice=voice), "unknown_voice", "voice")
    await asyncio.sleep(0.1)
    assert stored() == set()


REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"data": {"consent": ""}}, "invalid_request", "consent"),
    ({"data": {"consent": "yes, I do."}}, "invalid_request", "consent"),
    ({"data": {"name": ""}}, "invalid_request", "name"),
    ({"data": {"language": "English"}}, "invalid_request", "language"),
    ({"data": {"metadata": "["}}, "invalid_request", "metadata"),
    ({"data": {"gender": "female"}}, "invalid_request", "gender"),
    ({"files": {"sample": ("", b"")}}, "invalid_request", "sample"),
    ({"files": {"sample": ("a", wav(tone(5.9)))}}, "unusable_sample", "sample"),
    ({"files": {"sample": ("a", wav(tone(61.5)))}}, "unusable_sample", "sample"),
    ({"files": {"sample": ("a", wav(tone(8, level=0)))}}, "silent_audio", "sample"),
    ({"files": {"sample": ("a", b"not a recording at all")}}, "unreadable_audio", "sample"),
]


@pytest.mark.parametrize(("spoilt", "code", "param"), REFUSED)
async def test_what_no_voice_can_be_made_of_is_refused_at_once(
    client: httpx.AsyncClient, stored: Stored, spoilt: dict[str, Any], code: str, param: str
) -> None:
    form = {"name": "Me", "consent": CONSENT} | spoilt.get("data", {})
    files = spoilt.get("files", {"sample": ("a", wav(tone(7)))})
    check_refusal(await client.post("/v1/voices", data=form, files=files), code, param)
    assert stored() == set()
    assert len((await client.get("/v1/voices")).json()["data"]) == 2


async def test_json_is_told_to_come_as_a_form(client: httpx.AsyncClient) -> None:
    body = {"name": "Me", "consent": CONSENT, "sample": "aGVsbG8="}
    answer = await client.post("/v1/voices", json=body)
    check_refusal(answer, "invalid_request", "sample")
    assert "multipart/form-data" in answer.json()["error"]["message"]


async def test_a_sample_of_the_greatest_length_is_taken_in_any_format(
    client: httpx.AsyncClient, stages: CloningStages
) -> None:
    assert (await send(client, seconds=60.4)).status_code == 202
    async with asyncio.timeout(5):
        while not stages.heard:  # noqa: ASYNC110 - a script has no event for it
            await asyncio.sleep(0.01)
    assert stages.heard[0][0] == 60 * 48_000


async def test_what_the_stage_finds_wrong_is_answered_and_nothing_kept(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    stages.failures["check_sample"] = AvatarError("unusable_sample", "Two speak.", param="sample")
    check_refusal(await send(client), "unusable_sample", "sample")
    assert (stored(), stages.nudged) == (set(), [])


async def test_a_stage_that_takes_too_long_to_start_is_an_overload(
    client: httpx.AsyncClient, stages: CloningStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloning, "CHECK_SECONDS", 0.1)
    stages.delays["check_sample"] = 5
    answer = await send(client)
    assert (answer.status_code, answer.json()["error"]["retryable"]) == (503, True)
    assert answer.headers["retry-after"]


async def test_a_server_without_the_stage_says_how_to_have_it(
    client: httpx.AsyncClient, stages: CloningStages
) -> None:
    stages.failures["require_cloning"] = cloning_is_off()
    answer = await send(client)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (503, "weights_missing")
    assert "avatar-serve serve --config config/voices.yaml" in error["message"]
    assert "avatar-serve weights fetch --config config/voices.yaml" in error["message"]


async def test_too_many_at_once_are_refused_before_they_come_in(
    client: httpx.AsyncClient, stages: CloningStages, services: Services
) -> None:
    stages.hold_at = 0
    for _ in range(services.settings.max_active_voices):
        assert (await send(client)).status_code == 202
    answer = await send(client)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_jobs")
    assert int(answer.headers["retry-after"]) > 0


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


async def test_a_deleted_voice_leaves_nothing(
    client: httpx.AsyncClient, stored: Stored, services: Services
) -> None:
    voice = await cloned(client)
    await client.get(f"/v1/voices/{voice}/sample")
    assert len(stored()) == 2
    answer = await client.delete(f"/v1/voices/{voice}")
    assert answer.json() == {"id": voice, "object": "voice.deleted", "deleted": True}
    assert stored() == set()
    assert voice.encode() not in (services.settings.data_dir / "records.sqlite3").read_bytes()
    for gone in (
        await client.get(f"/v1/voices/{voice}"),
        await client.delete(f"/v1/voices/{voice}"),
    ):
        assert gone.status_code == 404
    check_refusal(await ask(client, voice=voice), "unknown_voice", "voice")


async def test_a_voice_deleted_while_it_is_made_leaves_nothing(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    voice = await held(client, stages)
    assert (await client.delete(f"/v1/voices/{voice}")).status_code == 200
    async with asyncio.timeout(2):
        while stages.making:  # noqa: ASYNC110 - a script has no event for it
            await asyncio.sleep(0.01)
    assert stored() == set()


async def test_a_voice_that_speaks_in_a_video_stays_until_that_is_over(
    client: httpx.AsyncClient,
) -> None:
    voice = await cloned(client)
    video = (await ask(client, voice=voice)).json()["id"]
    refused = await client.delete(f"/v1/voices/{voice}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_finished")
    await client.post(f"/v1/videos/{video}/cancel")
    assert (await client.delete(f"/v1/voices/{voice}")).status_code == 200


async def test_stock_voices_stay(client: httpx.AsyncClient) -> None:
    check_refusal(await client.delete("/v1/voices/anna"), "invalid_request", None)


async def test_a_sample_that_is_spoken_while_its_voice_goes_is_not_kept(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    voice = await cloned(client)
    stages.delays["speak"] = 0.3
    asking = asyncio.create_task(client.get(f"/v1/voices/{voice}/sample"))
    async with asyncio.timeout(5):
        while "speak" not in stages.calls:  # noqa: ASYNC110 - a script has no event for it
            await asyncio.sleep(0.01)
    await client.delete(f"/v1/voices/{voice}")
    assert (await asking).status_code == 404
    assert stored() == set()


async def test_nobody_hears_or_uses_anothers_voice(
    client: httpx.AsyncClient, services: Services
) -> None:
    voice = await cloned(client)
    app = create_app(services, access="open")
    app.dependency_overrides[owner_of] = lambda: "somebody else"
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as other:
        for answer in (
            await other.get(f"/v1/voices/{voice}"),
            await other.get(f"/v1/voices/{voice}/sample"),
            await other.delete(f"/v1/voices/{voice}"),
        ):
            assert answer.status_code == 404
        assert len((await other.get("/v1/voices")).json()["data"]) == 2
        check_refusal(await ask(other, voice=voice), "unknown_voice", "voice")
    assert (await client.get(f"/v1/voices/{voice}")).status_code == 200


async def test_a_language_without_a_voice_is_refused_with_the_stages_reason(
    client: httpx.AsyncClient, stages: CloningStages
) -> None:
    stages.missing_languages = {
        "es-ES": "Spanish is read by espeak-ng, which is not installed: apt install espeak-ng."
    }
    for language in ("es", "es-ES"):
        answer = await ask(client, language=language)
        check_refusal(answer, "unknown_voice", "language")
        assert "apt install espeak-ng" in answer.json()["error"]["message"]
    answer = await ask(client, language="tlh")
    check_refusal(answer, "unknown_voice", "language")
    assert "GET /v1/voices" in answer.json()["error"]["message"]
