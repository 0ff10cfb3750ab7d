"""From a line of config to a loaded engine."""

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from deployments.face.checked import CheckedFaces
from media.errors import AvatarError
from serve.settings import Settings
from serve.weights.store import WeightsStore, open_store

EXTRAS: Final = {
    "torch": "wav2lip",
    "diffusers": "diffusion",
    "ffmpeg": "ffmpeg",
    "TTS": "coqui",
    "pocket_tts": "pocket",
}
"""The extra of this project that brings a library."""


class LoadConfig(BaseModel):
    """An engine and how it is loaded; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str = Field(pattern=r"^\w+(\.\w+)*:\w+$")
    """Module and class, `deployments.lipsync.warp:Warp`."""
    threads: int = Field(default=1, ge=1, le=64)
    """Threads that one call of the engine may use."""
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """The engine's own parameters, checked against its `load`."""


class EngineConfig(LoadConfig):
    """A deployment's `user_config`."""

    workers: int = Field(default=1, ge=1, le=64)
    """Calls that run side by side in one replica."""

    @property
    def loads(self) -> tuple[LoadConfig, ...]:
        """All that it loads."""
        return (self,)


class CheckConfig(LoadConfig):
    """What looks at pictures before they are used."""

    threshold: float = Field(default=0.8, gt=0, le=1)
    """Score from which on a picture is refused."""


class FaceConfig(EngineConfig):
    """The face deployment's `user_config`."""

    check: CheckConfig | None = None
    """None: every picture is used."""

    @property
    def loads(self) -> tuple[LoadConfig, ...]:
        """All that it loads."""
        return (self,) if self.check is None else (self, self.check)


def config_class(deployment: str) -> type[EngineConfig]:
    """What the `user_config` of the deployment of that name must be."""
    return FaceConfig if deployment == "Face" else EngineConfig


def engine_class(config: LoadConfig) -> Any:
    """The class that the config names.

    Raises ValueError for options that it does not take, AvatarError `weights_missing` where a
    library that it needs is not installed.
    """
    module, name = config.engine.split(":")
    try:
        engine = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library == module.partition(".")[0]:
            raise  # the config names an engine that does not exist
        extra = EXTRAS.get(library)
        command = f'pip install "avatar-serve[{extra}]"' if extra else f"pip install {library}"
        raise AvatarError(
            "weights_missing", f"{name} needs {library}, which is not installed: {command}."
        ) from error
    known = set(inspect.signature(engine.load).parameters) - {"files", "threads"}
    unknown = sorted(set(config.options) - known)
    if unknown:
        raise ValueError(
            f"{config.engine} takes no option {', '.join(unknown)}; known: {sorted(known)}"
        )
    return engine


def load_engine(config: EngineConfig, settings: Settings) -> Any:
    """Load the engine with its weights, every byte of which is compared with its sum before.

    Raises AvatarError `weights_missing`, also for files that were changed while it opened them.
    """
    store = open_store(settings)
    engine = _load(config, store)
    if isinstance(config, FaceConfig) and config.check is not None:
        check = _load(config.check, store)
        return CheckedFaces(engine, check, config.check.threshold, config.workers)
    return engine


def _load(config: LoadConfig, store: WeightsStore) -> Any:
    kind, names = engine_class(config), _weights_of(config)
    engine = kind.load(weight_files(names, store), threads=config.threads, **config.options)
    for name in names:
        store.require_untouched(name)
    return engine


def weights_of(config: EngineConfig) -> tuple[str, ...]:
    """Names of the weights that the engine, and what else the config loads, opens."""
    return tuple(name for one in config.loads for name in _weights_of(one))


def _weights_of(config: LoadConfig) -> tuple[str, ...]:
    """By the options: an engine whose options choose among its `weights` has `weights_for`."""
    engine = engine_class(config)
    chosen = getattr(engine, "weights_for", None)
    return tuple(engine.weights if chosen is None else chosen(config.options))


def weight_files(names: tuple[str, ...], store: WeightsStore) -> Mapping[str, Path]:
    """Member file name -> path, over all the weights named."""
    return {file: path for name in names for file, path in store.paths(name).items()}
