"""The stages as the ingress and the director call them, whoever runs them."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final, Protocol

from media.errors import AvatarError
from media.face import Face, Picture
from media.sound import Sound, Speech
from media.voice import Speaker, Voice

TURN_ON: Final = (
    "run `avatar-serve weights fetch --config config/voices.yaml`, then "
    "`avatar-serve serve --config config/voices.yaml`"
)
"""What has the embedded engines clone voices."""


def cloning_is_off() -> AvatarError:
    """The error for a service whose config names no engine that clones voices."""
    return AvatarError(
        "weights_missing",
        f"This server clones no voices, its config names no engine for that: {TURN_ON}.",
    )


def cannot_adopt() -> AvatarError:
    """The error for a service whose speech stage could not speak a cloned voice."""
    return AvatarError(
        "weights_missing",
        f"No speech engine of this server can speak a cloned voice: {TURN_ON}.",
    )


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

    async def voices(self) -> Sequence[Voice]:
        """The stock voices that can speak now (speech stage)."""

    async def check_text(self, text: str, voice: Speaker) -> int:
        """Pieces that the text will be spoken in; raises `empty_text`, `unknown_voice`."""

    def speak(
        self, text: str, voice: Speaker, speed: float, first: int = 0
    ) -> AsyncGenerator[Speech, None]:
        """Speech from piece number `first` on (speech stage)."""

    async def require_cloning(self) -> None:
        """Raises AvatarError `weights_missing` where the config has nobody who clones voices."""

    async def check_sample(self, sample: Sound, language: str) -> None:
        """Whether a voice can be made of the sample (cloning stage, which may start for it)."""

    def clone(self, sample: Sound, language: str) -> AsyncGenerator[Any, None]:
        """Progress in [0, 1], then the `Cloned` voice (cloning stage)."""

    async def encode(self, task: Any) -> Any:
        """An `EncodedSegment` (encode stage, which pulls from lip sync)."""

    async def run_job(self, job_id: str) -> None:
        """Have a director make the job's video; returns when the job is over.

        Raises DirectorDied.
        """

    async def make_voice(self, voice_id: str) -> None:
        """Have a director make the voice; returns when it is made or has failed.

        Raises DirectorDied.
        """

    async def painter(self) -> dict[str, Any]:
        """What engine paints: engine, options and weights (portrait stage, which may start)."""

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
