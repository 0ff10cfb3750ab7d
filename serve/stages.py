"""The stages as the ingress and the director call them, whoever runs them."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from media.face import Face, Picture
from media.sound import Speech


class DirectorDied(Exception):  # noqa: N818 - a turn of events, not a fault
    """The director that worked on a job is dead: its claim can be ended at once."""


class Stages(Protocol):
    """Every call may raise AvatarError. Implemented over Ray handles and over engines in a row."""

    async def paint(self, prompt: str, seed: int) -> Any:
        """A `Painting` from words (portrait stage)."""

    async def find_faces(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right (face stage)."""

    async def mesh(self, picture: Picture, face: Face) -> Face:
        """The face with its mesh filled (face stage)."""

    async def voices(self) -> Sequence[Any]:
        """The `Voice`s that can speak now (speech stage)."""

    async def check_text(self, text: str, voice: str) -> int:
        """Pieces that the text will be spoken in; raises `empty_text`, `unknown_voice`."""

    def speak(
        self, text: str, voice: str, speed: float, first: int = 0
    ) -> AsyncGenerator[Speech, None]:
        """Speech from piece number `first` on (speech stage)."""

    async def encode(self, task: Any) -> Any:
        """An `EncodedSegment` (encode stage, which pulls from lip sync)."""

    async def run_job(self, job_id: str) -> None:
        """Have a director make the job's video; returns when the job is over.

        Raises DirectorDied.
        """

    async def speaker(self) -> dict[str, Any]:
        """What engine speaks: engine, options and weights, as far as it is loaded."""

    async def makers(self) -> dict[str, Any]:
        """What engines a video is made by: engine, options and weights of speech, lip sync, encode.

        Raises AvatarError `overloaded` where one of them can't be asked now.
        """

    async def at_zero(self, stage: str) -> bool:
        """Whether the stage has no replica yet that could answer a call."""

    async def about(self) -> dict[str, Any]:
        """Per stage: engine, weights with licences, state."""
