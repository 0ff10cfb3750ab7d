"""What the Ray shells of all stages share: an engine from config, its threads, its health."""

import asyncio
import functools
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, ClassVar, ParamSpec, TypeVar

import cv2
from ray.util.metrics import Gauge

from deployments.devices.card import process_memory_mb
from deployments.loading import EngineConfig, engine_class, load_engine, weights_of
from media.errors import AvatarError
from serve import logs, spans
from serve.settings import Settings

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class EngineShell:
    """Base of the stages' deployments.

    Model work runs in the shell's own threads, never in the event loop, which answers health
    checks meanwhile. An engine that cannot be loaded, for want of weights or of a GPU, leaves a
    replica that says so to everybody who asks, and looks again at each health check.
    """

    config_class: ClassVar[type[EngineConfig]] = EngineConfig
    """What the deployment's `user_config` must be."""

    def __init__(self) -> None:
        logs.set_up()
        self._config: EngineConfig | None = None
        self._engine: Any = None
        self._fault: AvatarError | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._again: asyncio.Task[None] | None = None
        self._peak = Gauge(
            "avatar_gpu_memory_peak_mb",
            "The most GPU memory that a replica's engine has held, MiB.",
            tag_keys=("stage",),
        )

    @property
    def config(self) -> EngineConfig:
        """The config that the engine was loaded from."""
        if self._config is None:
            raise RuntimeError("the engine is not loaded yet")
        return self._config

    @property
    def engine(self) -> Any:
        """The loaded engine. Raises the AvatarError for which it could not be loaded."""
        if self._fault is not None:
            raise self._fault
        return self._engine

    def threads_of(self, config: EngineConfig) -> int:
        """Threads that the shell keeps: one for each call that its engine works on."""
        return config.workers

    def loaded(self) -> None:
        """Called when `engine` and `config` are new."""

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Load the engine that the config names and have it infer once.

        Serve calls it before the first request. Raises ValueError for a config that no weights
        can mend.
        """
        config = self.config_class.model_validate(user_config)
        if config == self._config and self._fault is None:
            return
        with suppress(AvatarError):  # told by `_load`
            for one in config.loads:
                engine_class(one)
        self._pool = ThreadPoolExecutor(
            self.threads_of(config), thread_name_prefix=type(self).__name__
        )
        self._config = config
        await self._load()

    async def check_health(self) -> None:
        """Serve asks now and then: time to look again for what was missing."""
        if self._fault is not None and (self._again is None or self._again.done()):
            self._again = asyncio.create_task(self._load_again())
        peak = self._peak_mb()
        if peak is not None:
            self._peak.set(peak, {"stage": self._stage()})

    async def in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in one of the shell's threads."""
        call = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def about(self) -> dict[str, Any]:
        """Engine, options, the names of its weights, and how it is."""
        if self._config is None or (self._engine is None and self._fault is None):
            return {"state": "starting"}
        about: dict[str, Any] = {
            "state": "ready",
            "engine": self._config.engine,
            "options": dict(self._config.options),
        }
        with suppress(AvatarError):  # what can't be imported can't be asked for its weights
            about["weights"] = list(weights_of(self._config))
        if self._fault is not None:
            fault = {"error": self._fault.code, "message": self._fault.message}
            return {**about, "state": "failed", **fault}
        tell = getattr(self._engine, "about", None)
        about |= {} if tell is None else tell()
        peak = self._peak_mb()
        if peak is None:
            return about
        return {**about, "gpu_memory_peak_mb": peak, "gpu_process_mb": process_memory_mb()}

    async def _load(self) -> None:
        try:
            engine = await self.in_thread(_load_warm, self.config)
        except AvatarError as fault:
            if self._fault is None:
                log.error("%s cannot work: %s", self._stage(), fault.message)
            self._fault = fault
            return
        self._engine, self._fault = engine, None
        self.loaded()

    def __del__(self) -> None:
        """Serve calls it when the replica has answered its last call."""
        spans.send_last()

    async def _load_again(self) -> None:
        try:
            await self._load()
        except Exception as error:  # the next health check tries again
            log.error("%s cannot be loaded: %s", self._stage(), logs.told(error))

    def _stage(self) -> str:
        return type(self).__name__.removesuffix("Stage").lower()

    def _peak_mb(self) -> int | None:
        """None for engines that use no GPU."""
        peak = getattr(self._engine, "peak_mb", None)
        return None if peak is None else peak()


def _load_warm(config: EngineConfig) -> Any:
    cv2.setNumThreads(config.threads)  # by itself OpenCV takes every core, in every replica
    engine = load_engine(config, Settings())
    warm_up = getattr(engine, "warm_up", None)
    if warm_up is not None:
        warm_up()
    return engine
