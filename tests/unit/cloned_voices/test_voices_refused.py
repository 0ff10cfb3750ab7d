"""What no voice is made of, and voices that cannot be used: refused at once, with a reason."""

import asyncio
from typing import Any

import httpx
import pytest

from media.errors import AvatarError
from serve.api import cloning
from serve.api.services import Services
from serve.stages import cloning_is_off
from tests.cloned import CONSENT, CloningStages, held, send, until_made
from tests.conftest import Stored, ask, check_refusal
from tests.fakes import tone, wav

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
