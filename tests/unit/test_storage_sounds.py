"""A recording is stored so that any stretch of it can be read alone."""

import numpy as np
import pytest

from media.sound import Sound
from serve.storage.artifacts import open_artifacts
from serve.storage.sounds import load_sound, save_sound, sound_length
from tests.fakes import tone


async def test_a_recording_comes_back_within_16_bits() -> None:
    artifacts = open_artifacts("memory:///")
    samples = tone(30, rate=48_000, level=0.9)  # longer than one piece of the conversion
    await save_sound(artifacts, "uploads/a.pcm", Sound(samples, 48_000))
    loaded = await load_sound(artifacts, "uploads/a.pcm")
    assert loaded.rate == 48_000
    assert await sound_length(artifacts, "uploads/a.pcm") == len(samples)
    assert np.abs(loaded.samples - samples).max() <= 0.6 / 32768


async def test_a_stretch_knows_its_place_in_the_recording() -> None:
    artifacts = open_artifacts("memory:///")
    samples = np.linspace(-0.9, 0.9, 48_000, dtype=np.float32)
    await save_sound(artifacts, "uploads/a.pcm", Sound(samples, 48_000))
    part = await load_sound(artifacts, "uploads/a.pcm", 1000, 2000)
    assert (part.start, part.stop) == (1000, 2000)
    np.testing.assert_allclose(part.samples, samples[1000:2000], atol=1e-4)
    assert len((await load_sound(artifacts, "uploads/a.pcm", 47_000, 99_000)).samples) == 1000


async def test_sound_beyond_full_scale_is_clipped_not_wrapped() -> None:
    artifacts = open_artifacts("memory:///")
    loud = np.array([1.5, -1.5, 1.0, -1.0], np.float32)
    await save_sound(artifacts, "uploads/a.pcm", Sound(loud, 48_000))
    loaded = await load_sound(artifacts, "uploads/a.pcm")
    np.testing.assert_allclose(loaded.samples, [1, -1, 1, -1], atol=1e-4)


async def test_another_sample_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="48000"):
        await save_sound(open_artifacts("memory:///"), "uploads/a", Sound(tone(), 16_000))
