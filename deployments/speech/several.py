"""Several speech engines as one: each voice is spoken by the engine that has it."""

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from deployments.speech.engine import SpeechEngine, Voice, pronounce
from media.errors import AvatarError
from media.sound import Speech


@dataclass(frozen=True, slots=True)
class Several:
    """Speaks with all voices of its engines; the first engine's first voice is the default."""

    engines: Sequence[SpeechEngine]

    weights: ClassVar[Sequence[str]] = ()

    @classmethod
    def weights_for(cls, options: Mapping[str, object]) -> tuple[str, ...]:
        """The weights of all engines named in `options`."""
        engines = _classes(str(options.get("engines", "")))
        named = (name for engine in engines for name in _weights(engine, options))
        return tuple(dict.fromkeys(named))

    @classmethod
    def load(
        cls,
        files: Mapping[str, Path],
        *,
        threads: int,
        engines: str,
        languages: str = "",
        device: str = "",
        memory_mb: int = 0,
    ) -> Self:
        """Open the engines, MODULE:CLASS separated by commas.

        The other options are handed to the engines that take them.

        Raises AvatarError `weights_missing`; ValueError for no engine, or one that does not exist,
        or two voices of one id.
        """
        given = {"languages": languages, "device": device, "memory_mb": memory_mb}
        loaded: list[SpeechEngine] = []
        for engine in _classes(engines):
            loaded.append(engine.load(files, threads=threads, **_handed(engine, given)))
        ids = [voice.id for engine in loaded for voice in engine.voices]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"two engines have a voice {', '.join(twice)}")
        return cls(tuple(loaded))

    def warm_up(self) -> None:
        """Warm up every engine."""
        for engine in self.engines:
            engine.warm_up()

    @property
    def voices(self) -> Sequence[Voice]:
        """The voices of all engines, in the engines' order."""
        return tuple(voice for engine in self.engines for voice in engine.voices)

    @property
    def missing(self) -> Mapping[str, str]:
        """Languages that an engine could read and cannot here, and why."""
        return {
            tag: why
            for engine in self.engines
            for tag, why in getattr(engine, "missing", {}).items()
        }

    def check(self, text: str, voice: str) -> int:
        """Number of pieces. Raises AvatarError `unknown_voice` or `empty_text`."""
        return self._with(voice).check(text, voice)

    def speak(self, text: str, voice: str, speed: float = 1.0, first: int = 0) -> Iterator[Speech]:
        """48 kHz speech piece by piece, as the voice's engine gives it."""
        return self._with(voice).speak(text, voice, speed, first)

    def pronounce(self, ipa: str, voice: str) -> str:
        """A given pronunciation as the voice's engine writes it, as `engine.pronounce`."""
        return pronounce(self._with(voice), ipa, voice)

    def _with(self, voice: str) -> SpeechEngine:
        for engine in self.engines:
            if any(known.id == voice for known in engine.voices):
                return engine
        raise AvatarError("unknown_voice", "There is no voice of that id.", param="voice")


def _weights(engine: Any, options: Mapping[str, object]) -> Sequence[str]:
    """What one engine loads with the options that it will be handed."""
    choose = getattr(engine, "weights_for", None)
    names: Sequence[str] = engine.weights if choose is None else choose(_handed(engine, options))
    return names


def _handed(engine: Any, options: Mapping[str, object]) -> dict[str, Any]:
    """Those of the options that are set and that the engine takes."""
    takes = inspect.signature(engine.load).parameters
    return {name: value for name, value in options.items() if value and name in takes}


def _classes(engines: str) -> list[Any]:
    names = [name.strip() for name in engines.split(",") if name.strip()]
    if not names:
        raise ValueError("engines must name at least one engine, MODULE:CLASS")
    found = []
    for name in names:
        module, _, engine = name.partition(":")
        found.append(getattr(importlib.import_module(module), engine))
    return found
