"""The embedded voice: hibari-tts 0.2.1 (Apache-2.0), English, 24 kHz, on the CPU.

hibari reads the text and shapes the sound; its network is run here, because its durations, which
the library drops, say when each phoneme is heard, exact to the frame of 25 ms.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]  # ships no types
from hibari import dsp
from hibari.g2p import G2P
from numpy.typing import NDArray
from scipy.signal import resample_poly

from deployments.speech.engine import Voice
from deployments.speech.pieces import Pause, Piece, plain, split
from deployments.speech.reading import can_be_read, read
from deployments.speech.timing import LATE, Timed, phones_of, words_of
from media.errors import AvatarError
from media.sound import Samples, Speech
from media.timegrid import SOUND_RATE

MODEL: Final = "hibari.onnx"
RATE: Final = 24_000
FRAME: Final = 600
"""Samples at 24 kHz that one unit of the network's durations stands for."""
MOST_SYMBOLS: Final = 400
"""Phonemes that the network speaks well in one go."""
SLOWEST, FASTEST = 0.5, 2.0

_DURATIONS = "/Clip_output_0"
_LEAD = 0.1  # seconds of silence kept before the first phoneme: lips open before the sound
_FADE = 0.012
_AUDIBLE = 0.01  # of the piece's loudest moment
_VOICE = Voice("heart", "Heart", ("en-US",), "female", "Apache-2.0", gain_db=11.3, engine="hibari")
_TRIED_PIECES = 20


@dataclass(frozen=True, slots=True)
class Hibari:
    """Speaks English text in the voice "heart"."""

    session: ort.InferenceSession
    g2p: Any
    vocabulary: Mapping[str, int]

    weights: ClassVar[Sequence[str]] = ("hibari-heart",)

    @classmethod
    def load(cls, files: Mapping[str, Path], *, threads: int, **options: object) -> Self:
        """Open the network and the pronouncing dictionaries (which are in the package).

        Raises AvatarError `weights_missing`; ValueError for an option: there is none.
        """
        if options:
            raise ValueError(f"hibari takes no option {sorted(options)}")
        if MODEL not in files:
            raise AvatarError(
                "weights_missing",
                f"The voice's file {MODEL} is missing: run `avatar-serve weights fetch`.",
            )
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        model = with_output(Path(files[MODEL]).read_bytes(), _DURATIONS)
        session = ort.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
        g2p = G2P()
        g2p.oov  # noqa: B018 - opens the network for unknown words now, not in the first request
        assets = resources.files("hibari") / "assets"
        vocabulary = json.loads((assets / "vocab.json").read_text(encoding="utf-8"))
        return cls(session, g2p, vocabulary)

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
        if not SLOWEST <= speed <= FASTEST:
            raise AvatarError(
                "invalid_request",
                f"speed must lie between {SLOWEST} and {FASTEST}.",
                param="speed",
            )
        pieces = self._pieces(text, voice)[first:]
        return (self._speak(piece, speed) for piece in pieces)

    def _pieces(self, text: str, voice: str) -> list[Piece]:
        if voice != _VOICE.id:
            raise AvatarError(
                "unknown_voice", f'There is no voice of that id: use "{_VOICE.id}".', param="voice"
            )
        bare = plain(text)
        if not bare.strip():
            raise AvatarError("empty_text", "The text is empty: write what to say.", param="text")
        pieces = [p for p in split(bare) if any(can_be_read(word) for word in p.words)]
        # Signs can pass as readable and still have no sound; real text passes at its first piece.
        if not any(read(self.g2p, piece.words).symbols for piece in pieces[:_TRIED_PIECES]):
            raise AvatarError(
                "empty_text",
                "Nothing in the text can be pronounced: this voice reads English only, "
                "so write the text in English words or numbers.",
                param="text",
            )
        return pieces

    def _speak(self, piece: Piece, speed: float) -> Speech:
        sounds: list[Samples] = []
        timed: list[Timed] = []
        offset = 0
        parts = list(read(self.g2p, piece.words).parts(MOST_SYMBOLS))
        for n, part in enumerate(parts):
            pause = piece.pause if n == len(parts) - 1 else Pause.WORD
            sound, times = self._sound(part.symbols, part.owners, speed)
            sound, times = _trim(sound, times, pause.value / speed)
            timed += [t.shifted(offset / RATE) for t in times]
            sounds.append(sound)
            offset += len(sound)
        samples = np.concatenate(sounds) if sounds else np.zeros(0, np.float32)
        return Speech(
            _to_track(samples), SOUND_RATE, words_of(piece.words, timed), phones_of(timed)
        )

    def _sound(
        self, symbols: str, owners: Sequence[int], speed: float
    ) -> tuple[Samples, list[Timed]]:
        """24 kHz samples as the network gives them, and each symbol's time in them."""
        known = [(c, o) for c, o in zip(symbols, owners, strict=True) if c in self.vocabulary]
        ids = np.array([[0, *(self.vocabulary[c] for c, _ in known), 0]], np.int64)
        *spectrum, durations = self.session.run(
            None, {"ids": ids, "speed": np.array([speed], np.float32)}
        )
        # The noise in the voice comes from the words, so that a piece made again is the same.
        noise = np.random.default_rng(list(sha256(ids.tobytes()).digest()))
        sound: Samples = dsp.synth(*(part[0] for part in spectrum), noise)
        ends = np.cumsum(np.asarray(durations).ravel()) * FRAME / RATE - LATE
        times = [
            Timed(c, owner, float(ends[i]), float(ends[i + 1]))
            for i, (c, owner) in enumerate(known)
        ]
        return sound, times


