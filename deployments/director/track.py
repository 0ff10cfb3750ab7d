"""A job's sound track while it is made: read anywhere, kept on disk, never whole in memory."""

import asyncio
import errno
import os
import tempfile
from collections.abc import Iterable
from typing import Final, Protocol, Self

import numpy as np

from media.sound import Samples, Sound, Speech, Word
from media.timegrid import SOUND_RATE, TimeGrid
from serve.storage.artifacts import Artifacts
from serve.storage.sounds import BYTES_PER_SAMPLE, from_pcm, load_sound, sound_length, to_pcm

_NOTHING: Final = np.zeros(0, np.float32)


class Track(Protocol):
    """48 kHz mono sound on absolute positions."""

    async def reach(self, stop: int) -> tuple[int, bool]:
        """Wait until `stop` samples are there or the track has ended: its length, and which."""

    async def window(self, start: int, stop: int) -> Sound:
        """Samples [start, stop); what lies outside the track is silence."""

    async def kept(self, stop: int) -> None:
        """Wait until another claim of the job would find the samples before `stop` again."""


class SpokenTrack:
    """Speech, appended piece by piece; every piece is padded with silence to a whole frame.

    It grows when a piece has been spoken, so that work on it begins at once. What is made of a
    piece may be committed when the piece is `kept`: whoever takes the job over then has the same.
    """

    def __init__(self, grid: TimeGrid) -> None:
        self._grid = grid
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as the track
        self._length = self._kept = 0
        self._ended = False
        self._grown = asyncio.Condition()
        self.words: list[Word] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._file.close()

    async def append(self, speech: Speech) -> bytes:
        """Add a spoken piece at the track's end. Returns its samples as they are to be kept."""
        end = self._length + len(speech.samples)
        silence = self._grid.sample(self._grid.frames_of(end)) - end
        data = await asyncio.to_thread(to_pcm, speech.samples)
        data += bytes(silence * BYTES_PER_SAMPLE)
        await self.append_kept(data, speech.words, kept=False)
        return data

    async def append_kept(self, data: bytes, words: Iterable[Word], *, kept: bool = True) -> None:
        """Add the samples of a piece that was spoken before, its silence included."""
        offset = self._length / SOUND_RATE
        moved = (Word(w.text, w.start + offset, w.end + offset) for w in words)
        self.words.extend(moved)
        await asyncio.to_thread(self._write, self._length, data)
        self._length += len(data) // BYTES_PER_SAMPLE
        if kept:
            self._kept = self._length
        await self._changed()

    async def keep(self) -> None:
        """Say that all there is now would be found again by another claim."""
        self._kept = self._length
        await self._changed()

    async def end(self) -> None:
        """Say that no piece follows."""
        self._ended = True
        await self._changed()

    async def kept(self, stop: int) -> None:
        """Wait until samples [0, stop) would be found again, those that are there at least."""
        async with self._grown:
            await self._grown.wait_for(lambda: self._kept >= min(stop, self._length))

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

    async def _changed(self) -> None:
        async with self._grown:
            self._grown.notify_all()

    def _write(self, at: int, data: bytes) -> None:
        # Positions are given with each call: writes and reads overlap in several threads.
        if os.pwrite(self._file.fileno(), data, at * BYTES_PER_SAMPLE) != len(data):
            raise OSError(errno.ENOSPC, "the temporary folder is full")

    def _read(self, start: int, stop: int) -> Samples:
        if stop <= start:
            return _NOTHING
        size = (stop - start) * BYTES_PER_SAMPLE
        return from_pcm(os.pread(self._file.fileno(), size, start * BYTES_PER_SAMPLE))


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
            return Sound(_NOTHING, SOUND_RATE, first).window(start, stop)
        return (await load_sound(self._artifacts, self._key, first, last)).window(start, stop)

    async def kept(self, stop: int) -> None:
        """An upload is kept before its job is accepted."""
