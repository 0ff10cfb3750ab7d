"""A job's sound track while it is made: read anywhere, kept on disk, never whole in memory."""

import asyncio
import os
import tempfile
from typing import Final, Protocol, Self

import numpy as np

from media.sound import Samples, Sound, Speech, Word
from media.timegrid import SOUND_RATE, TimeGrid
from serve.storage.artifacts import Artifacts
from serve.storage.sounds import load_sound, sound_length

_BYTES: Final = 2
"""16-bit samples: their noise lies 96 dB under full scale."""


class Track(Protocol):
    """48 kHz mono sound on absolute positions."""

    async def reach(self, stop: int) -> tuple[int, bool]:
        """Wait until `stop` samples are there or the track has ended: its length, and which."""

    async def window(self, start: int, stop: int) -> Sound:
        """Samples [start, stop); what lies outside the track is silence."""


class SpokenTrack:
    """Speech, appended piece by piece; every piece is padded with silence to a whole frame."""

    def __init__(self, grid: TimeGrid) -> None:
        self._grid = grid
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as the track
        self._length = 0
        self._ended = False
        self._grown = asyncio.Condition()
        self.words: list[Word] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._file.close()

    async def append(self, speech: Speech) -> None:
        """Add a spoken piece at the track's end."""
        offset = self._length / SOUND_RATE
        moved = (Word(w.text, w.start + offset, w.end + offset) for w in speech.words)
        self.words.extend(moved)
        end = self._length + len(speech.samples)
        padded = self._grid.sample(self._grid.frames_of(end))
        await asyncio.to_thread(self._write, self._length, speech.samples, padded - end)
        await self._grow(padded, ended=False)

    async def end(self) -> None:
        """Say that no piece follows."""
        await self._grow(self._length, ended=True)

    async def reach(self, stop: int) -> tuple[int, bool]:
        """Wait until `stop` samples are there or the track has ended."""
        async with self._grown:
            await self._grown.wait_for(lambda: self._ended or self._length >= stop)
        return self._length, self._ended

    async def window(self, start: int, stop: int) -> Sound:
        """Samples [start, stop); what lies outside the track is silence."""
        first, last = max(0, start), min(stop, self._length)
        raw = await asyncio.to_thread(self._read, first, last)
        return Sound(raw, SOUND_RATE, first).window(start, stop)

    async def _grow(self, length: int, *, ended: bool) -> None:
        async with self._grown:
            self._length, self._ended = length, ended
            self._grown.notify_all()

    def _write(self, at: int, samples: Samples, silence: int) -> None:
        whole = np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2")
        # Positions are given with each call: writes and reads overlap in several threads.
        data = whole.tobytes() + bytes(silence * _BYTES)
        if os.pwrite(self._file.fileno(), data, at * _BYTES) != len(data):
            raise OSError("the temporary folder is full")

    def _read(self, start: int, stop: int) -> Samples:
        if stop <= start:
            return np.zeros(0, np.float32)
        raw = os.pread(self._file.fileno(), (stop - start) * _BYTES, start * _BYTES)
        return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32767)


class RecordedTrack:
    """A stored recording."""

    def __init__(self, artifacts: Artifacts, key: str) -> None:
        self._artifacts = artifacts
        self._key = key
        self._length: int | None = None

    async def reach(self, stop: int) -> tuple[int, bool]:
        """The recording is there from the start."""
        if self._length is None:
            self._length = await sound_length(self._artifacts, self._key)
        return self._length, True

    async def window(self, start: int, stop: int) -> Sound:
        """Samples [start, stop); what lies outside the recording is silence."""
        length, _ = await self.reach(stop)
        first, last = max(0, start), min(stop, length)
        if last <= first:
            return Sound(np.zeros(0, np.float32), SOUND_RATE, first).window(start, stop)
        return (await load_sound(self._artifacts, self._key, first, last)).window(start, stop)
