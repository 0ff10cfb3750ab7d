"""The portrait stage on Ray Serve."""

from ray import serve

from deployments.portrait.engine import Painting
from deployments.shell import EngineShell


@serve.deployment(name="Portrait")
class PortraitStage(EngineShell):
    """Paints portraits from words."""

    async def paint(self, prompt: str, seed: int) -> Painting:
        """One portrait; raises AvatarError for a prompt without words."""
        painting: Painting = await self.in_thread(self.engine.paint, prompt, seed)
        return painting