def with_output(model: bytes, name: str) -> bytes:
    """A serialized ONNX model that also gives the value `name`.

    A protobuf message followed by another of its type is the two merged, lists appended
    (protobuf encoding guide, "last one wins"); so a model that holds nothing but
    graph (field 7) { output (12) { name (1) } } is put behind it.
    """
    return model + _field(7, _field(12, _field(1, name.encode())))


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited protobuf field; numbers to 15, values to 127 bytes."""
    if not (0 < number < 16 and len(value) < 128):
        raise ValueError("needs a longer varint")
    return bytes((number << 3 | 2, len(value))) + value


def _trim(sound: Samples, times: Sequence[Timed], pause: float) -> tuple[Samples, list[Timed]]:
    """Cut the network's own silence at both ends; end with `pause` seconds of silence.

    The next piece's lead counts as a part of the pause.
    """
    if not times:
        return np.zeros(0, np.float32), []
    first = max(0, int((times[0].start - _LEAD) * RATE))
    end = _audible_end(sound)
    tail = int(max(_FADE, pause - _LEAD) * RATE)
    kept = np.zeros(max(0, end - first) + tail, np.float32)
    body = sound[first : end + tail]
    kept[: len(body)] = body
    fade = np.linspace(0, 1, int(_FADE * RATE), dtype=np.float32)
    kept[: len(fade)] *= fade[: len(kept)]
    kept[-len(fade) :] *= fade[::-1][-len(kept) :]
    shifted = [t.shifted(-first / RATE).until((end - first) / RATE) for t in times]
    return kept, shifted


def _audible_end(sound: Samples) -> int:
    """Sample behind the last 10 ms that are not silence."""
    size = RATE // 100
    blocks = sound[: len(sound) // size * size].reshape(-1, size)
    level: NDArray[np.float32] = np.sqrt(np.mean(blocks**2, axis=1))
    if not len(level) or not level.max():
        return len(sound)
    return int(np.flatnonzero(level > _AUDIBLE * level.max())[-1] + 1) * size


def _to_track(sound: Samples) -> Samples:
    """The piece at 48 kHz."""
    return np.asarray(resample_poly(sound, SOUND_RATE // RATE, 1), np.float32)
