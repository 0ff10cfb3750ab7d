"""Loudness by ITU-R BS.1770-4, and the one gain that brings a recording to speech level."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.metering import coded, meter
from media.levels import window_levels
from media.limiter import louden
from media.loudness import integrated_loudness, k_weighting, normalise, speech_gain
from media.recording import decode_recording
from media.scratch import mapped, room
from media.sound import Sound
from tests.sound_files import tone, wav


def sine(dbfs: float, seconds: float = 5.0, rate: int = 48_000, frequency: float = 997.0) -> Sound:
    amplitude = 3 * 10 ** (dbfs / 20)  # tone() gives a third
    return Sound((amplitude * tone(seconds, rate, frequency)).astype(np.float32), rate)


def joined(*parts: Sound) -> Sound:
    return Sound(np.concatenate([part.samples for part in parts]), parts[0].rate)


@pytest.mark.parametrize("dbfs", [0.0, -20.0, -40.0])
def test_a_sine_of_997_hertz_has_the_standard_s_loudness(dbfs: float) -> None:
    # BS.1770-4: a 0 dBFS sine of 997 Hz on one channel reads -3.01 LKFS.
    assert integrated_loudness(sine(dbfs)) == pytest.approx(dbfs - 3.01, abs=0.02)


@pytest.mark.parametrize("rate", [16_000, 24_000, 44_100])
def test_loudness_does_not_depend_on_the_rate(rate: int) -> None:
    assert integrated_loudness(sine(-20, rate=rate)) == pytest.approx(-23.01, abs=0.05)


def test_the_filters_at_48_kilohertz_are_those_the_standard_prints() -> None:
    shelf, high_pass = k_weighting(48_000)
    wanted_shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    wanted_shelf += [1.0, -1.69065929318241, 0.73248077421585]
    assert np.abs(shelf - wanted_shelf).max() < 1e-8
    wanted_high_pass = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    assert np.abs(high_pass - wanted_high_pass).max() < 1e-8


def test_pauses_do_not_make_speech_quieter() -> None:
    # EBU Tech 3341, case 3 in shape: quiet parts fall to the relative gate.
    sound = joined(sine(-36, 10.0), sine(-23, 60.0), sine(-36, 10.0))
    assert integrated_loudness(sound) == pytest.approx(-26.0, abs=0.1)
    silence = Sound(np.zeros(480_000, np.float32), 48_000)
    assert integrated_loudness(joined(silence, sine(-23), silence)) == pytest.approx(-26, abs=0.3)


def test_low_rumble_counts_less_than_a_voice() -> None:
    rumble = integrated_loudness(sine(-20, frequency=25.0))
    assert rumble < integrated_loudness(sine(-20)) - 8


def test_silence_has_no_loudness() -> None:
    silence = Sound(np.zeros(48_000, np.float32), 48_000)
    assert integrated_loudness(silence) == -np.inf
    assert integrated_loudness(Sound(np.zeros(0, np.float32), 48_000)) == -np.inf
    assert speech_gain(silence) == 0.0
    assert normalise(silence) == (silence, 0.0)


def test_a_sound_shorter_than_a_block_is_measured() -> None:
    assert integrated_loudness(sine(-20, 0.25)) == pytest.approx(-23.01, abs=0.5)


def final(sound: Sound) -> Sound:
    """A recording as it is heard in the video, but for coding."""
    return louden(*normalise(sound))


@pytest.mark.parametrize("dbfs", [-40.0, -25.0, -3.0])
def test_recordings_come_to_one_loudness(dbfs: float) -> None:
    assert integrated_loudness(final(sine(dbfs))) == pytest.approx(-16.0, abs=0.05)


def test_one_gain_serves_the_whole_recording() -> None:
    sound = joined(sine(-40), sine(-20))
    out, missing = normalise(sound)
    gains = out.samples[100:-100:7] / sound.samples[100:-100:7]
    finite = gains[np.isfinite(gains)]
    assert finite.std() / finite.mean() < 1e-5
    assert missing == 0.0


def test_a_recording_with_high_peaks_is_no_softer_than_others() -> None:
    sound = sine(-40)
    sound.samples[1000::9600] = 0.5
    kept, missing = normalise(sound)
    assert np.abs(kept.samples).max() == pytest.approx(1.0, rel=1e-4)
    assert missing > 15
    assert integrated_loudness(louden(kept, missing)) == pytest.approx(-16.0, abs=0.5)


def test_a_recording_over_full_scale_is_kept_within_it() -> None:
    kept, missing = normalise(Sound(2.0 * sine(0.0).samples, 48_000))
    assert np.abs(kept.samples).max() < 1.0
    assert missing == 0.0


def test_a_recording_of_minutes_needs_the_gain_of_each_of_its_minutes() -> None:
    minute = sine(-30, 65.0)
    minute.samples[1000::9600] = 0.5
    gain = speech_gain(minute)
    assert gain > 10
    assert speech_gain(joined(minute, minute, minute)) == pytest.approx(gain, abs=0.05)


def test_the_gain_is_bounded() -> None:
    assert integrated_loudness(final(sine(-60))) == pytest.approx(-33.01, abs=0.1)


@pytest.mark.parametrize("crest", [6.0, 14.0, 20.0, 26.0])
def test_speech_of_any_crest_comes_to_one_loudness_in_the_file(crest: float) -> None:
    rng = np.random.default_rng(5)
    times = np.arange(6 * 48_000) / 48_000
    swell = np.clip(np.sin(2 * np.pi * 2.7 * times), 0.0, 1.0)
    samples = swell * np.sin(2 * np.pi * 300 * times + 3 * np.sin(2 * np.pi * 117 * times))
    level = float(np.sqrt(np.mean(samples**2)))
    for at in rng.integers(0, len(times), 25):
        samples[at : at + 96] += level * 10 ** (crest / 20) * np.hanning(96)[: len(times) - at]
    file = wav((0.7 * samples / np.abs(samples).max()).astype(np.float32), 44_100)
    kept, missing = normalise(decode_recording(file, max_seconds=60))
    loudness, peak = meter(coded(louden(kept, missing)))
    assert loudness == pytest.approx(-16.0, abs=1.0)
    assert peak <= -1.0


def test_a_sound_keeps_its_place_on_the_track() -> None:
    sound = Sound(sine(-20).samples, 48_000, 4711)
    out, _ = normalise(sound)
    assert (out.start, out.rate) == (4711, 48_000)


def test_long_sound_is_the_same_from_a_file_as_from_memory(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    samples = np.tile(sine(-30, 10.0).samples, 10)
    path = tmp_path_factory.mktemp("pcm") / "samples"
    path.write_bytes(samples.tobytes())
    with path.open("rb") as file:
        from_file = Sound(mapped(file), 48_000)
    path.unlink()
    out, missing = normalise(from_file)
    assert integrated_loudness(out) == pytest.approx(-16.0, abs=0.05)
    same, also = normalise(Sound(samples, 48_000))
    assert missing == also == 0.0
    assert np.array_equal(out.samples, same.samples)
    assert np.array_equal(from_file.samples, samples)


def test_long_rooms_are_written_and_read_like_memory() -> None:
    values: NDArray[np.float32] = room(5_000_000)
    values[:] = 1.5
    assert float(values.sum()) == 7_500_000


def test_levels_are_of_the_sound_and_not_of_its_offset() -> None:
    sound = Sound((tone(1.0) + 0.3).astype(np.float32), 48_000)
    levels = window_levels(sound, 2400)
    assert len(levels) == 20
    assert np.abs(levels - 1 / 3 / np.sqrt(2)).max() < 1e-3
