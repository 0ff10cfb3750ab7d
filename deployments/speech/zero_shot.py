"""Speech engines that speak in any voice after hearing a sample of it.

What they share: texts cut to what the network takes, words timed, a level that is measured, and
voices adopted. A network is wrapped by the engine's own module.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np

from deployments.speech.clauses import clauses
from deployments.speech.engine import Voice
from deployments.speech.heard import Said, as_speech
from deployments.speech.pieces import Piece
from deployments.speech.scripts import primary
from deployments.speech.shaping import check_speed
from media.errors import AvatarError
from media.limiter import louden
from media.loudness import speech_gain
from media.resample import resample
from media.sound import Samples, Sound, Speech
from media.voice_sample import unpack

PROBE: Final = "1 2 3 4 5 6 7 8 9 10"
"""What a voice's level is measured by: it can be said in every language, without pauses."""


@dataclass(frozen=True, slots=True)
class Takes:
    """What an engine takes to make a voice of, and what may be done with the voice."""

    engine: str
    """Its name, that of its voices' `engine`."""
    rate: int
    """Samples per second that its network hears a sample at."""
    seconds: float
    """How much of a sample it can use."""
    languages: tuple[str, ...]
    """Primary tags that it may be asked to clone in, unless it is configured otherwise."""
    licence: str


class Network(Protocol):
    """A network that speaks plain text in a voice that it has heard.

    Thread-safe; the same call gives the same samples.
    """

    @property
    def languages(self) -> Sequence[str]:
        """Primary tags that it speaks now."""

    def fits(self, text: str, language: str) -> bool:
        """Whether it speaks the text in one go, to its end."""

    def listen(self, sample: Samples, language: str) -> Any:
        """The voice of a sample, at the rate that the engine takes, in the network's own terms.

        `language`: what it will speak. Raises AvatarError `overloaded`.
        """

    def say(
        self, words: Sequence[str], language: str, manner: Any, speed: float, seed: int
    ) -> Said:
        """The words in a voice that `listen` gave. Raises AvatarError `overloaded`."""

    def peak_mb(self) -> int | None:
        """The most that the GPU held, MiB; None on a CPU."""


class Gains:
    """Decibels that bring voices to TARGET_LUFS, each measured when its voice first speaks."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}
        self._lock = Lock()

    def of(self, voice: str, measure: Callable[[], float]) -> float:
        """The gain of a voice. Others wait while it is measured."""
        with self._lock:
            if voice not in self._known:
                self._known[voice] = measure()
            return self._known[voice]


@dataclass(frozen=True, slots=True)
class ZeroShot:
    """Speaks in its stock voices, and in any that it is given a sample of."""

    network: Network
    voices: Sequence[Voice]
    """Their `gain_db` is 0: what comes is at TARGET_LUFS already, for nobody measured them."""
    manners: Mapping[str, Any]
    """By voice, what `Network.listen` gives."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Languages that cannot be read here, and why."""
    seed: int = 0
    """Another one says everything a little differently."""
    gains: Gains = field(default_factory=Gains)

    takes: ClassVar[Takes]

    def warm_up(self) -> None:
        """Hear a made-up sample, speak a few words in it, and in the first stock voice."""
        noise = np.random.default_rng(0).normal(0, 0.1, 3 * self.takes.rate).astype(np.float32)
        language = self.network.languages[0]
        manner = self.network.listen(noise, language)
        self.network.say(PROBE.split(), language, manner, 1.0, 0)
        for voice in self.voices[:1]:
            for _ in self.speak(PROBE, voice.id):
                pass

    def with_voice(self, voice: Voice, data: bytes) -> Self:
        """This engine, sharing its network, with `voice` as its only one.

        `data` is a kept sample (`media.voice_sample`). Raises AvatarError `invalid_request` where
        the voice is another engine's, its language is not spoken here, or the data is broken.
        """
        if voice.engine != self.takes.engine:
            raise _unusable(f"it was made for {voice.engine}, this is {self.takes.engine}")
        language = primary(voice.languages[0])
        if language not in self.network.languages:
            spoken = ", ".join(self.network.languages)
            raise _unusable(f"{voice.languages[0]} is not spoken here, only {spoken}")
        try:
            sample = unpack(data)
        except ValueError as error:
            raise _unusable(str(error)) from error
        heard = resample(sample.samples, sample.rate, self.takes.rate)
        manner = self.network.listen(heard, language)
        return replace(self, voices=(voice,), manners={voice.id: manner}, gains=Gains())

    def check(self, text: str, voice: str) -> int:
        """Number of pieces. Raises AvatarError `unknown_voice` or `empty_text`."""
        return len(self._pieces(text, self._language(voice)))

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        """48 kHz speech piece by piece; each ends with the pause that belongs behind it.

        `speed` is 0.5 (slow) to 2.0 (fast). Raises AvatarError `unknown_voice`, `empty_text`,
        `invalid_request`, all before the first piece is made.
        """
        check_speed(speed)
        pieces = self._pieces(text, self._language(voice))[first:]
        return (self._spoken(piece, voice, speed) for piece in pieces)

    def peak_mb(self) -> int | None:
        """The most that the GPU held, MiB; None on a CPU."""
        return self.network.peak_mb()

    def _pieces(self, text: str, language: str) -> list[Piece]:
        return clauses(text, language, lambda part: self.network.fits(part, language))

    def _language(self, voice: str) -> str:
        known = next((v for v in self.voices if v.id == voice), None)
        if known is None:
            raise AvatarError("unknown_voice", "There is no voice of that id.", param="voice")
        return primary(known.languages[0])

    def _spoken(self, piece: Piece, voice: str, speed: float) -> Speech:
        gain = self.gains.of(voice, lambda: self._gain(voice))
        said = self._said(piece.words, voice, speed)
        speech = as_speech(said, piece.words, piece.pause.value / speed)
        return replace(speech, samples=louden(Sound(speech.samples, speech.rate), gain).samples)

    def _gain(self, voice: str) -> float:
        speech = as_speech(self._said(tuple(PROBE.split()), voice, 1.0), (), 0.0)
        return speech_gain(Sound(speech.samples, speech.rate))

    def _said(self, words: Sequence[str], voice: str, speed: float) -> Said:
        language = self._language(voice)
        # From what is said alone, so that a piece made again, anywhere, is the same.
        facts = f"{self.seed}\n{language}\n{speed}\n{' '.join(words)}"
        seed = int.from_bytes(sha256(facts.encode()).digest()[:7])
        return self.network.say(words, language, self.manners[voice], speed, seed)


def _unusable(why: str) -> AvatarError:
    return AvatarError(
        "invalid_request",
        f"This cloned voice cannot speak here ({why}): clone it anew, or choose another voice.",
        param="voice",
    )
