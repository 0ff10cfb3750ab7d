"""Cloned voices in a speech engine: kept ready, taken up by whichever engine is loaded."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from deployments.speech.engine import SpeechEngine, Voice
from media.errors import AvatarError


@dataclass(slots=True, eq=False)
class Adopted:
    """What a voice was cloned to, and the engine that speaks it."""

    data: bytes
    _by: SpeechEngine | None = None
    _speaking: dict[tuple[str, ...], SpeechEngine] = field(default_factory=dict)
    """By its languages: it speaks the first."""
    _lock: Lock = field(default_factory=Lock)

    def by(self, engine: SpeechEngine, voice: Voice) -> SpeechEngine:
        """The engine that speaks as `voice`, sharing the network of `engine`.

        Thread-safe; whoever comes while it is taken up waits. Raises AvatarError `unknown_voice`
        where no engine here can.
        """
        with self._lock:
            if self._by is not engine:
                self._by, self._speaking = engine, {}
            if voice.languages not in self._speaking:
                self._speaking[voice.languages] = adopt(engine, voice, self.data)
            return self._speaking[voice.languages]


@dataclass(slots=True, eq=False)
class Adoptions:
    """The voices that a replica keeps ready; the least recently used one goes first."""

    most: int
    _kept: dict[str, Adopted] = field(default_factory=dict)
    """By key, the latest used last."""

    async def of(self, key: str, load: Callable[[str], Awaitable[bytes]]) -> Adopted:
        """The voice whose artifact lies under `key`; what `load` raises."""
        kept = self._kept.get(key) or Adopted(await load(key))
        self._kept.pop(key, None)
        self._kept[key] = kept
        if len(self._kept) > self.most:
            del self._kept[next(iter(self._kept))]
        return kept

    async def forget_gone(self, exists: Callable[[str], Awaitable[bool]]) -> None:
        """Let go of voices that were deleted."""
        for key in tuple(self._kept):
            if not await exists(key):
                self._kept.pop(key, None)


def adopt(engine: SpeechEngine, voice: Voice, data: bytes) -> SpeechEngine:
    """The engine, or that of several which has the voice's name, with it as its only voice.

    Raises AvatarError `unknown_voice` where none can take it up.
    """
    for one in _able(engine):
        if voice.engine in _names(one):
            spoken_by: SpeechEngine = one.with_voice(voice, data)
            return spoken_by
    raise AvatarError(
        "unknown_voice",
        f"This voice is spoken by {voice.engine}, which this server does not run: choose another "
        "voice, or have the speech stage run it.",
        param="voice",
    )


def adopts(engine: SpeechEngine) -> tuple[str, ...]:
    """Names of the engines in it that take up cloned voices."""
    return tuple(dict.fromkeys(name for one in _able(engine) for name in sorted(_names(one))))


def _able(engine: SpeechEngine) -> list[Any]:
    """Those of an engine's parts, or itself, that take up voices."""
    return [one for one in getattr(engine, "engines", (engine,)) if hasattr(one, "with_voice")]


def _names(engine: Any) -> set[str]:
    """What an engine is called: by its stock voices, and where it has none by what it takes."""
    takes = getattr(engine, "takes", None)
    return {voice.engine for voice in engine.voices} | ({takes.engine} if takes else set())
