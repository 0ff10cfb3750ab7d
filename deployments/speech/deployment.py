"""The speech stage on Ray Serve."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from ray import serve

from deployments.shell import EngineShell
from deployments.speech import marked
from deployments.speech.engine import Voice
from media.sound import Speech


@serve.deployment(name="Speech")
class SpeechStage(EngineShell):
    """Speaks text."""

    async def about(self) -> dict[str, Any]:
        """What every stage says of itself, and which languages cannot be read here, and why."""
        about = await super().about()
        missing = getattr(self._engine, "missing", None)
        return {**about, "missing_languages": dict(missing)} if missing else about

    async def voices(self) -> list[Voice]:
        """The voices that can speak now."""
        return list(self.engine.voices)

    async def check(self, text: str, voice: str) -> int:
        """Pieces that the text will be spoken in; raises `empty_text`, `unknown_voice`."""
        pieces: int = await self.in_thread(marked.check, self.engine, text, voice)
        return pieces

    async def speak(
        self, text: str, voice: str, speed: float, first: int = 0
    ) -> AsyncIterator[Speech]:
        """Speech from piece number `first` on, in order."""
        pieces: Iterator[Speech] = await self.in_thread(
            marked.speak, self.engine, text, voice, speed, first
        )
        while (piece := await self.in_thread(next, pieces, None)) is not None:
            yield piece
