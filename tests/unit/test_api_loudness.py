"""A video's sound comes to one loudness unless its request says otherwise."""

import httpx
import numpy as np
import pytest

from media.limiter import louden
from media.loudness import TARGET_LUFS, integrated_loudness
from media.sound import Samples
from serve.api.services import Services
from serve.jobs import records
from serve.storage.sounds import load_sound
from tests.conftest import ask, check_refusal
from tests.fakes import wav


def said(level: float) -> Samples:
    """Two seconds that swell at a level, and a few peaks far over it."""
    times = np.arange(2 * 48_000) / 48_000
    samples = level * np.sin(2 * np.pi * 220 * times) * np.abs(np.sin(5 * times))
    samples[::16_000] = 0.9
    return samples.astype(np.float32)


async def recorded(client: httpx.AsyncClient, samples: Samples, **fields: str) -> str:
    files = {"audio": ("said.wav", wav(samples, 48_000))}
    answer = await client.post("/v1/videos", data={"avatar": "mira"} | fields, files=files)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("level", [0.02, 0.1, 0.8])
async def test_a_recording_is_measured_while_it_is_examined(
    client: httpx.AsyncClient, services: Services, level: float
) -> None:
    job = await records.get(services.database, await recorded(client, said(level)))
    kept = await load_sound(services.artifacts, job.request["audio"]["key"])
    heard = louden(kept, job.request["gain_db"])
    assert integrated_loudness(heard) == pytest.approx(TARGET_LUFS, abs=0.5)
    assert np.abs(kept.samples).max() > 0.35  # 16 bits hold it well


async def test_a_recording_stays_as_it_is_when_asked_for(
    client: httpx.AsyncClient, services: Services
) -> None:
    job = await records.get(services.database, await recorded(client, said(0.1), normalise="false"))
    assert job.request["gain_db"] is None
    kept = await load_sound(services.artifacts, job.request["audio"]["key"])
    assert np.abs(kept.samples - said(0.1)).max() < 1e-3


@pytest.mark.parametrize(("normalise", "gain"), [(True, 6.0), (False, None)])
async def test_a_voice_brings_its_own_gain(
    client: httpx.AsyncClient, services: Services, normalise: bool, gain: float | None
) -> None:
    answer = await ask(client, normalise=normalise)
    job = await records.get(services.database, answer.json()["id"])
    assert job.request["gain_db"] == gain


async def test_a_loudness_in_words_is_refused(client: httpx.AsyncClient) -> None:
    check_refusal(await ask(client, normalise="loud"), "invalid_request", "normalise")
