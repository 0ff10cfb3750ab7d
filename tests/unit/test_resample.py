"""Resampling keeps time and level, and hearing agrees wherever windows overlap."""

import numpy as np
import pytest

from media.resample import EDGE, hearing, resample
from media.sound import Sound
from media.timegrid import HEARING_RATE, SOUND_RATE
from tests.sound_files import tone


@pytest.mark.parametrize(
    ("before", "after"),
    [(24_000, 48_000), (48_000, 16_000), (44_100, 48_000), (22_050, 48_000), (16_000, 48_000)],
)
def test_a_tone_stays_the_same_tone(before: int, after: int) -> None:
    out = resample(tone(1.0, before), before, after)
    assert out.dtype == np.float32
    assert len(out) == after
    edge = EDGE * max(1, after // before) + 1
    assert np.abs(out - tone(1.0, after))[edge:-edge].max() < 1e-4


@pytest.mark.parametrize("before", [24_000, 44_100, 48_000])
@pytest.mark.parametrize("after", [16_000, 48_000])
def test_the_filter_is_flat_below_its_edge_and_shut_above(before: int, after: int) -> None:
    half = min(before, after) / 2
    kept = resample(tone(1.0, before, 0.9 * half), before, after)
    assert np.abs(kept[500:-500]).max() == pytest.approx(1 / 3, rel=2e-3)
    if before > after:
        gone = resample(tone(1.0, before, 1.1 * half), before, after)
        assert np.abs(gone[500:-500]).max() < 1 / 3 * 10 ** (-75 / 20)


def test_the_same_rate_changes_nothing() -> None:
    assert np.array_equal(resample(tone(0.1), 48_000, 48_000), tone(0.1))


def test_nothing_gives_nothing() -> None:
    assert len(resample(np.zeros(0, np.float32), 24_000, 48_000)) == 0
    assert len(hearing(Sound(np.zeros(0, np.float32), SOUND_RATE, 7)).samples) == 0


@pytest.mark.parametrize("start", [-50, -1, 0, 1, 2, 3, 4, 1_000_003])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 1000, 1001, 1002])
def test_hearing_holds_every_sample_whose_place_lies_in_the_window(start: int, length: int) -> None:
    heard = hearing(Sound(np.zeros(length, np.float32), SOUND_RATE, start))
    around = range(start // 3 - 2, (start + length) // 3 + 3)
    wanted = [k for k in around if start <= 3 * k < start + length]
    assert heard.rate == HEARING_RATE
    assert len(heard.samples) == len(wanted)
    assert not wanted or heard.start == wanted[0]


def test_windows_that_overlap_hear_the_same_but_for_their_edges() -> None:
    rng = np.random.default_rng(11)
    track = Sound(rng.standard_normal(96_000).astype(np.float32) / 4, SOUND_RATE)
    whole = hearing(track)
    for start, stop in [(0, 48_000), (10_001, 60_000), (30_002, 90_001), (47_999, 96_000)]:
        heard = hearing(track.window(start, stop))
        inner = slice(EDGE, len(heard.samples) - EDGE)
        same = whole.window(heard.start, heard.stop).samples
        assert np.abs(heard.samples - same)[inner].max() < 1e-6


def test_only_the_edge_depends_on_what_lies_outside() -> None:
    # The documented number is not generous: the last sample that it names does differ.
    rng = np.random.default_rng(12)
    track = Sound(rng.standard_normal(48_000).astype(np.float32) / 4, SOUND_RATE)
    heard = hearing(track.window(12_000, 36_000))
    same = hearing(track).window(heard.start, heard.stop).samples
    differs = np.flatnonzero(np.abs(heard.samples - same) > 1e-6)
    first_half = differs[differs < len(same) // 2]
    assert EDGE - 4 <= first_half.max() < EDGE


def test_hearing_keeps_the_time_of_the_track() -> None:
    track = Sound(np.zeros(48_000, np.float32), SOUND_RATE, 30_001)
    track.samples[9_000 - 1] = 1.0  # sample 39,000 of the track is 13,000 of hearing
    heard = hearing(track)
    assert heard.start + int(np.argmax(heard.samples)) == 13_000


def test_hearing_takes_the_track_s_rate_only() -> None:
    with pytest.raises(ValueError, match="48000"):
        hearing(Sound(tone(0.1, 24_000), 24_000))
