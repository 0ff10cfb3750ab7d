"""What the network for sound to mouth shapes is trained on and measured by."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from deployments.lipsync.hearing import BANDS, CHANNELS
from deployments.lipsync.mouth import HOPS_AFTER, HOPS_BEFORE
from training.mouth.batches import HOPS, NOISES, Speakers, batch, cut, renew_all, warped
from training.mouth.clock import lateness
from training.mouth.noises import KINDS, RATE, one_background
from training.mouth.targets import targets
from training.mouth.unheard import unheard_noise


def write_hiss(path: Path, late: float) -> None:
    """Hisses and hums in turn, stated `late` seconds after they sound."""
    chance = np.random.default_rng(3)
    edges = np.cumsum(chance.uniform(0.08, 0.2, 30))
    sound = np.zeros(int((edges[-1] + 0.5) * RATE))
    for n, (start, end) in enumerate(pairwise(edges)):
        a, b = int(start * RATE), int(end * RATE)
        noise = np.diff(chance.standard_normal(b - a + 1))
        hum = np.sin(2 * np.pi * 500 * np.arange(b - a) / RATE)
        sound[a:b] = 3000 * (noise if n % 2 else hum)
    times = np.stack([edges[:-1], edges[1:]], axis=1) + late
    symbols = np.array(["s" if n % 2 else "i" for n in range(len(times))])
    np.savez(path, sound=sound.astype(np.int16), symbols=symbols, times=times.astype(np.float32))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voices")
    write_hiss(folder / "train-heart-0000.npz", 0.0)
    write_hiss(folder / "train-af_sky-0000.npz", 0.0)
    return folder


@pytest.mark.parametrize("late", [0.0, 0.055, -0.03])
def test_how_late_phonemes_are_stated_is_found_from_the_sound(tmp_path: Path, late: float) -> None:
    write_hiss(tmp_path / "held-heart-0000.npz", late)
    found = lateness([tmp_path / "held-heart-0000.npz"])
    assert found["hiss"] == pytest.approx(1000 * late, abs=5)
    assert found["vowels"] == pytest.approx(1000 * late, abs=5)


def test_a_training_that_goes_on_sees_the_batches_of_an_unbroken_one(data: Path) -> None:
    unbroken = Speakers(data, "train", len(KINDS))
    whole = [batch(unbroken, 2, 7, step) for step in range(3)]
    later = Speakers(data, "train", len(KINDS))
    renew_all(later, 7, 2)
    features, shapes = batch(later, 2, 7, 2)
    assert np.array_equal(features, whole[2][0])
    assert np.array_equal(shapes, whole[2][1])
    assert not np.array_equal(whole[0][0], whole[1][0])
    assert features.shape == (2, CHANNELS, HOPS + HOPS_BEFORE + HOPS_AFTER)
    assert NOISES % len(KINDS) == 0  # each noise is renewed by one of its own kind


def test_many_voices_are_also_learned_higher_and_lower(data: Path) -> None:
    speakers = Speakers(data, "train", len(KINDS))
    lengths = [len(speakers.sounds[n]) for n in speakers.many]
    assert len(speakers.sounds) == 4
    assert lengths[2] < lengths[0] < lengths[1]
    for sound, shapes in zip(speakers.sounds, speakers.targets, strict=True):
        assert len(shapes) == pytest.approx(len(sound) / 160, abs=1)


def test_another_throat_moves_the_bands_up_or_down() -> None:
    peak = np.zeros((1, BANDS), np.float32)
    peak[0, 15] = 1.0
    assert np.allclose(warped(1.0), np.eye(BANDS), atol=1e-6)
    assert int((peak @ warped(1.15)).argmax()) > 15
    assert int((peak @ warped(0.87)).argmax()) < 15


def test_a_recording_that_begins_late_holds_no_shape_before_it() -> None:
    for seed in range(10):
        sound, shapes = np.ones(500 * 160, np.float32), np.ones((500, 5), np.float32)
        heard, wanted = cut(sound, shapes, np.random.default_rng(seed))
        silent, still = heard[::160] == 0, wanted[:, 0] == 0
        assert silent.any()
        assert still.any()
        assert not (still & ~silent[:500]).any()
        assert np.count_nonzero(silent[:500] & ~still) <= 5  # lips part before the sound
        assert sound.all()


def test_noises_of_all_kinds_are_of_level_one() -> None:
    chance = np.random.default_rng(2)
    made = [one_background(n, chance) for n in range(len(KINDS))]
    made += [unheard_noise(n, 2 * RATE, chance) for n in range(5)]
    for noise in made:
        assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0, abs=1e-3)


def test_lips_shut_at_m_and_open_at_a() -> None:
    times = np.array([[0.2, 0.3], [0.3, 0.5], [0.5, 0.6]], np.float32)
    curves = targets(["m", "ɑ", "m"], times, 1.0)  # noqa: RUF001 - phonetic symbols are meant
    opening, closure = curves[:, 0], curves[:, 2]
    assert opening[20] == 0
    assert closure[20] == 1
    assert 0.1 < opening[35] < 0.2
    assert opening[:10].max() < 0.01
