"""The same engines without Ray: one process, one call after the other.

For tests and for the benchmark that says what the graph costs.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from deployments.encode.engine import EncodedSegment, SegmentTask
from deployments.encode.feed import calls
from deployments.loading import EngineConfig, config_class, load_engine, weights_of
from deployments.portrait.engine import Painting
from deployments.speech import marked
from deployments.speech.adopting import Adopted, adopts
from deployments.speech.engine import SpeechEngine, Voice
from media.face import Face, Picture
from media.patch import Frame
from media.sound import Sound, Speech
from media.voice import Speaker, id_of
from serve.settings import Settings
from serve.stages import cannot_adopt, cloning_is_off
from serve.storage.artifacts import Artifacts
from serve.storage.portraits import load_portrait


def engine_configs(config: Path) -> dict[str, EngineConfig]:
    """Deployment name -> engine config, from a Serve config file."""
    loaded = yaml.safe_load(config.read_text())
    (application,) = loaded["applications"]
    return {
        deployment["name"]: config_class(deployment["name"]).model_validate(
            deployment["user_config"]
        )
        for deployment in application["deployments"]
        if "engine" in (deployment.get("user_config") or {})
    }


@dataclass(eq=False)
class InARow:
    """`Stages` over engines in this process; an engine is loaded when it is first asked."""

    configs: dict[str, EngineConfig]
    settings: Settings
    artifacts: Artifacts
    _engines: dict[str, Any] = field(default_factory=dict)
    _prepared: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @classmethod
    def from_config(cls, config: Path, settings: Settings, artifacts: Artifacts) -> Self:
        """Use the engines of a Serve config file."""
        return cls(engine_configs(config), settings, artifacts)

    def engine(self, stage: str) -> Any:
        """The stage's engine."""
        if stage not in self._engines:
            self._engines[stage] = load_engine(self.configs[stage], self.settings)
        return self._engines[stage]

    async def paint(self, prompt: str, seed: int) -> Painting:
        """A picture from words."""
        painting: Painting = await asyncio.to_thread(self.engine("Portrait").paint, prompt, seed)
        return painting

    async def find_faces(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right."""
        faces: list[Face] = await asyncio.to_thread(self.engine("Face").find, picture)
        return faces

    async def mesh(self, picture: Picture, face: Face) -> Face:
        """The face with its mesh filled."""
        meshed: Face = await asyncio.to_thread(self.engine("Face").mesh, picture, face)
        return meshed

    async def voices(self) -> Sequence[Voice]:
        """The voices that can speak now."""
        voices: Sequence[Voice] = self.engine("Speech").voices
        return voices

    async def check_text(self, text: str, voice: Speaker) -> int:
        """Pieces that the text will be spoken in."""
        engine = await self._speech(voice)
        return await asyncio.to_thread(marked.check, engine, text, id_of(voice))

    async def speak(
        self, text: str, voice: Speaker, speed: float, first: int = 0
    ) -> AsyncGenerator[Speech, None]:
        """Speech from piece number `first` on."""
        engine = await self._speech(voice)
        pieces: Iterator[Speech] = await asyncio.to_thread(
            marked.speak, engine, text, id_of(voice), speed, first
        )
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece

    async def _speech(self, voice: Speaker) -> SpeechEngine:
        """What speaks as the voice; a cloned one is taken up anew each time."""
        engine: SpeechEngine = self.engine("Speech")
        if isinstance(voice, str):
            return engine
        adopted = Adopted(await self.artifacts.get(voice.key))
        return await asyncio.to_thread(adopted.by, engine, voice.as_voice())

    async def require_cloning(self) -> None:
        """Raises AvatarError `weights_missing` where the config has nobody who clones voices."""
        if "Cloning" not in self.configs:
            raise cloning_is_off()
        if not adopts(self.engine("Speech")):
            raise cannot_adopt()

    async def check_sample(self, sample: Sound, language: str) -> None:
        """Whether a voice can be made of the sample."""
        await self.require_cloning()
        await asyncio.to_thread(self.engine("Cloning").check, sample, language)

    async def clone(self, sample: Sound, language: str) -> AsyncGenerator[Any, None]:
        """Progress, then the voice."""
        await self.require_cloning()
        steps = await asyncio.to_thread(self.engine("Cloning").clone, sample, language)
        while (step := await asyncio.to_thread(next, steps, None)) is not None:
            yield step

    async def encode(self, task: SegmentTask) -> EncodedSegment:
        """One segment, its patches made by the lip sync engine in the same thread."""
        if task.portrait not in self._prepared:
            portrait = await load_portrait(self.artifacts, task.portrait)
            lipsync, encode = self.engine("Lipsync"), self.engine("Encode")
            self._prepared[task.portrait] = lipsync.prepare(portrait), encode.prepare(portrait)
        return await asyncio.to_thread(self._segment, task)

    def _segment(self, task: SegmentTask) -> EncodedSegment:
        prepared, canvas = self._prepared[task.portrait]
        lipsync_ms = 0.0

        def frames() -> Iterator[Frame]:
            nonlocal lipsync_ms
            for call in calls(task):
                began = time.perf_counter()
                (made,) = self.engine("Lipsync").frames([(prepared, call)])
                lipsync_ms += 1e3 * (time.perf_counter() - began)
                yield from made

        began = time.perf_counter()
        data: bytes = self.engine("Encode").encode(canvas, task, frames())
        return EncodedSegment(data, lipsync_ms, 1e3 * (time.perf_counter() - began) - lipsync_ms)

    async def run_job(self, job_id: str) -> None:
        """Jobs need a director: see deployments/director."""
        raise NotImplementedError("engines in a row have no director")

    async def make_voice(self, voice_id: str) -> None:
        """Voices need a director, like jobs."""
        raise NotImplementedError("engines in a row have no director")

    async def painter(self) -> dict[str, Any]:
        """Engine, options and weights of what paints."""
        config = self.configs["Portrait"]
        return {"state": "ready", **config.model_dump(), "weights": list(weights_of(config))}

    async def speaker(self) -> dict[str, Any]:
        """Engine and options of what speaks, and whose cloned voices."""
        adopting = {"adopts": list(adopts(self.engine("Speech")))}
        return {"state": "ready", **self.configs["Speech"].model_dump(), **adopting}

    async def makers(self) -> dict[str, Any]:
        """Engines and options that a video is made by."""
        return {
            name.lower(): self.configs[name].model_dump()
            for name in ("Speech", "Lipsync", "Encode")
        }

    async def at_zero(self, stage: str) -> bool:
        """Never: an engine is loaded when it is first asked."""
        del stage
        return False

    async def about(self) -> dict[str, Any]:
        """Engine of each stage."""
        return {
            name: {"state": "ready", "engine": config.engine}
            for name, config in self.configs.items()
        }
