"""The stages over Ray Serve's deployment handles.

Handles are used by what they can do, `handle.method.remote(…)`, so this module needs no Ray.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from media.errors import AvatarError
from media.face import Face, Picture
from media.sound import Sound, Speech
from media.voice import Speaker, Voice
from serve.stages import DirectorDied, cannot_adopt, cloning_is_off

_ABOUT_SECONDS: Final = 4.0

_BUSY: Final = frozenset(
    {
        "BackPressureError",
        "DeploymentUnavailableError",
        "ReplicaUnavailableError",
        "RayActorError",
        "OutOfMemoryError",
        "NodeDiedError",
        "OwnerDiedError",
        "ObjectLostError",
    }
)
"""Ray's errors that say: not now. They are known by name, also among an error's bases."""


@dataclass(frozen=True, slots=True)
class Running:
    """What is known of a deployment without asking it."""

    replicas: int
    engine: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    check: Mapping[str, Any] | None = None
    """What looks at pictures, of a face stage that has it."""


Deployed = Callable[[], Awaitable[Mapping[str, Running]]]
"""By the deployment's name."""


@dataclass(frozen=True, slots=True)
class HandleStages:
    """`Stages` whose calls go to deployments, each by its handle.

    Every call raises AvatarError where one was raised there, and `overloaded` where the
    deployment cannot take it.
    """

    to_portrait: Any
    to_face: Any
    to_speech: Any
    to_encode: Any
    to_director: Any
    to_lipsync: Any = None
    """Only asked how it is: encode has a handle of its own."""
    deployed: Deployed | None = None
    to_cloning: Any = None

    async def paint(self, prompt: str, seed: int) -> Any:
        """A `Painting` from words; one that nobody waits for any more is not begun."""
        painting = self.to_portrait.paint.remote(prompt, seed)
        try:
            return await _answer(painting)
        except asyncio.CancelledError:
            painting.cancel()
            raise

    async def find_faces(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right."""
        faces: list[Face] = await _answer(self.to_face.find.remote(picture))
        return faces

    async def mesh(self, picture: Picture, face: Face) -> Face:
        """The face with its mesh filled."""
        meshed: Face = await _answer(self.to_face.mesh.remote(picture, face))
        return meshed

    async def voices(self) -> Sequence[Voice]:
        """The stock voices that can speak now."""
        voices: Sequence[Voice] = await _answer(self.to_speech.voices.remote())
        return voices

    async def check_text(self, text: str, voice: Speaker) -> int:
        """Pieces that the text will be spoken in."""
        return int(await _answer(self.to_speech.check.remote(text, voice)))

    def speak(
        self, text: str, voice: Speaker, speed: float, first: int = 0
    ) -> AsyncGenerator[Speech, None]:
        """Speech from piece number `first` on; leaving the iteration early stops the speaker."""
        speech = self.to_speech.options(stream=True)
        return _streamed(lambda: speech.speak.remote(text, voice, speed, first))

    async def require_cloning(self) -> None:
        """Raises AvatarError `weights_missing` where the config has nobody who clones voices."""
        running = await self.deployed() if self.deployed is not None else {}
        if self.to_cloning is None or _is_off(running.get("Cloning")):
            raise cloning_is_off()
        speaker = await self.speaker()
        if speaker.get("state") == "ready" and not speaker.get("adopts"):
            raise cannot_adopt()

    async def check_sample(self, sample: Sound, language: str) -> None:
        """Whether a voice can be made of the sample; given up where nobody waits any more."""
        checking = self.to_cloning.check.remote(sample, language)
        try:
            await _answer(checking)
        except asyncio.CancelledError:
            checking.cancel()
            raise

    async def clone(self, sample: Sound, language: str) -> AsyncGenerator[Any, None]:
        """Progress, then the voice; leaving the iteration early stops the making."""
        await self.require_cloning()
        cloning = self.to_cloning.options(stream=True)
        async with aclosing(_streamed(lambda: cloning.clone.remote(sample, language))) as streamed:
            async for step in streamed:
                yield step

    async def encode(self, task: Any) -> Any:
        """One segment of video, as the encode stage gives it."""
        return await _answer(self.to_encode.segment.remote(task))

    async def run_job(self, job_id: str) -> None:
        """Have a director make the job's video. Raises DirectorDied where it died over it."""
        await _directed(self.to_director.run.remote(job_id), job_id)

    async def make_voice(self, voice_id: str) -> None:
        """Have a director make the voice. Raises DirectorDied where it died over it."""
        await _directed(self.to_director.make_voice.remote(voice_id), voice_id)

    async def painter(self) -> dict[str, Any]:
        """What engine paints."""
        about: dict[str, Any] = await _answer(self.to_portrait.about.remote())
        return about

    async def speaker(self) -> dict[str, Any]:
        """What engine speaks."""
        about: dict[str, Any] = await _answer(self.to_speech.about.remote())
        return about

    async def makers(self) -> dict[str, Any]:
        """What engines a video is made by. Encode knows which lip sync it asks."""
        speech, encode = await asyncio.gather(
            self.speaker(), _answer(self.to_encode.makers.remote())
        )
        return {"speech": speech, **encode}

    async def at_zero(self, stage: str) -> bool:
        """Whether no replica of the stage is running; False where nobody can tell."""
        running = await self.deployed() if self.deployed is not None else {}
        known = running.get(stage.title())
        return known is not None and known.replicas == 0

    async def about(self) -> dict[str, Any]:
        """Per stage: engine, weights, state, running replicas. A stage at zero is not woken."""
        running = await self.deployed() if self.deployed is not None else {}
        names = ("portrait", "face", "speech", "lipsync", "encode", "director", "cloning")
        handles = {name: getattr(self, f"to_{name}") for name in names}
        asked = {name: handle for name, handle in handles.items() if handle is not None}
        answers = await asyncio.gather(
            *(_about(handle, running.get(name.title())) for name, handle in asked.items())
        )
        told = dict(zip(asked, answers, strict=True))
        if told.get("face", {}).get("state") == "at_zero":
            told["face"].setdefault("check", {"state": "off"})
        if "cloning" in told and _is_off(running.get("Cloning")):
            told["cloning"] = {"state": "off", "replicas": 0}
        return told


def _is_off(running: Running | None) -> bool:
    """True for a deployment that the config gives no engine."""
    return running is not None and running.engine is None


async def _about(handle: Any, running: Running | None) -> dict[str, Any]:
    if running is not None and running.replicas == 0:
        known: dict[str, Any] = {"engine": running.engine, "options": dict(running.options)}
        if running.check is not None:
            known["check"] = {"state": "at_zero", **running.check}
        return {"state": "at_zero", **known, "replicas": 0}
    count = {} if running is None else {"replicas": running.replicas}
    try:
        async with asyncio.timeout(_ABOUT_SECONDS):
            return {**await _answer(handle.about.remote()), **count}
    except TimeoutError:
        return {"state": "starting", **count}
    except AvatarError as error:
        return {"state": "failed", "error": error.code, "message": error.message, **count}


async def _streamed(call: Callable[[], Any]) -> AsyncGenerator[Any, None]:
    """What a streaming call gives; leaving the iteration early cancels the call."""
    answer, over = call(), False
    try:
        async for part in answer:
            yield part
        over = True
    except Exception as error:
        over = True
        raise unwrapped(error) from None
    finally:
        if not over:
            answer.cancel()


async def _directed(call: Any, row_id: str) -> None:
    try:
        await call
    except Exception as error:
        if has_died(error):
            raise DirectorDied(row_id) from None
        raise unwrapped(error) from None


async def _answer(response: Any) -> Any:
    try:
        return await response
    except Exception as error:
        raise unwrapped(error) from None


def has_died(error: Exception) -> bool:
    """Whether Ray says that the replica which had the call is dead, not only out of reach."""
    return any(base.__name__ == "ActorDiedError" for base in type(error).__mro__)


def unwrapped(error: Exception) -> Exception:
    """The AvatarError inside what a handle raised; `overloaded` for Ray's own refusals.

    Ray wraps what a deployment raised in an error that keeps it as `cause` and, where it can,
    is an instance of its class too. Anything else comes back as it is.
    """
    inner: BaseException | None = error
    for _ in range(8):
        if inner is None:
            break
        cause = getattr(inner, "cause", None)
        if isinstance(inner, AvatarError) and not isinstance(cause, BaseException):
            return inner
        if any(base.__name__ in _BUSY for base in type(inner).__mro__):
            return AvatarError(
                "overloaded", "The service is at its limit: try again in a few seconds."
            )
        inner = cause if isinstance(cause, BaseException) else inner.__cause__
    return error
