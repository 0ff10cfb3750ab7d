"""Texts as the service lets them in, and an engine that speaks them without a network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from deployments.speech.fronts.english import read_vocabulary
from deployments.speech.fronts.front import FrontEnd, pieces_of, pronounce, read
from deployments.speech.network import FRAME
from deployments.speech.reading import Reading
from deployments.speech.shaping import check_speed, spelled, spoken, timed
from deployments.speech.timing import Timed
from media.sound import Samples, Speech

MOST_SYMBOLS = 400


def text_of(data: bytes) -> str:
    """UTF-8 without NUL: other text is refused before it is looked at."""
    return data.decode("utf-8", "ignore").replace("\0", "")


@dataclass(frozen=True, slots=True)
class Mouthing:
    """Reads as the embedded voice does, and makes a hum of 5 ms for each phoneme."""

    front: FrontEnd
    vocabulary: Mapping[str, int]

    @classmethod
    def of(cls, front: FrontEnd) -> "Mouthing":
        return cls(front, read_vocabulary())

    def check(self, text: str, voice: str) -> int:
        return len(pieces_of(self.front, text))

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        check_speed(speed)
        for piece in pieces_of(self.front, text)[first:]:
            reading = read(self.front, piece.words)
            assert len(reading.symbols) == len(reading.owners)
            assert all(0 <= owner < len(reading.words) for owner in reading.owners)
            yield spoken(reading, piece.pause, speed, MOST_SYMBOLS, self._hum)

    def pronounce(self, ipa: str, voice: str) -> str:
        return pronounce(self.front, ipa, self.vocabulary)

    def _hum(self, reading: Reading) -> tuple[Samples, list[Timed]]:
        _, known = spelled(reading, self.vocabulary)
        assert len(known) <= MOST_SYMBOLS
        if not known:
            return np.zeros(0, np.float32), []
        lengths = np.full(len(known) + 2, 0.2, np.float32)
        lengths[0] = 4  # networks are silent at first, and say so
        return np.full(int(lengths.sum() * FRAME), 0.1, np.float32), timed(lengths, known)
