"""Which samples serve for a cloned voice. The voices are real ones of Kokoro and hibari."""

from collections.abc import Callable

import numpy as np
import pytest

from deployments.cloning.pitch import median_hz
from deployments.cloning.sample_check import check_sample
from deployments.cloning.speaker_encoder import FILE, SIZE, WEIGHTS, SpeakerEncoder
from deployments.cloning.views import VIEWS, fingerprint
from deployments.cloning.voice_activity import speech_of
from deployments.speech.hibari import Hibari
from deployments.speech.kokoro import Kokoro
from media.errors import AvatarError
from media.resample import hearing, resample
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from tests.weights import weights

TEXT = "We followed the river for an hour, and then we lost the path. Nothing happened for a while."
SHORT = "We followed the river for an hour."


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    return SpeakerEncoder.load({FILE: weights(WEIGHTS)[FILE]})


@pytest.fixture(scope="module")
def heart() -> Samples:
    hibari = Hibari.load(weights("hibari-heart"), threads=1)
    return np.concatenate([piece.samples for piece in hibari.speak(TEXT, "heart")])


@pytest.fixture(scope="module")
def george() -> Samples:
    kokoro = Kokoro.load(weights("kokoro-82m-int8", "kokoro-voices"), threads=2, languages="en-GB")
    return np.concatenate([piece.samples for piece in kokoro.speak(SHORT, "bm_george")])


def with_noise(speech: Samples, snr: float) -> Samples:
    noise = np.random.default_rng(0).normal(0, speech.std() * 10 ** (-snr / 20), len(speech))
    return (speech + noise).astype(np.float32)


def overdriven(speech: Samples, decibels: float) -> Samples:
    highest = float(np.abs(speech).max())
    return np.clip(speech * 10 ** (decibels / 20), -highest, highest)


def through_44_100_hz(speech: Samples) -> Samples:
    return resample(resample(speech, SOUND_RATE, 44_100), 44_100, SOUND_RATE)


@pytest.mark.parametrize(
    "as_recorded",
    [
        lambda speech: speech,
        lambda speech: speech * 0.05,
        lambda speech: np.clip(speech * 3, -1, 1) / 3,
        lambda speech: with_noise(speech, 25),
        lambda speech: np.concatenate([np.zeros(96_000, np.float32), speech]),
        through_44_100_hz,
    ],
    ids=["plain", "soft", "loud", "a little noise", "a late start", "another rate"],
)
def test_one_person_who_speaks_serves(
    encoder: SpeakerEncoder, heart: Samples, as_recorded: Callable[[Samples], Samples]
) -> None:
    check_sample(Sound(as_recorded(heart), SOUND_RATE), encoder)


def refused(encoder: SpeakerEncoder, samples: Samples, sentence: str) -> None:
    with pytest.raises(AvatarError, match=sentence) as error:
        check_sample(Sound(np.asarray(samples, np.float32), SOUND_RATE), encoder)
    assert (error.value.code, error.value.param) == ("unusable_sample", "sample")
    assert not error.value.retryable


def test_too_little_speech_is_refused(encoder: SpeakerEncoder, heart: Samples) -> None:
    second = heart[: int(1.5 * SOUND_RATE)]
    late = np.concatenate([second, np.zeros(9 * SOUND_RATE, np.float32)])
    refused(encoder, late, "are speech")
    refused(encoder, np.zeros(9 * SOUND_RATE), "Only 0 s of the sample are speech")
    refused(encoder, np.zeros(0), "Only 0 s of the sample are speech")


def test_noise_is_refused(encoder: SpeakerEncoder, heart: Samples) -> None:
    refused(encoder, with_noise(heart, 5), "too noisy")


@pytest.mark.parametrize("through", [lambda x: x, through_44_100_hz], ids=["48000", "44100"])
def test_cut_off_peaks_are_refused(
    encoder: SpeakerEncoder, heart: Samples, through: Callable[[Samples], Samples]
) -> None:
    refused(encoder, through(overdriven(heart, 12)), "peaks are cut off")


def test_two_people_in_turn_are_refused(
    encoder: SpeakerEncoder, heart: Samples, george: Samples
) -> None:
    turns = np.concatenate([heart[: 3 * SOUND_RATE], george, heart[3 * SOUND_RATE :]])
    refused(encoder, turns, "Several people")


def test_pauses_do_not_change_who_is_heard(encoder: SpeakerEncoder, heart: Samples) -> None:
    middle = len(heart) // 2
    paused = np.concatenate([heart[:middle], np.zeros(3 * SOUND_RATE, np.float32), heart[middle:]])
    one, other = (encoder.embed(hearing(Sound(x, SOUND_RATE))) for x in (heart, paused))
    assert one @ other > 0.97
    assert speech_of(hearing(Sound(paused, SOUND_RATE))).seconds < len(heart) / SOUND_RATE + 0.5


def test_a_fingerprint_s_cosine_is_the_mean_of_four_views_the_plain_one_first(
    encoder: SpeakerEncoder, heart: Samples, george: Samples
) -> None:
    sounds = [hearing(Sound(samples, SOUND_RATE)) for samples in (heart, george)]
    one, other = (fingerprint(encoder, sound) for sound in sounds)
    assert one.shape == (VIEWS * SIZE,)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-4)
    views = [2 * one[n * SIZE : (n + 1) * SIZE] for n in range(VIEWS)]
    np.testing.assert_allclose(views[0], encoder.embed(sounds[0]), atol=1e-5)
    cosines = [view @ (2 * other[n * SIZE : (n + 1) * SIZE]) for n, view in enumerate(views)]
    assert one @ other == pytest.approx(np.sum(cosines) / VIEWS, abs=1e-4)
    assert len({round(float(views[0] @ view), 3) for view in views}) == VIEWS


@pytest.mark.parametrize("hertz", [70.0, 118.0, 231.0, 395.0])
def test_pitch_is_that_of_the_tone(hertz: float) -> None:
    t = np.arange(16_000) / 16_000
    tone = sum(np.sin(2 * np.pi * hertz * n * t) / n for n in range(1, 6))
    assert median_hz(Sound(np.asarray(tone, np.float32), 16_000)) == pytest.approx(hertz, rel=0.03)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    for sound in (noise, np.zeros(16_000, np.float32), noise[:100]):
        assert np.isnan(median_hz(Sound(sound, 16_000)))
