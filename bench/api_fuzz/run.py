"""Runs Schemathesis over the application, and gathers what it finds."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import schemathesis
from schemathesis import engine
from schemathesis.engine import events
from schemathesis.python import asgi
from schemathesis.specs.openapi.schemas import OpenApiSchema

from bench.api_fuzz import cases, shares
from bench.api_fuzz.asked import Asked
from bench.api_fuzz.service import opened
from serve.access.keys import Access
from serve.api.app import create_app
from serve.api.services import Services
from tests.keyed import key_of

HANGS: Final = 60.0
"""Seconds after which a request counts as one that hangs; the longest of the API's own waits for
news is 30."""

_CHECKS: Final[Mapping[str, Any]] = {
    # A form of the right fields need not be a video: one face, one speech, a voice that is there.
    "positive_data_acceptance": {"enabled": False},
    "not_a_server_error": {"enabled": True, "expected-statuses": ["2xx", "3xx", "4xx"]},
    "negative_data_rejection": {
        "enabled": True,
        "expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "422", "429"],
    },
}


@dataclass
class Found:
    """What one or more rounds found."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    """How often each check was made."""
    modes: Counter[str] = field(default_factory=Counter)
    """Requests of valid and of invalid data."""
    failures: dict[str, str] = field(default_factory=dict)
    """One of each kind, with how to ask for it again."""
    errors: dict[str, str] = field(default_factory=dict)
    """What kept Schemathesis from asking."""
    slowest: dict[str, float] = field(default_factory=dict)
    operations: set[str] = field(default_factory=set)

    @property
    def requests(self) -> int:
        """How many were answered."""
        return self.answers.total()

    @property
    def unasked(self) -> set[str]:
        """Operations that no request was for."""
        return self.operations - {name for name, _ in self.answers}

    def merge(self, other: "Found") -> None:
        """What another run found as well."""
        self.answers += other.answers
        self.checks += other.checks
        self.modes += other.modes
        self.failures = other.failures | self.failures
        self.errors = other.errors | self.errors
        self._seen(other.operations, other.slowest)

    def add(self, asked: Asked) -> None:
        """What a round was answered."""
        self.answers += asked.answers
        self._seen(asked.operations, asked.slowest)

    def _seen(self, operations: Iterable[str], slowest: Mapping[str, float]) -> None:
        self.operations |= set(operations)
        for name, seconds in slowest.items():
            self.slowest[name] = max(seconds, self.slowest.get(name, 0.0))


def round_of(found: Found, *, seed: int, examples: int, access: Access, url: str = "") -> None:
    """Ask a fresh application, and add what is found.

    `examples` is how many cases are generated a phase and operation. `url` is the records'
    database; empty: SQLite.
    """
    folder = Path(tempfile.mkdtemp(prefix="api-fuzz-"))
    known: list[Services] = []

    async def open_kept() -> Services:
        known.append(await opened(folder, url))
        return known[0]

    asked = Asked(create_app(open_kept, access=access))
    try:
        with asgi.get_client(asked) as client:
            asked.know(client.get("/openapi.json").json())
            key = asgi._get_portal().call(key_of, known[0], "asker") if access == "keys" else ""
            asked.answers.clear()
            _ask(found, asked, _config(seed, examples, key))
        found.add(asked)
    finally:
        asgi.shutdown_lifespans()
        shutil.rmtree(folder)


def _config(seed: int, examples: int, key: str) -> dict[str, Any]:
    checks = {**_CHECKS, "ignored_auth": {"enabled": bool(key)}}
    return {
        "seed": seed,
        "cache": {"enabled": False},
        "continue-on-failure": True,
        "request-timeout": HANGS,
        "max-stream-events": 20,
        "headers": {"Authorization": f"Bearer {key}"} if key else {},
        "generation": {"max-examples": examples, "no-shrink": True, "database": "none"},
        "checks": checks,
        "suppress-health-check": ["all"],
        "phases": {
            "examples": {"enabled": True},
            "coverage": {"enabled": True},
            "fuzzing": {"enabled": True},
            "stateful": {"enabled": True},
        },
    }


def _ask(found: Found, asked: Asked, config: dict[str, Any]) -> None:
    cases.register()
    schema: OpenApiSchema = schemathesis.openapi.from_asgi(
        "/openapi.json", asked, config=schemathesis.Config.from_dict(config)
    )
    schema.hooks.register_hook_with_name(shares.is_failure, "filter_failure")
    schemathesis.hooks.GLOBAL_HOOK_DISPATCHER.register_hook_with_name(cases.prepare, "before_call")
    try:
        with cases.files_are_judged():
            for event in engine.from_schema(schema).execute():
                if isinstance(event, events.ScenarioFinished):
                    _note(found, event)
                elif isinstance(event, events.NonFatalError):
                    kind = f"{event.label}: {event.info.title}"
                    found.errors.setdefault(kind, event.info.message)
    finally:
        schemathesis.hooks.unregister(cases.prepare)


def _note(found: Found, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for node in recorder.cases.values():
        meta = node.value.meta
        if meta is not None:
            found.modes[meta.generation.mode.value] += 1
    for case_id, nodes in recorder.checks.items():
        for node in nodes:
            found.checks[node.name] += 1
            if node.failure_info is not None:
                failure = node.failure_info.failure
                kind = f"{node.name}: {failure.title}: {failure.operation}"
                answer = _answer(event, failure.case_id or case_id)
                told = f"{failure.message}\n{node.failure_info.code_sample}\n{answer}"
                found.failures.setdefault(kind, told)


def _answer(event: events.ScenarioFinished, case_id: str) -> str:
    """Status and beginning of what was answered."""
    interaction = event.recorder.interactions.get(case_id)
    if interaction is None or interaction.response is None:
        return "no answer"
    answer = interaction.response
    return f"{answer.status_code} {(answer.content or b'')[:500].decode(errors='replace')}"
