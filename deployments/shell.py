"""What the Ray shells of all stages share: an engine from config, its threads, its health."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from deployments.loading import EngineConfig, load_engine
from serve.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class EngineShell:
    """Base of the stages' deployments.

    Model work runs in the shell's own threads, never in the event loop, which answers health
    checks meanwhile.
    """

    def __init__(self) -> None:
        self._config: EngineConfig | None = None
        self._engine: Any = None
        self._pool: ThreadPoolExecutor | None = None

    @property
    def config(self) -> EngineConfig:
        """The config that the engine was loaded from."""
        if self._config is None:
            raise RuntimeError("the engine is not loaded yet")
        return self._config

    def threads_of(self, config: EngineConfig) -> int:
        """Threads that the shell keeps: one for each call that its engine works on."""
        return config.workers

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Load the engine that the config names; Serve calls it before the first request."""
        config = EngineConfig.model_validate(user_config)
        if config == self._config:
            return
        pool = ThreadPoolExecutor(self.threads_of(config), thread_name_prefix=type(self).__name__)
        loop = asyncio.get_running_loop()
        self._engine = await loop.run_in_executor(
            pool, functools.partial(load_engine, config, Settings())
        )
        self._config, self._pool = config, pool

    async def in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` in one of the shell's threads."""
        call = functools.partial(work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def about(self) -> dict[str, Any]:
        """Engine, options and the names of its weights."""
        if self._config is None:
            return {"state": "starting"}
        return {
            "state": "ready",
            "engine": self._config.engine,
            "options": dict(self._config.options),
            "weights": list(self._engine.weights),
        }
