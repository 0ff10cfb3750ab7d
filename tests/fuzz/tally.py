"""What a fuzzing process has done so far, in a file that outlives it however it ends."""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tests.fuzz.target import LONGEST

_HEAD: Final = struct.Struct("<QQQQQ")


@dataclass(slots=True)
class Tally:
    """Inputs begun, those taken, and the slowest, in nanoseconds of processor time."""

    room: mmap.mmap
    inputs: int = 0
    taken: int = 0
    slowest: int = 0

    @classmethod
    def open(cls, path: Path) -> Self:
        """The tally in a file, which is made where there is none."""
        size = _HEAD.size + 2 * LONGEST
        with path.open("a+b") as file:
            file.truncate(size)
            room = mmap.mmap(file.fileno(), size)
        inputs, taken, slowest, _, _ = _HEAD.unpack_from(room)
        return cls(room, inputs, taken, slowest)

    def begin(self, data: bytes) -> None:
        """An input is read now."""
        self.inputs += 1
        self._note(len(data), None)
        self.room[_HEAD.size : _HEAD.size + len(data)] = data

    def end(self, data: bytes, taken: bool, spent: int) -> None:
        """It was read."""
        self.taken += taken
        if spent > self.slowest:
            self.slowest = spent
            at = _HEAD.size + LONGEST
            self.room[at : at + len(data)] = data
            self._note(len(data), len(data))
        else:
            self._note(len(data), None)

    @property
    def current(self) -> bytes:
        """The input that was begun last."""
        length = _HEAD.unpack_from(self.room)[3]
        return self.room[_HEAD.size : _HEAD.size + length]

    @property
    def slow(self) -> bytes:
        """The slowest input."""
        length, at = _HEAD.unpack_from(self.room)[4], _HEAD.size + LONGEST
        return self.room[at : at + length]

    def _note(self, length: int, slow: int | None) -> None:
        slow = _HEAD.unpack_from(self.room)[4] if slow is None else slow
        _HEAD.pack_into(self.room, 0, self.inputs, self.taken, self.slowest, length, slow)
