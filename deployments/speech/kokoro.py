"""Kokoro-82M (Apache-2.0): 54 voices in nine languages, 24 kHz, on the CPU or a CUDA GPU.

The network's own durations say when each phoneme is heard, exact to its frame of 25 ms. A voice is
a table of styles, one for each length of a reading. A language whose front end is missing here is
left out, and `missing` says why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from deployments.devices.onnx_device import full_memory_is_said, providers, require_cuda
from deployments.speech.engine import Voice
from deployments.speech.fronts.english import read_vocabulary
from deployments.speech.fronts.front import FrontEnd, pieces_of, pronounce, read
from deployments.speech.fronts.languages import open_fronts
from deployments.speech.kokoro_styles import STYLE, read_styles
from deployments.speech.kokoro_voices import STOCK
from deployments.speech.network import needed, open_network
from deployments.speech.pieces import Piece
from deployments.speech.reading import Reading
from deployments.speech.shaping import check_speed, spelled, spoken, timed
from deployments.speech.timing import Timed
from media.errors import AvatarError
from media.sound import Samples, Speech

MODEL: Final = "kokoro-82m-int8.onnx"
MOST_SYMBOLS: Final = 400
"""Phonemes in one go: the network takes 510, and hurries when it is given so many."""

_DURATIONS: Final = "/encoder/Clip_output_0"


@dataclass(frozen=True, slots=True)
class Kokoro:
    """Speaks the languages that can be read here."""

    session: ort.InferenceSession
    vocabulary: Mapping[str, int]
    fronts: Mapping[str, FrontEnd]
    """By language tag."""
    styles: Mapping[str, NDArray[np.float32]]
    """By voice, shape (510, 256): a row for each number of phonemes."""
    voices: Sequence[Voice]
    missing: Mapping[str, str]
    """Languages, by tag, whose voices are not offered, and why."""

    weights: ClassVar[Sequence[str]] = ("kokoro-82m-int8", "kokoro-voices")

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        languages: str = "",
        device: str = "cpu",
        memory_mb: int = 0,
    ) -> Self:
        """Open the network, the voices and the front ends.

        Options: `languages` are tags separated by commas (empty: all that can be read here; a
        language named here and missing is an error). `device` is auto, cpu or cuda,
        `memory_mb` the most GPU memory in MiB (0: no cap).

        Raises AvatarError `weights_missing`, or `invalid_request` where the device is missing;
        ValueError for an option that does not exist or a language that cannot be read.
        """
        wanted = tuple(tag.strip() for tag in languages.split(",") if tag.strip())
        model = needed(files, MODEL, "kokoro-82m-int8")
        stock = [voice for voice in STOCK if not wanted or voice.languages[0] in wanted]
        paths = {v.id: needed(files, f"{v.id}.bin", "kokoro-voices") for v in stock}
        fronts, missing = open_fronts(wanted)
        if wanted and missing:
            raise ValueError(" ".join(missing.values()))
        voices = tuple(voice for voice in stock if voice.languages[0] in fronts)
        run_on = providers(device, memory_mb, 1, ort.get_available_providers())
        session = open_network(model, _DURATIONS, threads, run_on)
        require_cuda(device, [session.get_providers()])
        styles = {v.id: np.fromfile(paths[v.id], "<f4").reshape(-1, STYLE) for v in voices}
        return cls(session, read_vocabulary(), fronts, styles, voices, missing)

    def warm_up(self) -> None:
        """Speak a few words."""
        for _ in self.speak("1, 2, 3.", self.voices[0].id):
            pass

    def check(self, text: str, voice: str) -> int:
        """Number of pieces. Raises AvatarError `unknown_voice` or `empty_text`."""
        return len(pieces_of(self._front(voice), text))

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        """48 kHz speech piece by piece; each ends with the pause that belongs behind it.

        `speed` is 0.5 (slow) to 2.0 (fast). Raises AvatarError `unknown_voice`, `empty_text`,
        `invalid_request`, all before the first piece is made.
        """
        check_speed(speed)
        front = self._front(voice)
        pieces = pieces_of(front, text)[first:]
        return (self._speak(front, piece, self.styles[voice], speed) for piece in pieces)

    def with_voice(self, voice: Voice, data: bytes) -> "Kokoro":
        """This engine, sharing its network, with a cloned voice as its only one.

        It speaks the first of its languages, and no other in its place: a text read by another
        language's rules is a wrong video. Raises AvatarError `invalid_request` where `data` are not
        styles, or that language cannot be read here.
        """
        readable = tuple(tag for tag in voice.languages if tag in self.fronts)
        if voice.languages[:1] != readable[:1]:
            raise self._unread(voice.languages[0], readable)
        adopted = replace(voice, languages=readable)
        return replace(self, voices=(adopted,), styles={voice.id: read_styles(data)})

    def pronounce(self, ipa: str, voice: str) -> str:
        """A given pronunciation as symbols. Raises AvatarError as `check`; `invalid_request`."""
        return pronounce(self._front(voice), ipa, self.vocabulary)

    def _front(self, voice: str) -> FrontEnd:
        known = next((v for v in self.voices if v.id == voice), None)
        if known is not None:
            return self.fronts[known.languages[0]]
        why = next((self.missing.get(v.languages[0], "") for v in STOCK if v.id == voice), "")
        raise AvatarError(
            "unknown_voice",
            f"This voice cannot speak here. {why}" if why else "There is no voice of that id.",
            param="voice",
        )

    def _unread(self, tag: str, readable: Sequence[str]) -> AvatarError:
        """The error for a cloned voice whose own language has no reader here."""
        why = self.missing.get(tag, "Its speech stage opens other languages only.")
        others = ", ".join(readable)
        or_else = f" Or name one that it speaks here as `language`: {others}." if others else ""
        sentence = f"This voice cannot speak {tag} here. {why}{or_else}"
        return AvatarError("invalid_request", sentence, param="voice")

    def _speak(
        self, front: FrontEnd, piece: Piece, styles: NDArray[np.float32], speed: float
    ) -> Speech:
        sound = partial(self._sound, styles=styles, speed=speed)
        return spoken(read(front, piece.words), piece.pause, speed, MOST_SYMBOLS, sound)

    def _sound(
        self, reading: Reading, styles: NDArray[np.float32], speed: float
    ) -> tuple[Samples, list[Timed]]:
        """24 kHz samples as the network gives them, and each symbol's time in them."""
        ids, known = spelled(reading, self.vocabulary)
        if not known:
            return np.zeros(0, np.float32), []
        feed = {
            "tokens": ids,
            "style": styles[min(len(known), len(styles)) - 1][None],
            "speed": np.array([speed], np.float32),
        }
        with full_memory_is_said():
            sound, durations = self.session.run(None, feed)
        return np.asarray(sound, np.float32).ravel(), timed(durations, known)
