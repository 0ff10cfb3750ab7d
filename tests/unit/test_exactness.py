"""Picture and sound are where they belong, to the frame and the sample, in all that is sent."""

from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from media.limiter import louden
from media.recording import decode_recording
from media.sound import Sound
from media.timegrid import FRAME_RATES, SOUND_RATE, TimeGrid
from serve.jobs.database import Database
from tests.encoders import BOTH, Engine
from tests.encoders import name as named
from tests.engines import Clicker, clicking
from tests.exactness import Made, Played, make, peaks, play
from tests.sound_files import wav

SECONDS = 9.3
GAIN_DB = 6.0
"""Brings the clicks over the limiter's ceiling."""
WITHIN = 0.0005
EVERY = 0.77
"""Seconds between clicks, none of which rings where segments of 0.5, 1, 2 and 4 s may meet."""


def well_inside(seconds: float) -> bool:
    """Far enough from the borders of frames that 1 ms to either side is the same frame."""
    return all(0.15 < float(seconds * fps % 1) < 0.85 for fps in FRAME_RATES.values())


def clicks_until(end: float, every: float) -> list[float]:
    """A click every so many seconds, moved to where it lies inside a frame at any rate."""
    found = []
    for start in np.arange(0.1, end - 0.2, every):
        found.append(next(t for t in np.arange(start, start + 0.15, 0.0005) if well_inside(t)))
    return [float(t) for t in found]


@lru_cache
def recording(rate: int, seconds: float, every: float) -> Sound:
    """A click track as an upload of some rate, decoded."""
    file = wav(clicking(seconds, clicks_until(seconds, every), rate), rate)
    return decode_recording(file, max_seconds=1200)


def check(played: Played, clicks: list[float], fps: Fraction, frames: int) -> None:
    """All frames in order at their times, and clicks heard in the frames that flash for them."""
    assert played.numbers == [n % 2**16 for n in range(frames)]
    assert played.times == [n / fps for n in range(frames)]
    assert played.start == 0
    heard = peaks(played, clicks)
    assert np.abs(np.array(heard) - clicks).max() < WITHIN
    assert played.flashes == [int(at * fps) for at in heard]


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("name", FRAME_RATES)
async def test_clicks_are_heard_in_the_frames_that_show_them(
    database: Database, tmp_path: Path, name: str, rate: int
) -> None:
    fps, sound = FRAME_RATES[name], recording(rate, SECONDS, EVERY)
    made = await make(database, tmp_path, name, sound, GAIN_DB)
    assert len(made.segments) >= 4
    clicks = clicks_until(SECONDS, EVERY)
    frames = TimeGrid(fps).frames_of(len(sound.samples))
    for data in (made.file, made.stream):
        check(play(data), clicks, fps, frames)
    check_borders(made, sound, fps)


def check_borders(made: Made, sound: Sound, fps: Fraction) -> None:
    """Where segments meet, the sound is as near to what went in as anywhere else."""
    meant = louden(sound, GAIN_DB).samples
    heard = play(made.file).sound[: len(meant)]
    error = heard - meant[: len(heard)]
    everywhere = float(np.sqrt(np.mean(error**2)))
    assert everywhere < 0.01
    grid, around = TimeGrid(fps), SOUND_RATE // 50
    for segment in made.segments[1:]:
        border = grid.sample(segment.start)
        near = error[border - around : border + around]
        assert float(np.sqrt(np.mean(near**2))) < 2 * everywhere
        assert float(np.abs(near).max()) < 0.03


@BOTH
@pytest.mark.parametrize("name", ["24", "29.97", "60"])
async def test_each_segment_plays_alone_at_its_own_time(
    database: Database, tmp_path: Path, name: str, engine: Engine
) -> None:
    fps = FRAME_RATES[name]
    made = await make(
        database, tmp_path, name, recording(44_100, SECONDS, 0.7), None, encode=named(engine)
    )
    whole = play(made.stream)
    for segment, fragment in zip(made.segments, made.fragments, strict=True):
        alone = play(made.init + fragment)
        span = range(segment.start, segment.stop)
        assert alone.numbers == list(span)
        assert alone.times == [n / fps for n in span]
        # A decoder that begins here lacks the packet before: the rest is as in the whole.
        first, last = alone.start + 2048, alone.start + len(alone.sound) - 1024
        same = whole.sound[first - whole.start : last - whole.start]
        assert np.abs(alone.sound[2048:-1024] - same).max() < 1e-3


@BOTH
@pytest.mark.parametrize("name", FRAME_RATES)
async def test_spoken_pieces_of_any_length_stay_in_step(
    database: Database, tmp_path: Path, name: str, engine: Engine
) -> None:
    fps, grid = FRAME_RATES[name], TimeGrid(FRAME_RATES[name])
    made = await make(database, tmp_path, name, None, 0.0, encode=named(engine))
    at, clicks = 0, []
    for seconds in Clicker.SECONDS:
        clicks.append(at / SOUND_RATE + seconds / 2)
        # Each piece is padded to the next frame.
        at = grid.sample(grid.frames_of(at + round(seconds * SOUND_RATE)))
    for data in (made.file, made.stream):
        played = play(data)
        assert played.numbers == list(range(grid.frames_of(at)))
        assert played.times == [n / fps for n in played.numbers]
        heard = peaks(played, clicks)
        assert np.abs(np.array(heard) - clicks).max() < WITHIN
        for click in heard:
            assert min(abs(click * fps - (n + 0.5)) for n in played.flashes) <= 1


async def test_ten_minutes_at_29_97_end_in_step(database: Database, tmp_path: Path) -> None:
    fps, seconds, every = FRAME_RATES["29.97"], 600.0, 2.9
    sound = recording(44_100, seconds, every)
    made = await make(database, tmp_path, "29.97", sound, GAIN_DB)
    clicks = clicks_until(seconds, every)
    frames = TimeGrid(fps).frames_of(len(sound.samples))
    assert frames == 17_983
    for data in (made.file, made.stream):
        check(play(data), clicks, fps, frames)
