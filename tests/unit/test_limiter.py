"""The limiter: no true peak over its ceiling, and the same samples wherever a stretch is cut."""

import av
import numpy as np
import pytest

from bench.metering import coded, meter
from media.limiter import BLOCK, CEILING_DBTP, REACH, louden, true_peak
from media.sound import Sound
from tests.sound_files import tone

RATE = 48_000


def speech_like(seconds: float = 4.0, start: int = 0, seed: int = 3) -> Sound:
    """Syllables of buzz and hiss, with pauses and plosives: peaks lie 20 dB over the mean."""
    rng = np.random.default_rng(seed)
    times = np.arange(int(seconds * RATE)) / RATE
    swell = np.clip(np.sin(2 * np.pi * 3.1 * times), 0, 1) ** 2
    buzz = np.sum([np.sin(2 * np.pi * 117 * k * times + k * k) / k for k in range(1, 25)], axis=0)
    samples = swell * (0.1 * buzz + 0.03 * rng.standard_normal(len(times)))
    for at in rng.integers(0, len(times) - 500, int(3 * seconds)):
        samples[at : at + 500] += 0.6 * rng.standard_normal(500) * np.exp(-np.arange(500) / 90)
    return Sound(samples.astype(np.float32), RATE, start)


@pytest.mark.parametrize("gain_db", [0.0, 12.0, 30.0])
def test_no_true_peak_passes_the_ceiling(gain_db: float) -> None:
    out = louden(speech_like(), gain_db)
    assert true_peak(out) <= CEILING_DBTP + 0.01
    assert meter(out)[1] <= CEILING_DBTP + 0.15  # FFmpeg's meter, with a filter of its own


def test_peaks_between_samples_are_seen() -> None:
    # A sine at a quarter of the rate, sampled at 45 degrees: samples lie 3 dB below its peaks.
    samples = np.sin(np.pi / 4 + np.pi / 2 * np.arange(RATE)).astype(np.float32)
    assert np.abs(samples).max() == pytest.approx(0.7071, abs=1e-3)
    inner = Sound(samples, RATE).window(1000, 40_000)
    assert true_peak(inner) == pytest.approx(0.0, abs=0.7)
    assert true_peak(louden(Sound(samples, RATE), 0.0)) <= CEILING_DBTP + 0.01


def test_what_lies_below_the_ceiling_only_gets_the_gain() -> None:
    quiet = Sound(0.1 * speech_like().samples, RATE)
    out = louden(quiet, 3.0)
    assert np.allclose(out.samples, quiet.samples * 10 ** (3 / 20), atol=1e-7)


def test_sound_away_from_a_peak_only_gets_the_gain() -> None:
    samples = (0.1 * tone(2.0, RATE, 440)).astype(np.float32)
    samples[RATE : RATE + 10] = 0.9
    out = louden(Sound(samples, RATE), 12.0).samples
    far = np.abs(np.arange(len(samples)) - RATE) > REACH
    assert np.allclose(out[far], samples[far] * 10 ** (12 / 20), atol=1e-6)
    assert np.abs(out[RATE : RATE + 10]).max() < 0.8


@pytest.mark.parametrize("start", [0, 17, 480_000_001])
@pytest.mark.parametrize(("first", "stop"), [(0, 9000), (1, 100_000), (70_001, 70_002)])
def test_a_stretch_is_the_same_wherever_it_was_cut_from(start: int, first: int, stop: int) -> None:
    sound = speech_like(start=start)
    first, stop = start + first, start + stop
    whole = louden(sound, 14.0).window(first, stop).samples
    reach = sound.window(first - REACH, stop + REACH)
    assert np.abs(louden(reach, 14.0).window(first, stop).samples - whole).max() <= 1e-6


def test_what_lies_out_of_reach_changes_nothing() -> None:
    sound = speech_like()
    other = Sound(sound.samples.copy(), RATE)
    other.samples[: 50_000 - REACH] = 0.9
    other.samples[60_000 + REACH :] = -0.9
    alike = [louden(s, 14.0).window(50_000, 60_000).samples for s in (sound, other)]
    assert np.abs(alike[0] - alike[1]).max() <= 1e-6


def test_the_gain_moves_slowly_so_that_nothing_clicks() -> None:
    ones = np.full(RATE, 0.3, np.float32)
    ones[RATE // 2] = 3.0
    out = louden(Sound(ones, RATE), 0.0).samples
    gain = np.delete(out / ones, RATE // 2)
    assert gain.min() < 0.3
    assert np.abs(np.diff(gain)).max() < 2.5e-3  # 20 ms from full to nothing, and no corner


def test_a_sound_keeps_its_place_and_its_length() -> None:
    for length in (1, BLOCK - 1, BLOCK, BLOCK + 1, 1000):
        out = louden(Sound(np.full(length, 0.99, np.float32), RATE, 4711), 6.0)
        assert (out.start, out.stop, out.rate) == (4711, 4711 + length, RATE)
    assert len(louden(Sound(np.zeros(0, np.float32), RATE), 6.0).samples) == 0


def test_silence_has_no_peak() -> None:
    assert true_peak(Sound(np.zeros(1000, np.float32), RATE)) == -np.inf


def test_another_rate_is_an_error() -> None:
    with pytest.raises(ValueError, match="48000"):
        louden(Sound(np.zeros(10, np.float32), 16_000), 0.0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("gain_db", [6.0, 14.0])
def test_no_peak_passes_minus_one_after_aac(seed: int, gain_db: float) -> None:
    heard = coded(louden(speech_like(seed=seed), gain_db))
    assert true_peak(heard) <= -1.0
    assert meter(heard)[1] <= -1.0


def test_our_meter_agrees_with_that_of_ffmpeg() -> None:
    assert "ebur128" in av.filter.filters_available
    sound = speech_like()
    assert true_peak(sound) == pytest.approx(meter(sound)[1], abs=0.25)
