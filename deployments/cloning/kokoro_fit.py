"""Cloning by a fit among Kokoro's stock voices: approximate, on the CPU, in about half a minute.

The sample's sound and pitch are sought among mixtures of the stock voices' styles, the two
halves apart. What comes out is the nearest voice that the 54 can make up, not the person's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from deployments.cloning.blend import Blender, Known, Shares
from deployments.cloning.engine import Cloned
from deployments.cloning.pitch import median_hz
from deployments.cloning.sample_check import check_sample
from deployments.cloning.search import AT_ONCE, Target, as_heard, finalists, search
from deployments.cloning.speaker_encoder import WEIGHTS, SpeakerEncoder
from deployments.cloning.views import fingerprint
from deployments.cloning.voice_activity import speech_of
from deployments.cloning.words import WORDS, Words
from deployments.speech.engine import Voice
from deployments.speech.kokoro import Kokoro
from deployments.speech.kokoro_styles import STYLE, Styles, write_styles
from deployments.speech.kokoro_voices import STOCK
from deployments.speech.network import needed
from media.errors import AvatarError
from media.loudness import speech_gain
from media.resample import hearing
from media.sound import Sound
from media.timegrid import SOUND_RATE

_LICENCE: Final = "Apache-2.0"
_ENGLISH: Final = "en-US"
_MOST_TRIES: Final = 400
_FINALISTS: Final = 1
"""Mixtures, beside the nearest stock voice."""
_MARGIN: Final = 0.03
"""How much more like the sample than a stock voice a mixture must be, to be taken for it."""
_LAST_ROUNDS: Final = 4
"""What the finalists and the measuring take, in rounds of the search."""


@dataclass(frozen=True, slots=True, eq=False)
class KokoroFit:
    """Makes approximate voices for Kokoro."""

    kokoro: Kokoro
    encoder: SpeakerEncoder
    blender: Blender
    known: Known
    tries: int
    threads: int
    words: Words = WORDS

    weights: ClassVar[Sequence[str]] = (*Kokoro.weights, WEIGHTS)

    @classmethod
    def load(
        cls, files: Mapping[str, Path], *, threads: int, tries: int = 10, leave_out: str = ""
    ) -> Self:
        """Open Kokoro and the encoder.

        Options: `tries` are the mixtures that a search speaks at most, 2 s of a core each;
        `leave_out` is a stock voice that no mixture may use, to measure with.

        Raises AvatarError `weights_missing`; ValueError for tries outside 2 to 400 or a voice that
        does not exist.
        """
        if not AT_ONCE <= tries <= _MOST_TRIES:
            raise ValueError(f"tries must lie between {AT_ONCE} and {_MOST_TRIES}")
        if leave_out and leave_out not in {voice.id for voice in STOCK}:
            raise ValueError(f"leave_out: there is no stock voice {leave_out}")
        paths = {v.id: needed(files, f"{v.id}.bin", "kokoro-voices") for v in STOCK}
        styles = {k: np.fromfile(path, "<f4").reshape(-1, STYLE) for k, path in paths.items()}
        blender = Blender.of(styles)
        known = Known.load(blender.names)
        if leave_out:
            known = known.without(blender.names.index(leave_out))
        encoder = SpeakerEncoder.load(files)
        # The tries of a round run side by side, so each has one thread.
        kokoro = Kokoro.load(files, threads=1)
        return cls(kokoro, encoder, blender, known, tries, threads)

    def warm_up(self) -> None:
        """Speak and hear a voice."""
        self.hear(
            self.spoken(self.blender.table(self.known.shares[0]), _ENGLISH, (self.words.search,))
        )

    def check(self, sample: Sound, language: str) -> None:
        """Raises AvatarError `unusable_sample`, `silent_audio` or `invalid_request`."""
        self._tag(language)
        check_sample(sample, self.encoder)

    def clone(self, sample: Sound, language: str, seed: int = 0) -> Iterator[float | Cloned]:
        """Progress after each round, then the voice: a stock voice's where no mixture is nearer.

        Of the voice's languages `language` is the first; the others are all that can be read here.
        """
        tag = self._tag(language)
        target = self._target(sample)
        rounds = self.tries // AT_ONCE
        yield 0.0
        with ThreadPoolExecutor(min(self.threads, AT_ONCE)) as pool:
            tried = partial(self._tried, pool=pool)
            known = self.known
            found = search(target, self.blender, known, tried, rounds, seed)
            for done, more in enumerate(found, 1):
                known = more
                yield done / (rounds + _LAST_ROUNDS)
            last = finalists(target, self.blender, known, _FINALISTS)
            scores = target.scores(self._heard(last, pool, self.words.final))
        yield (rounds + 2) / (rounds + _LAST_ROUNDS)
        styles = self.blender.table(last[taken(scores)])
        said = self.spoken(styles, tag, self.words.held_out[tag.partition("-")[0]])
        stated = self.encoder.embed(hearing(said)) @ self.encoder.embed(hearing(sample))
        others = (other for other in self.kokoro.fronts if other != tag)
        yield Cloned(
            data=write_styles(styles),
            engine="kokoro",
            languages=(tag, *others),
            gain_db=round(speech_gain(said), 1),
            similarity=round(float(stated), 3),
            approximate=True,
            licence=_LICENCE,
        )

    def _tag(self, language: str) -> str:
        """The language's tag as the front ends know it. Raises AvatarError `invalid_request`."""
        if tag := _named(language, self.kokoro.fronts):
            return tag
        known = ", ".join(self.kokoro.fronts)
        missing = self.kokoro.missing.get(_named(language, self.kokoro.missing) or "")
        raise AvatarError(
            "invalid_request",
            missing or f"A cloned voice cannot speak this language here: choose one of {known}.",
            param="language",
        )

    def nearest(self, sample: Sound) -> str:
        """The stock voice most like a sample, of those that may be used, by what is known."""
        (shares,) = finalists(self._target(sample), self.blender, self.known, 0)
        return self.blender.names[int(shares[0].argmax())]

    def _target(self, sample: Sound) -> Target:
        return Target.among(self.known, *self.hear(sample))

    def _tried(self, mixtures: list[Shares], pool: ThreadPoolExecutor) -> Known:
        """What the search learns of mixtures from its words."""
        heard = self._heard(mixtures, pool, (self.words.search,))
        fingerprints = (heard[:, :-1] - self.known.words).astype(np.float32)
        hertz = (2 ** (heard[:, -1] / 12)).astype(np.float32)
        return Known(np.stack(mixtures), fingerprints, hertz, self.known.words)

    def _heard(
        self, mixtures: list[Shares], pool: ThreadPoolExecutor, texts: Sequence[str]
    ) -> NDArray[np.float64]:
        """What mixtures sound like in these words, `as_heard`."""

        def one(shares: Shares) -> tuple[NDArray[np.float32], float]:
            return self.hear(self.spoken(self.blender.table(shares), _ENGLISH, texts))

        fingerprints, hertz = zip(*pool.map(one, mixtures), strict=True)
        return as_heard(np.stack(fingerprints), np.array(hertz, np.float32))

    def spoken(self, styles: Styles, tag: str, texts: Sequence[str]) -> Sound:
        """Texts in a row as a voice of these styles says them, 48 kHz."""
        voice = Voice("tried", "", (tag,), "", _LICENCE, 0.0, "kokoro")
        engine = replace(self.kokoro, voices=(voice,), styles={voice.id: styles})
        pieces = [p.samples for text in texts for p in engine.speak(text, voice.id)]
        return Sound(np.concatenate(pieces), SOUND_RATE)

    def hear(self, spoken: Sound) -> tuple[NDArray[np.float32], float]:
        """The fingerprint and the median pitch of 48 kHz speech."""
        heard = hearing(spoken)
        return fingerprint(self.encoder, heard), median_hz(speech_of(heard))


def taken(scores: NDArray[np.float64]) -> int:
    """Which finalist is taken: the first, a stock voice, unless another is nearer by the margin.

    A mixture has been sought by the encoder that scores it, and is liked too well by it.
    """
    best = int(np.argmax(scores))
    return best if scores[best] >= scores[0] + _MARGIN else 0


def _named(language: str, tags: Iterable[str]) -> str | None:
    """The first of the tags that is meant: `pt-BR` by `pt-br` or `pt`."""
    wanted = language.lower()
    return next((tag for tag in tags if wanted in (tag.lower(), tag.lower()[:2])), None)
