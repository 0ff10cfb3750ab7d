"""A speech stage by script: what it says, when it waits, and when it is lost."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import numpy as np

from media.sound import Samples, Speech
from media.timegrid import SOUND_RATE
from tests.fakes import FakeStages

SECONDS = (0.6, 1.7, 0.9)


def said(n: int) -> Samples:
    """Piece `n`: a tone of its own that swells and fades, with peaks that need the limiter."""
    times = np.arange(round(SECONDS[n] * SOUND_RATE)) / SOUND_RATE
    swell = np.sin(np.pi * times / SECONDS[n]) ** 2
    tone = swell * 0.12 * np.sin(2 * np.pi * (200 + 90 * n) * times)
    burst = 0.7 * np.hanning(480) * np.sin(np.arange(480) / 8)
    for at in range(9000, len(tone) - 9000, 9000):
        tone[at : at + 480] += burst
    return tone.astype(np.float32)


@dataclass
class Speaker(FakeStages):
    """Speaks `said(0)`, `said(1)`, `said(2)`."""

    hold_at: int | None = None
    """The piece that is not spoken until `go` is set."""
    go: asyncio.Event = field(default_factory=asyncio.Event)
    faults: dict[int, list[Exception]] = field(default_factory=dict)
    """By piece: raised instead of it, one a try."""
    asked: list[tuple[str, str, float, int]] = field(default_factory=list)
    speaking: int = 0
    """Speakers at work now."""

    async def speak(
        self, text: str, voice: str, speed: float, first: int = 0
    ) -> AsyncGenerator[Speech, None]:
        self.asked.append((text, voice, speed, first))
        self.speaking += 1
        try:
            for n in range(first, len(SECONDS)):
                if n == self.hold_at:
                    await self.go.wait()
                if self.faults.get(n):
                    raise self.faults[n].pop(0)
                yield Speech(said(n), SOUND_RATE)
        finally:
            self.speaking -= 1

    async def until_silent(self, within: float = 5.0) -> None:
        """Wait until nobody speaks."""
        async with asyncio.timeout(within):
            while self.speaking:  # noqa: ASYNC110 - a script has no event for it
                await asyncio.sleep(0.01)
