"""The configured policy as requests ask it: with a deadline, and closed where it fails."""

import asyncio
import importlib
import inspect
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, cast

from media.errors import AvatarError
from serve import logs
from serve.policies.policy import Policy, Refusal, Wording
from serve.settings import Settings

log = logging.getLogger(__name__)

_THREADS: Final = 4
"""A policy that hangs in all of them refuses everything for now, and takes no more."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A policy that is asked about words before anything is made of them."""

    name: str
    policy: Policy
    seconds: float
    """How long it may take."""
    refused: Callable[[str], None] = lambda rule: None
    """Hears the rule of each refusal."""
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_THREADS, thread_name_prefix="policy")
    )

    async def require(self, wording: Wording, *, param: str) -> None:
        """Raise AvatarError `content_refused` where the words may not be used.

        `overloaded` where the policy fails or is too slow: what nobody has allowed is not made.
        """
        try:
            async with asyncio.timeout(self.seconds):
                refusal = await self._judge(wording)
            if not isinstance(refusal, Refusal | None):
                raise TypeError(f"a policy answers Refusal or None, not {type(refusal).__name__}")
        except Exception as error:  # whatever it is: not an answer
            log.error("policy %s does not answer: %s", self.name, logs.told(error))
            sentence = "The words cannot be checked at the moment: try again in a while."
            raise AvatarError("overloaded", sentence) from None
        if refusal is not None:
            log.info("the words of %s are refused by rule %s", param, refusal.rule)
            self.refused(refusal.rule)
            raise AvatarError("content_refused", refusal.reason, param=param)

    async def _judge(self, wording: Wording) -> Any:
        judge = self.policy.judge
        if inspect.iscoroutinefunction(judge):
            return await judge(wording)
        answer = await asyncio.get_running_loop().run_in_executor(self.threads, judge, wording)
        return await answer if inspect.isawaitable(answer) else answer

    def close(self) -> None:
        """Ask no more; a call that hangs is left behind."""
        self.threads.shutdown(wait=False, cancel_futures=True)


def open_policy(
    settings: Settings, refused: Callable[[str], None] = lambda rule: None
) -> Asking | None:
    """The policy that the settings name; None where they name none.

    Raises ValueError where it is not there or does not take its options, and what its `load`
    raises: a service whose policy is not there does not start.
    """
    if not settings.policy:
        return None
    policy = _class(settings.policy).load(**settings.policy_options)
    return Asking(settings.policy, policy, settings.policy_seconds, refused)


def _class(name: str) -> type[Policy]:
    module, _, kind = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), kind)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"AVATAR_POLICY names {name}, which cannot be imported: {error}"
        ) from error
    for method in ("load", "judge"):
        if not callable(getattr(found, method, None)):
            raise ValueError(f"AVATAR_POLICY names {name}, which has no {method}()")
    return cast("type[Policy]", found)
