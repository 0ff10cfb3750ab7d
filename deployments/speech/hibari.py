"""The embedded voice: hibari-tts 0.2.1 (Apache-2.0), English, 24 kHz, on the CPU.

hibari reads the text and shapes the sound; its network is run here, because its durations, which
the library drops, say when each phoneme is heard, exact to the frame of 25 ms.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types
from hibari import dsp

from deployments.speech.engine import Voice
from deployments.speech.fronts.english import English, read_vocabulary
from deployments.speech.fronts.front import pieces_of, pronounce, read
from deployments.speech.network import needed, open_network
from deployments.speech.pieces import Piece
from deployments.speech.reading import Reading
from deployments.speech.shaping import check_speed, spelled, spoken, timed
from deployments.speech.timing import Timed
from media.errors import AvatarError
from media.sound import Samples, Speech

MODEL: Final = "hibari.onnx"
MOST_SYMBOLS: Final = 400
"""Phonemes that the network speaks well in one go."""
_DURATIONS = "/Clip_output_0"
_VOICE = Voice("heart", "Heart", ("en-US",), "female", "Apache-2.0", gain_db=11.3, engine="hibari")


@dataclass(frozen=True, slots=True)
class Hibari:
    """Speaks English text in the voice "heart"."""

    session: ort.InferenceSession
    front: English
    vocabulary: Mapping[str, int]

    weights: ClassVar[Sequence[str]] = ("hibari-heart",)

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the network and the pronouncing dictionaries (which are in the package).

        Raises AvatarError `weights_missing`; ValueError for an option: there is none.
        """
        if options:
            raise ValueError(f"hibari takes no option {sorted(options)}")
        session = open_network(needed(files, MODEL, "hibari-heart"), _DURATIONS, threads)
        return cls(session, English(), read_vocabulary())

    def warm_up(self) -> None:
        """Speak a word."""
        for _ in self.speak("Hello.", _VOICE.id):
            pass

    @property
    def voices(self) -> Sequence[Voice]:
        """The voice in the package; the library's others would have to be downloaded."""
        return (_VOICE,)

    def check(self, text: str, voice: str) -> int:
        """Number of pieces. Raises AvatarError `unknown_voice` or `empty_text`."""
        return len(self._pieces(text, voice))

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        """48 kHz speech piece by piece; each ends with the pause that belongs behind it.

        `speed` is 0.5 (slow) to 2.0 (fast). Raises AvatarError `unknown_voice`, `empty_text`,
        `invalid_request`, all before the first piece is made.
        """
        check_speed(speed)
        pieces = self._pieces(text, voice)[first:]
        return (self._speak(piece, speed) for piece in pieces)

    def pronounce(self, ipa: str, voice: str) -> str:
        """A given pronunciation as symbols. Raises AvatarError as `check`; `invalid_request`."""
        self._known(voice)
        return pronounce(self.front, ipa, self.vocabulary)

    def _speak(self, piece: Piece, speed: float) -> Speech:
        reading = read(self.front, piece.words)
        sound = partial(self._sound, speed=speed)
        return spoken(reading, piece.pause, speed, MOST_SYMBOLS, sound)

    def _pieces(self, text: str, voice: str) -> list[Piece]:
        self._known(voice)
        return pieces_of(self.front, text)

    def _known(self, voice: str) -> None:
        if voice != _VOICE.id:
            raise AvatarError(
                "unknown_voice", f'There is no voice of that id: use "{_VOICE.id}".', param="voice"
            )

    def _sound(self, reading: Reading, speed: float) -> tuple[Samples, list[Timed]]:
        """24 kHz samples as the network gives them, and each symbol's time in them."""
        ids, known = spelled(reading, self.vocabulary)
        *spectrum, durations = self.session.run(
            None, {"ids": ids, "speed": np.array([speed], np.float32)}
        )
        # The noise in the voice comes from the words, so that a piece made again is the same.
        noise = np.random.default_rng(list(sha256(ids.tobytes()).digest()))
        sound: Samples = dsp.synth(*(part[0] for part in spectrum), noise)
        return sound, timed(durations, known)
