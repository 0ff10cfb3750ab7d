"""Sound to mouth shapes: what the shipped network does with speech and with silence."""

import time
from collections.abc import Iterator
from fractions import Fraction
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from deployments.lipsync.engine import LOOK_AHEAD, LOOK_BACK, LipsyncCall
from deployments.lipsync.hearing import CHANNELS, spectra
from deployments.lipsync.mouth import HEARS_AHEAD, SHIPPED, MouthCurves, MouthReader
from deployments.speech.hibari import Hibari
from media.sound import Phone, Sound, Speech
from media.timegrid import FRAME_RATES, HEARING_RATE, TimeGrid

LINE = "Bob and my mother put apples far away, and nobody moved."
SHUT, OPEN = 0.02, 0.05
CURVES = ("opening", "width", "closure", "teeth", "loudness")


@pytest.fixture(scope="module")
def reader() -> MouthReader:
    return MouthReader.load()


@pytest.fixture(scope="module")
def speech() -> Speech:
    model = Path(str(resources.files("hibari") / "assets" / "hibari.onnx"))
    return next(iter(Hibari.load({"hibari.onnx": model}, threads=1).speak(LINE, "heart")))


@pytest.fixture(scope="module")
def sound(speech: Speech) -> Sound:
    """The line after a second of silence, as the lip sync hears it."""
    heard = resample_poly(speech.samples, 1, 3).astype(np.float32)
    rest = np.zeros(HEARING_RATE, np.float32)
    return Sound(np.concatenate([rest, heard, rest]), HEARING_RATE)


