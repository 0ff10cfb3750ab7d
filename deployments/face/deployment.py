"""The face stage on Ray Serve."""

from typing import Any, cast

from ray import serve

from deployments.loading import FaceConfig
from deployments.shell import EngineShell
from media.face import Face, Picture


@serve.deployment(name="Face")
class FaceStage(EngineShell):
    """Finds faces in pictures, and refuses pictures that its check finds unsafe."""

    config_class = FaceConfig

    async def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right. Raises AvatarError `unsafe_image`."""
        faces: list[Face] = await self.in_thread(self.engine.find, picture)
        return faces

    async def mesh(self, picture: Picture, face: Face) -> Face:
        """The face with its mesh filled; raises `no_face` where none fits."""
        meshed: Face = await self.in_thread(self.engine.mesh, picture, face)
        return meshed

    async def about(self) -> dict[str, Any]:
        """As of every stage, and what checks the pictures."""
        about = await super().about()
        if "engine" not in about:  # still starting
            return about
        check = cast("FaceConfig", self.config).check
        if check is None:
            return {**about, "check": {"state": "off"}}
        told = {"state": about["state"], "engine": check.engine, "threshold": check.threshold}
        return {**about, "check": told}
