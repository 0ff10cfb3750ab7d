"""Engines that are fast and exact, loaded by a line of config like any other.

Speech says tones, lip sync draws numbers, encoding is the real one. Their delays sleep, so that
many jobs are under way at once on few cores.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from bench.chaos.marks import SIDE, frame_mark, job_of, piece_sound, pieces_of
from bench.chaos.notes import note
from deployments.encode.canvas import FACE_SIDES, Canvas
from deployments.encode.engine import SegmentTask
from deployments.encode.pyav import PyAV
from deployments.lipsync.engine import LipsyncCall
from deployments.portrait.engine import Painting
from deployments.speech.engine import Voice
from media.errors import AvatarError
from media.face import Face, HeadPose, Picture, Portrait
from media.patch import Frame
from media.sound import Speech, Word
from media.timegrid import SOUND_RATE

VOICE = Voice("tone", "Tone", ("en-US",), "none", "Apache-2.0", gain_db=0.0)
NOBODY = "nobody"
"""A prompt with this word is painted without a face."""


class ToneSpeech:
    """Says each sentence as a tone of known length."""

    weights: ClassVar[Sequence[str]] = ()

    def __init__(self, notes: Path, delay: float) -> None:
        self._notes = notes
        self._delay = delay

    @classmethod
    def load(
        cls, files: Mapping[str, Path], *, threads: int, notes: str, delay: float = 0.0
    ) -> Self:
        """`notes` is a file; `delay` in seconds a piece."""
        return cls(Path(notes), delay)

    @property
    def voices(self) -> Sequence[Voice]:
        """The one voice."""
        return (VOICE,)

    def check(self, text: str, voice: str) -> int:
        """Number of sentences."""
        if not pieces_of(text):
            raise AvatarError("empty_text", "There is nothing to say.", param="text")
        return len(pieces_of(text))

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        """A tone for each sentence from number `first` on."""
        job = job_of(text)
        for n, words in enumerate(pieces_of(text)):
            if n >= first:
                note(self._notes, "speak", job, n)
                time.sleep(self._delay)
                samples = piece_sound(job, n, len(words))
                said = Word(words[0], 0.0, len(samples) / SOUND_RATE)
                yield Speech(samples, SOUND_RATE, (said,))


class NumberedLipsync:
    """Draws each frame's number; the job's is its seed."""

    weights: ClassVar[Sequence[str]] = ()
    batch: ClassVar[int] = 1

    def __init__(self, delay: float) -> None:
        self._delay = delay

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, delay: float = 0.0) -> Self:
        """`delay` in seconds a call."""
        return cls(delay)

    def prepare(self, portrait: Portrait) -> Portrait:
        """Nothing to do."""
        return portrait

    def frames(self, calls: Sequence[tuple[Portrait, LipsyncCall]]) -> list[list[Frame]]:
        """The frames' numbers as patches."""
        time.sleep(self._delay)
        return [
            [Frame((frame_mark(call.seed, n),)) for n in range(call.start, call.stop)]
            for _, call in calls
        ]


class NotingPyAV(PyAV):
    """The real encoder, which notes each segment that it begins."""

    notes: Path

    @classmethod
    def load(  # type: ignore[override]  # an engine's options are its own
        cls, files: Mapping[str, Path], *, threads: int, notes: str
    ) -> Self:
        """`notes` is a file."""
        engine = super().load(files, threads=threads, preset="ultrafast", crf=23.0)
        engine.notes = Path(notes)
        return engine

    def encode(self, canvas: Canvas, task: SegmentTask, frames: Iterator[Frame]) -> bytes:
        """Note and encode."""
        note(self.notes, "encode", task.seed, task.start, task.fence)
        return super().encode(canvas, task, frames)


class CentredFace:
    """Finds one face in the middle of every picture that is not black."""

    weights: ClassVar[Sequence[str]] = ()

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        """Nothing to load."""
        return cls()

    def find(self, picture: Picture) -> list[Face]:
        """One face, or none."""
        return [_face(picture, None)] if picture.max() > 0 else []

    def mesh(self, picture: Picture, face: Face) -> Face:
        """The face with a mesh of its sides and eyes."""
        left, top, right, bottom = face.box
        middle = ((left + right) / 2, (top + bottom) / 2)
        mesh = np.zeros((478, 3), np.float32)
        mesh[:, :2] = middle
        sides = ((middle[0], top), (right, middle[1]), (middle[0], bottom), (left, middle[1]))
        mesh[list(FACE_SIDES), :2] = sides
        mesh[[33, 133], 0] -= 0.2 * (right - left)
        mesh[[362, 263], 0] += 0.2 * (right - left)
        return _face(picture, mesh)


def _face(picture: Picture, mesh: Any) -> Face:
    height, width = picture.shape[:2]
    box = (0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height)
    landmarks = np.zeros((2, 2), np.float32) if mesh is None else mesh[:, :2].copy()
    shapes = None if mesh is None else np.zeros(52, np.float32)
    return Face(box, 0.9, HeadPose(0.0, 0.0, 0.0), landmarks, mesh, shapes)


class PlainPortrait:
    """Paints one colour, by the seed; black for nobody."""

    weights: ClassVar[Sequence[str]] = ()

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int) -> Self:
        """Nothing to load."""
        return cls()

    def paint(self, prompt: str, seed: int) -> Painting:
        """A picture of SIDE pixels."""
        words = tuple(prompt.split())
        colour = (0, 0, 0) if NOBODY in words else (90, 60 + seed % 120, 110)
        return Painting(np.full((SIDE, SIDE, 3), colour, np.uint8), seed, words, ())
