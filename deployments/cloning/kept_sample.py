"""Cloning for engines that speak in any voice after hearing a sample: the sample itself is kept.

What the engine's network makes of a sample is not: it is made in well under a second, and only the
stage that speaks has the network.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from deployments.cloning.engine import Cloned
from deployments.cloning.sample_speech import prepared, require_speech
from deployments.speech.scripts import listed, primary
from deployments.speech.zero_shot import Takes
from media.errors import AvatarError
from media.sound import Sound
from media.voice_sample import pack


@dataclass(frozen=True, slots=True)
class KeptSample:
    """Makes voices for one speech engine."""

    takes: Takes
    languages: tuple[str, ...]
    """Primary tags."""

    weights: ClassVar[Sequence[str]] = ()

    @classmethod
    def load(
        cls, files: Mapping[str, Path], *, threads: int, engine: str, languages: str = ""
    ) -> Self:
        """Nothing is opened.

        Options: `engine` is the speech engine, MODULE:CLASS; `languages`, separated by commas, are
        those that the speech stage is configured to clone in (empty: the engine's own default).

        Raises ValueError for an engine that does not exist or takes no sample.
        """
        module, _, name = engine.partition(":")
        takes = getattr(getattr(importlib.import_module(module), name), "takes", None)
        if not isinstance(takes, Takes):
            raise ValueError(f"{engine} does not speak from a sample")
        return cls(takes, listed(languages) or takes.languages)

    def warm_up(self) -> None:
        """There is nothing to warm up."""

    def check(self, sample: Sound, language: str) -> None:
        """Look whether a voice can be made of 6 to 60 s of 48 kHz sound.

        Raises AvatarError `silent_audio`, `unusable_sample` for too little speech, or
        `invalid_request` for a language that the engine does not speak.
        """
        if primary(language) not in self.languages:
            raise AvatarError(
                "invalid_request",
                f"Voices cannot be cloned in {language} here: choose {', '.join(self.languages)}.",
                param="language",
            )
        require_speech(sample)

    def clone(self, sample: Sound, language: str, seed: int = 0) -> Iterator[float | Cloned]:
        """Progress in [0, 1], then the voice, at once; there is nothing to draw lots for.

        It speaks the sample's language first, and the engine's others with the accent that the
        network makes of it. The engine brings the voice to TARGET_LUFS itself when it speaks.
        Whether it is like the sample is not measured.
        """
        yield 0.0
        kept = prepared(sample, self.takes.rate, self.takes.seconds, language)
        yield 1.0
        others = (tag for tag in self.languages if tag != primary(language))
        yield Cloned(
            data=pack(kept),
            engine=self.takes.engine,
            languages=(language, *others),
            gain_db=0.0,
            similarity=None,
            approximate=False,
            licence=self.takes.licence,
        )
