"""The speech stage on Ray Serve."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from ray import serve

from deployments.shell import EngineShell
from deployments.speech import marked
from deployments.speech.adopting import Adoptions, adopts
from deployments.speech.engine import SpeechEngine, Voice
from media.errors import AvatarError
from media.sound import Speech
from media.voice import Speaker, id_of
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts

log = logging.getLogger(__name__)

ADOPTED: Final = 16
"""Cloned voices that a replica keeps ready."""
FORGETTING: Final = 30.0
"""Seconds at least between two looks at whether they are still there."""


@serve.deployment(name="Speech")
class SpeechStage(EngineShell):
    """Speaks text."""

    def __init__(self) -> None:
        super().__init__()
        self._artifacts = open_artifacts(Settings().storage())
        self._adopted = Adoptions(ADOPTED)
        self._forgetting: asyncio.Task[None] | None = None

    async def check_health(self) -> None:
        """Serve asks now and then: time to let go of voices that were deleted, too."""
        await super().check_health()
        if self._forgetting is None or self._forgetting.done():
            self._forgetting = asyncio.create_task(self._forget())

    async def about(self) -> dict[str, Any]:
        """What every stage says of itself.

        And which languages cannot be read here, and why; and the engines that adopt voices.
        """
        about = await super().about()
        missing = getattr(self._engine, "missing", None)
        about |= {"missing_languages": dict(missing)} if missing else {}
        return about if self._engine is None else {**about, "adopts": list(adopts(self._engine))}

    async def voices(self) -> list[Voice]:
        """The stock voices that can speak now."""
        return list(self.engine.voices)

    async def check(self, text: str, voice: Speaker) -> int:
        """Pieces that the text will be spoken in; raises `empty_text`, `unknown_voice`."""
        engine = await self._engine_of(voice)
        pieces: int = await self.in_thread(marked.check, engine, text, id_of(voice))
        return pieces

    async def speak(
        self, text: str, voice: Speaker, speed: float, first: int = 0
    ) -> AsyncIterator[Speech]:
        """Speech from piece number `first` on, in order."""
        engine = await self._engine_of(voice)
        pieces: Iterator[Speech] = await self.in_thread(
            marked.speak, engine, text, id_of(voice), speed, first
        )
        while (piece := await self.in_thread(next, pieces, None)) is not None:
            yield piece

    async def _engine_of(self, voice: Speaker) -> SpeechEngine:
        engine: SpeechEngine = self.engine
        if isinstance(voice, str):
            return engine
        kept = await self._adopted.of(voice.key, self._voice)
        return await self.in_thread(kept.by, engine, voice.as_voice())

    async def _voice(self, key: str) -> bytes:
        try:
            return await self._artifacts.get(key)
        except FileNotFoundError:
            raise AvatarError(
                "unknown_voice", "The voice was deleted: choose another.", param="voice"
            ) from None

    async def _forget(self) -> None:
        await asyncio.sleep(FORGETTING)
        try:
            await self._adopted.forget_gone(self._artifacts.exists)
        except Exception as error:  # the store is away: there is a next time
            log.warning("deleted voices were not looked for: %s", type(error).__name__)
