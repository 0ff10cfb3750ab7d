"""Encode pulls from lip sync: in order, two calls in flight, nothing after a stop."""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from deployments.encode.engine import SegmentTask
from deployments.encode.feed import CALL_FRAMES, IN_FLIGHT, FrameFeed, Stopped
from deployments.encode.turns import Turns
from deployments.lipsync.engine import LipsyncCall
from media.patch import Frame, Pose
from media.sound import Sound

TASK = SegmentTask("", Fraction(25), 0, 200, True, Sound(np.zeros(9 * 48_000, np.float32), 48_000))


class ScriptedLipsync:
    """Answers each call after a delay and counts how many it holds at once."""

    def __init__(self, delay: float = 0.0, fail_at: int | None = None) -> None:
        self.delay, self.fail_at = delay, fail_at
        self.held = self.most = self.asked = 0
        self.cancelled = 0

    async def __call__(self, call: LipsyncCall) -> tuple[list[Frame], float]:
        self.asked += 1
        self.held += 1
        self.most = max(self.most, self.held)
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.held -= 1
        if self.fail_at == call.start:
            raise RuntimeError("scripted")
        return [Frame((), Pose(dx=n)) for n in range(call.start, call.stop)], 2.0


def numbers(frames: Iterator[Frame]) -> list[float]:
    return [frame.pose.dx for frame in frames]


async def test_frames_come_in_order_and_each_once() -> None:
    feed = FrameFeed(TASK, ScriptedLipsync(), asyncio.get_running_loop(), Turns(1))
    assert await asyncio.to_thread(numbers, feed.frames()) == list(range(200))
    assert feed.lipsync_ms == 2.0 * math.ceil(200 / CALL_FRAMES)


async def test_no_more_than_two_calls_are_in_flight_however_slow_the_encoder() -> None:
    lipsync = ScriptedLipsync()
    feed = FrameFeed(TASK, lipsync, asyncio.get_running_loop(), Turns(1))
    frames = feed.frames()
    await asyncio.to_thread(next, frames)
    await asyncio.sleep(0.05)
    assert lipsync.most <= IN_FLIGHT == 2
    assert lipsync.asked == 1 + IN_FLIGHT  # the answered one, and two ahead of it
    feed.stop()


async def test_first_segments_that_come_at_once_hold_one_encoder_open_a_turn() -> None:
    turns, loop = Turns(1), asyncio.get_running_loop()
    opened: set[FrameFeed] = set()
    most = 0

    def encode(feed: FrameFeed) -> None:
        nonlocal most
        for _ in feed.frames():
            opened.add(feed)
            most = max(most, len(opened))
        opened.remove(feed)

    async def segment() -> None:
        feed = FrameFeed(replace(TASK, stop=12), ScriptedLipsync(), loop, turns)
        try:
            await asyncio.to_thread(encode, feed)
        finally:
            feed.stop()

    await asyncio.gather(*(segment() for _ in range(6)))
    assert most == 1


async def test_a_failed_call_fails_the_segment() -> None:
    feed = FrameFeed(
        TASK, ScriptedLipsync(fail_at=3 * CALL_FRAMES), asyncio.get_running_loop(), Turns(1)
    )
    with pytest.raises(RuntimeError, match="scripted"):
        await asyncio.to_thread(numbers, feed.frames())


async def test_a_stop_cancels_what_is_in_flight_and_ends_the_thread() -> None:
    lipsync = ScriptedLipsync(delay=30.0)
    feed = FrameFeed(TASK, lipsync, asyncio.get_running_loop(), Turns(1))
    encoder = asyncio.ensure_future(asyncio.to_thread(numbers, feed.frames()))
    await asyncio.sleep(0.1)
    feed.stop()
    with pytest.raises(Stopped):
        await asyncio.wait_for(encoder, 2)
    assert lipsync.held == 0
    assert lipsync.cancelled >= 1
