"""What was asked and answered, counted where the application is called."""

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.api.streaming import Cut

ELSEWHERE: Final = "elsewhere"
"""Addresses and methods that the description does not know."""
CUT: Final = "cut"
"""In place of a status: the answer was broken off, as the description says of videos that fail."""
BROKEN: Final = "broken"
"""In place of a status: the application raised an error that nothing answered."""


@dataclass
class Asked:
    """An application that counts; between it and whoever asks stands nothing else."""

    app: ASGIApp
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By operation and status."""
    slowest: dict[str, float] = field(default_factory=dict)
    """Seconds that the slowest answer of an operation took."""
    operations: dict[str, tuple[str, re.Pattern[str]]] = field(default_factory=dict)
    """Method and path of each by its name."""

    def know(self, description: dict[str, Any]) -> None:
        """Which operations there are."""
        for path, methods in description["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]*", re.escape(path)))
            for method, call in methods.items():
                self.operations[call["operationId"]] = (method.upper(), pattern)

    def name(self, method: str, path: str) -> str:
        """The operation that a request is for."""
        found = [
            name
            for name, (known, pattern) in self.operations.items()
            if known == method and pattern.fullmatch(path)
        ]
        return found[0] if found else ELSEWHERE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began, whole = BROKEN, time.perf_counter(), False
        name = self.name(scope["method"], scope["path"])

        async def listen(message: Message) -> None:
            nonlocal status, whole
            if message["type"] == "http.response.start":
                status = str(message["status"])
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, listen)
        except Cut:
            status = CUT
            await send({"type": "http.response.body", "body": b""})
        except Exception:
            status = BROKEN
            raise
        finally:
            self.answers[name, status] += 1
            taken = time.perf_counter() - began
            self.slowest[name] = max(taken, self.slowest.get(name, 0.0))
