"""The second encoder, which judges cloned voices in the benchmark."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import deployments.cloning
from deployments.speech.hibari import Hibari
from media.resample import hearing
from media.sound import Sound
from media.timegrid import SOUND_RATE
from tests.weights import weights
from training.speakers import judge as module
from training.speakers.judge import FILE, Judge, belongings, cepstra

TEXT = "We followed the river for an hour, and then we lost the path. Nothing happened for a while."


@pytest.fixture(scope="module")
def heart() -> Sound:
    hibari = Hibari.load(weights("hibari-heart"), threads=1)
    said = np.concatenate([p.samples for p in hibari.speak(TEXT, "heart")])
    return hearing(Sound(said, SOUND_RATE))


def other(heart: Sound) -> Sound:
    """Another's throat: the same words at three quarters of the pitch and all formants."""
    at = np.arange(0, len(heart.samples) - 1, 0.75)
    return Sound(np.interp(at, np.arange(len(heart.samples)), heart.samples), heart.rate)


def half(sound: Sound, n: int) -> Sound:
    size = len(sound.samples) // 2
    return Sound(np.asarray(sound.samples[n * size : (n + 1) * size], np.float32), sound.rate)


def test_it_knows_a_voice_again_in_other_words_at_another_level_and_in_another_room(
    heart: Sound,
) -> None:
    judge = Judge.load()
    known = judge.embed(half(heart, 0))
    assert np.linalg.norm(known) == pytest.approx(1, abs=1e-4)
    again = half(heart, 1)
    room = np.convolve(again.samples, [1, -0.5, 0.2], "same").astype(np.float32)
    changed = other(heart)
    somebody = judge.embed(Sound(np.asarray(changed.samples, np.float32), changed.rate))
    for samples in (again.samples, again.samples * 0.1, room):
        assert known @ judge.embed(Sound(samples, heart.rate)) > 0.5 > known @ somebody


def test_every_frame_belongs_to_the_gaussians_in_all(heart: Sound) -> None:
    judge = Judge.load()
    frames = cepstra(heart.samples)
    belong = belongings(frames, judge.shares, judge.means, judge.spreads)
    np.testing.assert_allclose(belong.sum(axis=1), 1, atol=1e-3)


def test_the_card_is_of_the_files_that_lie_there() -> None:
    card = Path(module.__file__).with_name("README.md").read_text(encoding="utf-8")
    stock = Path(deployments.cloning.__file__).with_name("stock_voices.npz")
    for file in (FILE, stock):
        assert sha256(file.read_bytes()).hexdigest() in card
