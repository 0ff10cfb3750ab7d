"""From a line of config to a loaded engine."""

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from serve.settings import Settings
from serve.weights.store import WeightsStore, open_store


class EngineConfig(BaseModel):
    """A deployment's `user_config`; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str = Field(pattern=r"^\w+(\.\w+)*:\w+$")
    """Module and class, `deployments.lipsync.warp:Warp`."""
    threads: int = Field(default=1, ge=1, le=64)
    """Threads that one call of the engine may use."""
    workers: int = Field(default=1, ge=1, le=64)
    """Calls that run side by side in one replica."""
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """The engine's own parameters, checked against its `load`."""


def engine_class(config: EngineConfig) -> Any:
    """The class that the config names. Raises ValueError for options that it does not take."""
    module, name = config.engine.split(":")
    engine = getattr(importlib.import_module(module), name)
    known = set(inspect.signature(engine.load).parameters) - {"files", "threads"}
    unknown = sorted(set(config.options) - known)
    if unknown:
        raise ValueError(
            f"{config.engine} takes no option {', '.join(unknown)}; known: {sorted(known)}"
        )
    return engine


def load_engine(config: EngineConfig, settings: Settings) -> Any:
    """Load the engine with its verified weights. Raises AvatarError `weights_missing`."""
    engine = engine_class(config)
    files = weight_files(weights_of(config), open_store(settings))
    return engine.load(files, threads=config.threads, **config.options)


def weights_of(config: EngineConfig) -> tuple[str, ...]:
    """Names of the weights that the engine loads with these options.

    An engine whose options choose among its `weights` says which by `weights_for(options)`.
    """
    engine = engine_class(config)
    chosen = getattr(engine, "weights_for", None)
    return tuple(engine.weights if chosen is None else chosen(config.options))


def weight_files(names: tuple[str, ...], store: WeightsStore) -> Mapping[str, Path]:
    """Member file name -> path, over all the weights named."""
    return {file: path for name in names for file, path in store.paths(name).items()}
