"""Where a track is cut: early at first, then rarely, at pauses, never more than ten seconds."""

import asyncio
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from deployments.director.plan import LONGEST, lay_segments
from deployments.director.track import SpokenTrack
from media.sound import Sound, Speech, Word
from media.timegrid import FRAME_RATES, SOUND_RATE, Segment, TimeGrid


class Recording:
    """A track that is all there."""

    def __init__(self, samples: np.ndarray) -> None:
        self.sound = Sound(samples.astype(np.float32), SOUND_RATE)

    async def reach(self, stop: int) -> tuple[int, bool]:
        return len(self.sound.samples), True

    async def window(self, start: int, stop: int) -> Sound:
        return self.sound.window(start, stop)


async def segments(samples: np.ndarray, grid: TimeGrid) -> list[Segment]:
    return [segment async for segment in lay_segments(Recording(samples), grid)]


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, int(seconds * SOUND_RATE))


@pytest.mark.parametrize("name", FRAME_RATES)
async def test_segments_follow_each_other_and_cover_the_track(name: str) -> None:
    grid = TimeGrid(FRAME_RATES[name])
    laid = await segments(noise(47.3), grid)
    assert [s.n for s in laid] == list(range(len(laid)))
    assert laid[0].start == 0
    assert all(a.stop == b.start for a, b in pairwise(laid))
    assert laid[-1].stop == grid.frames_of(int(47.3 * SOUND_RATE))
    assert [s.last for s in laid] == [False] * (len(laid) - 1) + [True]


async def test_the_first_segment_is_short_and_none_is_longer_than_ten_seconds() -> None:
    grid = TimeGrid(Fraction(25))
    laid = await segments(noise(60), grid)
    assert laid[0].frames <= 25
    assert max(s.frames for s in laid) <= LONGEST * 25
    assert len(laid) < 15


async def test_a_recording_is_cut_in_its_pause() -> None:
    sound = noise(20)
    sound[int(2.2 * SOUND_RATE) : int(2.5 * SOUND_RATE)] = 0
    laid = await segments(sound, TimeGrid(Fraction(25)))
    assert any(2.2 <= s.stop / 25 <= 2.5 for s in laid)


async def test_a_track_shorter_than_a_frame_is_one_segment_of_one_frame() -> None:
    (only,) = await segments(noise(0.01), TimeGrid(Fraction(25)))
    assert (only.start, only.stop, only.last) == (0, 1, True)


async def test_speech_is_padded_to_whole_frames_and_its_words_keep_their_times() -> None:
    grid = TimeGrid(FRAME_RATES["29.97"])
    first = Speech(np.full(10_001, 0.5, np.float32), SOUND_RATE, (Word("one", 0.0, 0.2),))
    second = Speech(np.full(5_000, 0.25, np.float32), SOUND_RATE, (Word("two", 0.01, 0.1),))
    async with SpokenTrack(grid) as track:
        await track.append(first)
        await track.append(second)
        await track.end()
        begins = grid.sample(grid.frames_of(10_001))
        heard = (await track.window(0, begins + 5_000)).samples
    assert np.allclose(heard[:10_001], 0.5, atol=1e-4)
    assert np.all(heard[10_001:begins] == 0)
    assert np.allclose(heard[begins:], 0.25, atol=1e-4)
    assert track.words[1].start == pytest.approx(begins / SOUND_RATE + 0.01)


async def test_a_track_is_read_rightly_while_it_grows() -> None:
    grid = TimeGrid(Fraction(25))
    samples = noise(40).astype(np.float32)
    pieces = np.split(samples, 40)

    async with SpokenTrack(grid) as track:

        async def grow() -> None:
            for piece in pieces:
                await track.append(Speech(piece, SOUND_RATE))
            await track.end()

        async def read(n: int) -> None:
            start, stop = n * SOUND_RATE, (n + 1) * SOUND_RATE
            for _ in range(20):
                await track.reach(stop)
                heard = (await track.window(start, stop)).samples
                assert np.abs(heard - pieces[n]).max() < 1e-4

        await asyncio.gather(grow(), *(read(n) for n in range(0, 40, 3)))


async def test_segments_leave_while_the_speech_is_still_being_made() -> None:
    grid = TimeGrid(Fraction(25))
    async with SpokenTrack(grid) as track:
        laid = lay_segments(track, grid)
        await track.append(Speech(noise(0.8).astype(np.float32), SOUND_RATE))
        first = await asyncio.wait_for(anext(laid), 5)
        assert first.stop <= 25
        waiting = asyncio.ensure_future(anext(laid))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await track.end()
        assert (await asyncio.wait_for(waiting, 5)).last
        await laid.aclose()
