"""Voices and how they sound."""

import io
import wave

import httpx
import numpy as np
import pytest

from media.errors import AvatarError
from tests.fakes import FakeStages, FakeVoice


async def test_all_voices_are_listed(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/voices")).json()
    assert [voice["id"] for voice in listed["data"]] == ["anna", "jun"]
    assert listed["has_more"] is False
    voice = (await client.get("/v1/voices/anna")).json()
    assert voice == listed["data"][0]
    assert (voice["languages"], voice["licence"]) == (["en-US"], "Apache-2.0")


async def test_a_preview_is_a_playable_recording(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/voices/anna/preview")
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (48_000, 1, 9600)
        samples = np.frombuffer(file.readframes(9600), "<i2")
    # A quarter of full scale as it was spoken, and the voice's gain of 6 dB.
    assert samples[4800] == pytest.approx(0.25 * 10 ** (6 / 20) * 32767, abs=2)


async def test_a_preview_is_spoken_once(client: httpx.AsyncClient, stages: FakeStages) -> None:
    first = await client.get("/v1/voices/jun/preview")
    second = await client.get("/v1/voices/jun/preview")
    assert first.content == second.content
    assert stages.calls.count("speak") == 1


async def test_a_voice_whose_id_is_no_file_name_has_a_preview_too(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.speakers = (FakeVoice("Ünal .. \\ x", "Ünal", ("tr",)),)
    answer = await client.get("/v1/voices/Ünal .. \\ x/preview")
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/voices", "/v1/voices/anna", "/v1/voices/anna/preview"])
async def test_a_speech_stage_that_cannot_answer_is_an_overload(
    client: httpx.AsyncClient, stages: FakeStages, path: str
) -> None:
    stages.failures["voices"] = AvatarError("overloaded", "Busy.")
    answer = await client.get(path)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_preview_that_failed_is_not_kept(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.failures["speak"] = AvatarError("overloaded", "Busy.")
    assert (await client.get("/v1/voices/anna/preview")).status_code == 503
    del stages.failures["speak"]
    assert (await client.get("/v1/voices/anna/preview")).status_code == 200
