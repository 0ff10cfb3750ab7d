"""A cloning stage by script, the director that follows it, and samples to send."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx

from deployments.cloning.engine import Cloned
from deployments.director.claim import direct_voice
from deployments.director.holding import Holding
from deployments.director.run import Means
from media.sound import Sound
from serve.api.services import Services
from serve.jobs import voices
from serve.jobs.database import Database
from serve.jobs.models import Voice
from serve.storage import keys
from serve.storage.artifacts import Artifacts
from serve.storage.sounds import save_sound
from tests.fakes import FakeStages, tone, wav

CONSENT = "I am the speaker of this recording and agree that a voice is made of it."
MADE = Cloned(b"what the engine adopts", "fake", ("en-US", "fr-FR"), 2.5, 0.81, True, "Apache-2.0")


@dataclass
class CloningStages(FakeStages):
    """Makes `made` in some steps; waits and fails by script."""

    made: Cloned = MADE
    steps: int = 4
    hold_at: int | None = None
    """The step behind which the next call waits for `go`."""
    go: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    faults: list[tuple[int, Exception]] = field(default_factory=list)
    """Raised by the next calls, one each, in place of a step."""
    heard: list[tuple[int, str]] = field(default_factory=list)
    """Samples and language of each call."""
    making: int = 0
    """Calls at work now."""

    async def clone(self, sample: Sound, language: str) -> AsyncGenerator[Any, None]:
        self.heard.append((len(sample.samples), language))
        fault = self.faults.pop(0) if self.faults else None
        self.making += 1
        try:
            for n in range(self.steps):
                if fault is not None and fault[0] == n:
                    raise fault[1]
                yield n / self.steps
                if n == self.hold_at:
                    self.waiting.set()
                    await self.go.wait()
            yield self.made
        finally:
            self.making -= 1


def direct_voices(services: Services, stages: FakeStages) -> None:
    """Have a real director over these stages follow the nudges."""
    database = services.database
    means = Means(database, services.artifacts, stages, services.settings, Holding(database))
    stages.voice_director = lambda voice_id: direct_voice(means, voice_id)


async def kept_voice(database: Database, artifacts: Artifacts, **columns: Any) -> str:
    """A voice that waits to be made, its sample stored; its id."""
    voice_id = keys.new_id("voice")
    upload = keys.voice_upload(voice_id)
    sample = Sound(tone(6.5, 48_000), 48_000)
    await save_sound(artifacts, upload, sample)
    voice = Voice(
        id=voice_id, owner="local", name="Me", language="en-US", languages=["en-US"],
        consent=CONSENT, meta={}, sample=upload, seconds=sample.seconds,
    )  # fmt: skip
    for column, value in columns.items():
        setattr(voice, column, value)
    await voices.add(database, voice, max_active=1000)
    return voice_id


async def send(
    client: httpx.AsyncClient, seconds: float = 7.0, key: str | None = None, **fields: str
) -> httpx.Response:
    """The answer to a sample that a voice can be made of, unless `fields` spoil it."""
    form = {"name": "Me", "consent": CONSENT} | fields
    headers = {} if key is None else {"Idempotency-Key": key}
    files = {"sample": ("me.wav", wav(tone(seconds)))}
    return await client.post("/v1/voices", data=form, files=files, headers=headers)


async def until_made(client: httpx.AsyncClient, voice: str) -> dict[str, Any]:
    """The voice once it is completed or has failed."""
    async with asyncio.timeout(10):
        while True:
            seen: dict[str, Any] = (await client.get(f"/v1/voices/{voice}")).json()
            if seen["status"] != "in_progress":
                return seen
            await asyncio.sleep(0.02)


async def cloned(client: httpx.AsyncClient) -> str:
    """The id of a voice that was asked for and made."""
    answer = await send(client)
    assert answer.status_code == 202, answer.text
    voice = await until_made(client, answer.json()["id"])
    assert voice["status"] == "completed", voice
    return str(voice["id"])


async def held(client: httpx.AsyncClient, stages: CloningStages) -> str:
    """The id of a voice in the middle of its making."""
    stages.hold_at = 2
    answer = await send(client)
    await asyncio.wait_for(stages.waiting.wait(), 5)
    return str(answer.json()["id"])