def at_hops(reader: MouthReader, sound: Sound) -> MouthCurves:
    return reader.curves(sound, np.arange(len(sound.samples) // 160) / 100)


def middle(phone: Phone) -> int:
    """Hop at which the mouth should be at the phone: a second of rest came first, and it leads."""
    return round(((phone.start + phone.end) / 2 + 1.0 - 0.045) * 100)


def noise(level_db: float, seconds: float = 4.0, seed: int = 1) -> Sound:
    chance = np.random.default_rng(seed)
    samples = chance.standard_normal(int(seconds * HEARING_RATE)) * 10 ** (level_db / 20)
    return Sound(samples.astype(np.float32), HEARING_RATE)


def test_open_vowels_open_the_mouth(reader: MouthReader, sound: Sound, speech: Speech) -> None:
    curves = at_hops(reader, sound)
    vowels = [p for p in speech.phones if p.symbol in "ɑæ"]
    assert len(vowels) >= 4
    peaks = [curves.opening[middle(p) - 5 : middle(p) + 6].max() for p in vowels]
    assert np.mean([peak > OPEN for peak in peaks]) > 0.8
    assert 0.1 < curves.opening.max() < 0.24


def test_m_b_and_p_close_the_lips(reader: MouthReader, sound: Sound, speech: Speech) -> None:
    curves = at_hops(reader, sound)
    closers = [p for p in speech.phones if p.symbol in "mbp"]
    assert len(closers) >= 6
    shut = [curves.opening[middle(p) - 2 : middle(p) + 3].min() < SHUT for p in closers]
    assert np.mean(shut) > 0.75


def test_f_and_v_bring_the_lip_to_the_teeth(
    reader: MouthReader, sound: Sound, speech: Speech
) -> None:
    curves = at_hops(reader, sound)
    hops = [middle(p) for p in speech.phones if p.symbol in "fv"]
    assert np.mean([curves.teeth[h - 3 : h + 4].max() > 0.3 for h in hops]) >= 0.5
    assert curves.teeth[:80].max() < 0.05


def test_w_makes_the_mouth_narrower_than_e(
    reader: MouthReader, sound: Sound, speech: Speech
) -> None:
    curves = at_hops(reader, sound)
    narrow = [curves.width[middle(p)] for p in speech.phones if p.symbol in "wuʊ"]
    wide = [curves.width[middle(p)] for p in speech.phones if p.symbol in "iɛæ"]
    assert np.mean(narrow) < np.mean(wide) - 0.03


def test_the_mouth_rests_before_and_after_the_speech(reader: MouthReader, sound: Sound) -> None:
    curves = at_hops(reader, sound)
    for part in (slice(0, 80), slice(-60, None)):
        assert curves.opening[part].max() < 0.005
        assert np.abs(curves.width[part]).max() < 0.01
        assert curves.loudness[part].max() < 0.05
    assert curves.loudness.max() > 0.7


def test_digital_silence_never_moves_the_mouth(reader: MouthReader) -> None:
    still = at_hops(reader, Sound(np.zeros(3 * HEARING_RATE, np.float32), HEARING_RATE))
    assert np.abs(still.opening).max() == 0
    assert np.abs(still.width).max() == 0
    assert np.abs(still.closure).max() == 0


@pytest.mark.parametrize("level", [-70.0, -50.0, -30.0])
def test_a_noise_floor_hardly_moves_the_mouth(reader: MouthReader, level: float) -> None:
    moved = at_hops(reader, noise(level))
    assert moved.opening.max() < 0.02


def test_soft_and_loud_speech_look_alike(reader: MouthReader, sound: Sound) -> None:
    normal = at_hops(reader, sound).opening
    for gain in (0.1, 0.3, 2.0):
        other = at_hops(reader, Sound(sound.samples * np.float32(gain), HEARING_RATE)).opening
        assert np.corrcoef(normal, other)[0, 1] > 0.95


def test_speech_is_read_through_noise(reader: MouthReader, sound: Sound) -> None:
    clean = at_hops(reader, sound).opening
    loud = np.sqrt(np.mean(sound.samples[HEARING_RATE:-HEARING_RATE] ** 2))
    hiss = noise(0.0, sound.seconds).samples[: len(sound.samples)] * np.float32(loud * 0.1)
    noisy = at_hops(reader, Sound(sound.samples + hiss, HEARING_RATE)).opening
    assert np.corrcoef(clean, noisy)[0, 1] > 0.85


def in_calls(sound: Sound, fps: Fraction, cuts: list[int]) -> Iterator[LipsyncCall]:
    """Calls for the frames between cuts, each with no more sound than the stage promises."""
    grid = TimeGrid(fps)
    for start, stop in pairwise(cuts):
        first = grid.sample(start, HEARING_RATE) - int(LOOK_BACK * HEARING_RATE)
        last = grid.sample(stop - 1, HEARING_RATE) + int(LOOK_AHEAD * HEARING_RATE) + 1
        yield LipsyncCall("", fps, start, stop, sound.window(first, last))


@pytest.mark.parametrize("rate", FRAME_RATES)
@pytest.mark.parametrize("longest", [1, 9, 40])
def test_calls_cut_anywhere_give_the_same_curves(
    reader: MouthReader, sound: Sound, rate: str, longest: int
) -> None:
    fps = FRAME_RATES[rate]
    frames = int(sound.seconds * fps)
    whole = reader.curves(sound, np.arange(frames) / float(fps))
    lengths = np.random.default_rng(longest).integers(1, longest + 1, frames)
    cuts = [0, *(int(c) for c in np.cumsum(lengths) if c < frames), frames]
    parts = [
        reader.curves(call.sound, np.arange(call.start, call.stop) / float(fps))
        for call in in_calls(sound, fps, cuts)
    ]
    for name in CURVES:
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.abs(joined - getattr(whole, name)).max() < 1e-4


@pytest.mark.parametrize("rate", FRAME_RATES)
def test_sound_more_than_120_ms_ahead_changes_nothing(
    reader: MouthReader, sound: Sound, rate: str
) -> None:
    assert HEARS_AHEAD <= LOOK_AHEAD
    fps = FRAME_RATES[rate]
    other = noise(-6.0, sound.seconds).samples[: len(sound.samples)]
    for frame in range(int(1.0 * fps), int((sound.seconds - 0.5) * fps), 7):
        seconds = np.array([frame / float(fps)])
        end = int(np.ceil((seconds[0] + HEARS_AHEAD) * HEARING_RATE))
        later = Sound(np.concatenate([sound.samples[:end], other[end:]]), HEARING_RATE)
        plain, changed = reader.curves(sound, seconds), reader.curves(later, seconds)
        for name in CURVES:
            assert np.array_equal(getattr(plain, name), getattr(changed, name))


def test_sound_just_ahead_does_change_the_mouth(reader: MouthReader, sound: Sound) -> None:
    times = np.arange(1.0, 2.0, 0.04)
    moved = []
    for seconds in times:
        end = int((seconds + 0.06) * HEARING_RATE)
        deaf = Sound(sound.samples[:end], HEARING_RATE)
        at = np.array([seconds])
        moved.append(abs(reader.curves(sound, at).opening - reader.curves(deaf, at).opening)[0])
    assert max(moved) > 0.01


def test_sound_more_than_a_second_ago_changes_nothing(reader: MouthReader, sound: Sound) -> None:
    for frame in (1.83, 2.5, 3.1):
        at = np.array([frame])
        other = noise(-10.0, sound.seconds).samples[: len(sound.samples)].copy()
        start = int((frame - LOOK_BACK) * HEARING_RATE)
        other[start:] = sound.samples[start:]
        plain, changed = reader.curves(sound, at), reader.curves(Sound(other, HEARING_RATE), at)
        for name in CURVES:
            assert np.abs(getattr(plain, name) - getattr(changed, name)).max() < 1e-5


def test_the_tracks_start_is_like_silence_before_it(reader: MouthReader, sound: Sound) -> None:
    late = Sound(sound.samples[HEARING_RATE:], HEARING_RATE, start=HEARING_RATE)
    times = 1.0 + np.arange(20) / 25
    assert np.allclose(
        reader.curves(late, times).opening, reader.curves(sound, times).opening, atol=1e-5
    )


def test_no_times_give_no_shapes(reader: MouthReader, sound: Sound) -> None:
    assert len(reader.curves(sound, np.zeros(0)).opening) == 0


def test_sound_of_another_rate_is_refused(reader: MouthReader) -> None:
    with pytest.raises(ValueError, match="16000"):
        reader.curves(Sound(np.zeros(100, np.float32), 48_000), np.zeros(1))


def test_what_is_heard_does_not_depend_on_where_the_window_starts() -> None:
    track = noise(-20.0, 4.0)
    features, level, power = spectra(track, 150, 250)
    later, late_level, late_power = spectra(track.window(160 * 100, 160 * 260), 200, 250)
    assert features.shape == (100, CHANNELS)
    assert np.allclose(features[50:], later, atol=1e-4)
    assert np.allclose(level[50:], late_level, atol=1e-4)
    assert np.allclose(power[50:], late_power, atol=1e-4)


def test_levels_are_in_decibels_of_full_scale() -> None:
    t = np.arange(2 * HEARING_RATE) / HEARING_RATE
    tone = Sound((0.1 * np.sqrt(2) * np.sin(2 * np.pi * 440 * t)).astype(np.float32), HEARING_RATE)
    _, level, power = spectra(tone, 100, 150)
    assert power == pytest.approx(np.full(50, -20.0), abs=0.3)
    assert level == pytest.approx(np.full(50, -20.0), abs=0.3)


def test_a_shipped_network_that_was_changed_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "mouth.onnx"
    other.write_bytes(SHIPPED.read_bytes() + b" ")
    monkeypatch.setattr("deployments.lipsync.mouth.SHIPPED", other)
    with pytest.raises(ValueError, match=r"mouth\.onnx"):
        MouthReader.load()


def test_the_network_is_small_and_quick(reader: MouthReader) -> None:
    assert SHIPPED.stat().st_size < 1.5e6
    spent = []
    for _ in range(10):
        begin = time.perf_counter()
        reader.curves(noise(-20.0), 1.0 + np.arange(32) / 25)
        spent.append(time.perf_counter() - begin)
    assert min(spent) / 32 < 1e-3  # a third of this alone on a core; others may share it
