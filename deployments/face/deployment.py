"""The face stage on Ray Serve."""

from ray import serve

from deployments.shell import EngineShell
from media.face import Face, Picture


@serve.deployment(name="Face")
class FaceStage(EngineShell):
    """Finds faces in pictures."""

    async def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right."""
        faces: list[Face] = await self.in_thread(self.engine.find, picture)
        return faces

    async def mesh(self, picture: Picture, face: Face) -> Face:
        """The face with its mesh filled; raises `no_face` where none fits."""
        meshed: Face = await self.in_thread(self.engine.mesh, picture, face)
        return meshed
