"""The one time grid: exact at every frame rate, over any length."""

from fractions import Fraction

import pytest

from media.timegrid import FRAME_RATES, SOUND_RATE, TimeGrid


@pytest.mark.parametrize("name", FRAME_RATES)
def test_frames_share_the_samples_out_without_gap_or_drift(name: str) -> None:
    grid = TimeGrid(FRAME_RATES[name])
    hour = int(3600 * grid.fps)
    assert grid.sample(0) == 0
    assert abs(grid.sample(hour) - hour / grid.fps * SOUND_RATE) < 1
    spans = {grid.sample(n + 1) - grid.sample(n) for n in range(2000)}
    assert max(spans) - min(spans) <= 1


def test_at_29_97_a_thousand_and_one_seconds_hold_thirty_thousand_frames() -> None:
    grid = TimeGrid(FRAME_RATES["29.97"])
    assert grid.sample(30_000) == 1001 * SOUND_RATE


@pytest.mark.parametrize("name", FRAME_RATES)
@pytest.mark.parametrize("samples", [1, 1919, 1920, 1921, 48_000, 1_234_567])
def test_the_frames_of_a_sound_cover_it_and_one_less_would_not(name: str, samples: int) -> None:
    grid = TimeGrid(FRAME_RATES[name])
    frames = grid.frames_of(samples)
    assert grid.sample(frames) >= samples - 1  # floor may fall a part of a sample short
    assert grid.sample(frames - 1) < samples
    assert frames == -(-samples * grid.fps // Fraction(SOUND_RATE))


def test_no_sound_has_no_frames() -> None:
    assert TimeGrid(Fraction(25)).frames_of(0) == 0
