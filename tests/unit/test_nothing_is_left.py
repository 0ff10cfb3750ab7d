"""What users wrote and sent is nowhere once it is deleted or has had its time.

Proven by looking: at every row, every artifact, and every file of the data folder and of the
temporary one, for marked words and for bytes of what was stored.
"""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import obstore
import pytest
from sqlalchemy import update

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from serve.api.app import create_app
from serve.api.services import Services, open_services
from serve.jobs import retention
from serve.jobs.models import Base, Job, Voice
from serve.settings import Settings
from tests.cloned import CONSENT, CloningStages, direct_voices, until_made
from tests.conftest import files_below, until_over
from tests.fakes import png, tone, wav
from tests.postgres import Postgres
from tests.receiver import SECRET
from tests.s3 import credentials, new_bucket, s3
from tests.still_stages import StillStages

OF_VIDEOS = ("zanzibarian", "quixotish", "palimpsest", "sesquipedalian", "hooksecret")
"""Of a text, a prompt, metadata, a transcript and the address of a receiver of webhooks."""
OF_OTHERS = ("flibbertigibbet", "gobbledegook", "vellichor", "consentaneous", "kerfuffle")
"""Of an avatar's name and prompt, a voice's name and consent, and a prompt for a picture alone."""
NEVER_KEPT = ("borborygmus", "taradiddle", "snickersnee")
"""Of a file's name, of a text that is spoken alone, and of one that is refused."""


@dataclass
class MakingStages(StillStages, CloningStages):
    """Whatever is asked for is made: of real files, though of a still face."""

    engine: str = "fake"


@dataclass(frozen=True)
class Place:
    """The service, its director beside it, and all the places where something can stay."""

    services: Services
    client: httpx.AsyncClient
    temporary: Path

    async def held(self) -> dict[str, bytes]:
        """All that is kept, by where."""
        found: dict[str, bytes] = {}
        async with self.services.database.read() as session:
            for table in Base.metadata.sorted_tables:
                rows = (await session.execute(table.select())).all()
                found[f"table {table.name}"] = repr(rows).encode()
        async for some in obstore.list(self.services.artifacts.store):
            for meta in some:
                got = await obstore.get_async(self.services.artifacts.store, meta["path"])
                found[f"artifact {meta['path']}"] = bytes(await got.bytes_async())
        for folder in (self.services.settings.data_dir, self.temporary):
            for name in files_below(folder):
                found[f"file {name}"] = (folder / name).read_bytes()
        return found


def where(held: dict[str, bytes], marks: Iterable[str | bytes]) -> dict[str | bytes, set[str]]:
    """The marks that are found, and where."""
    found = {}
    for mark in marks:
        raw = mark.encode() if isinstance(mark, str) else mark
        if places := {
            place for place, data in held.items() if raw in data or raw in place.encode()
        }:
            found[mark] = places
    return found


def pieces(held: dict[str, bytes]) -> set[bytes]:
    """Out of the middle of each artifact some bytes that nothing has by chance."""
    middles = {
        data[len(data) // 2 : len(data) // 2 + 48]
        for place, data in held.items()
        if place.startswith("artifact ") and len(data) > 400
    }
    return {middle for middle in middles if len(set(middle)) > 8}  # no padding


@pytest.fixture(params=["one machine", "cluster"])
async def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    no_records: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Place]:
    data, temporary = tmp_path / "data", tmp_path / "temporary"
    for folder in (data, temporary):
        folder.mkdir()
    elsewhere: dict[str, str] = {}
    if request.param == "cluster":  # its server first: it may not lie in a folder of our own
        server: Postgres = request.getfixturevalue("postgresql")
        elsewhere["database_url"] = await server.new_database()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with ExitStack() as running:
        if elsewhere:
            store = running.enter_context(s3())
            for name, value in credentials(store).items():
                monkeypatch.setenv(name, value)
            elsewhere["storage_url"] = f"s3://{new_bucket(store)}/avatars"
        else:
            shutil.copyfile(no_records, data / "records.sqlite3")
        settings = Settings(
            data_dir=data, webhook_secret=SECRET, max_text_characters=200, **elsewhere
        )  # type: ignore[arg-type]  # pydantic makes it a secret
        stages = MakingStages(lengths=(0.5, 0.4))
        services = await open_services(settings, stages)
        means = Means(
            services.database, services.artifacts, stages, settings, Holding(services.database)
        )
        stages.director = lambda job_id: direct(means, job_id)
        direct_voices(services, stages)
        transport = httpx.ASGITransport(create_app(services, access="open"))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Place(services, client, temporary)
        await services.close()


async def videos(client: httpx.AsyncClient) -> list[str]:
    """Two that are made: of a picture and a text, of a prompt and a recording."""
    hook = {"webhook_url": "https://hooks.example.org/hooksecret"}
    asked = [
        (
            {"text": "A zanzibarian text.", "metadata": json.dumps({"a": "palimpsest"}), **hook},
            {"avatar_image": ("borborygmus.png", png(seed=9))},
        ),
        (
            {
                "avatar_prompt": "a quixotish woman",
                "transcript": "A sesquipedalian word.",
                "caption_track": "true",
            },
            {"audio": ("borborygmus.wav", wav(tone(2.0)))},
        ),
    ]
    made = []
    for n, (data, files) in enumerate(asked):
        key = {"Idempotency-Key": f"key {n}"}
        answer = await client.post("/v1/videos", data=data, files=files, headers=key)
        assert answer.status_code == 202, answer.text
        video = await until_over(client, answer.json()["id"])
        assert video["status"] == "completed", video
        made.append(str(video["id"]))
    return made


async def avatars_and_voices(client: httpx.AsyncClient) -> list[str]:
    """The addresses of two avatars and a voice."""
    picture = {"image": ("borborygmus.png", png(seed=8))}
    shown = await client.post("/v1/avatars", data={"name": "flibbertigibbet"}, files=picture)
    painted = await client.post("/v1/avatars", json={"prompt": "a gobbledegook man"})
    sample = {"sample": ("borborygmus.wav", wav(tone(7.0)))}
    form = {"name": "vellichor", "consent": f"{CONSENT} It is consentaneous."}
    voice = await client.post("/v1/voices", data=form, files=sample)
    addresses = [str(answer.json()["urls"]["self"]) for answer in (shown, painted, voice)]
    made = await until_made(client, voice.json()["id"])
    assert made["status"] == "completed"
    assert (await client.get(made["urls"]["sample"])).status_code == 200
    return addresses


async def passing(client: httpx.AsyncClient) -> None:
    """Requests that leave nothing, and pictures that are kept for an hour."""
    words = {"prompt": "a kerfuffle of a face", "response_format": "url", "seed": 1}
    kept = await client.post("/v1/images/generations", json=words)
    assert kept.status_code == 200
    said = {"model": "tts-1", "voice": "anna", "input": "taradiddle"}
    assert (await client.post("/v1/audio/speech", json=said)).status_code == 200
    bad = {"avatar_image": ("borborygmus.png", png(seed=7)[:5000])}
    for files in (bad, {"avatar_image": ("a", png(seed=7)), "audio": ("b", b"no sound")}):
        data = {} if "audio" in files else {"text": "snickersnee"}
        refused = await client.post("/v1/videos", data=data, files=files)
        assert refused.status_code == 422
    too_long = {"avatar_prompt": "snickersnee", "text": "snickersnee " * 50}
    assert (await client.post("/v1/videos", json=too_long)).status_code == 422
    click = {"sample": ("borborygmus.wav", wav(tone(1.0)))}
    form = {"name": "snickersnee", "consent": CONSENT}
    assert (await client.post("/v1/voices", data=form, files=click)).status_code == 422


async def test_what_is_deleted_is_nowhere(place: Place) -> None:
    client = place.client
    addresses = [f"/v1/videos/{video}" for video in await videos(client)]
    addresses += await avatars_and_voices(client)
    await passing(client)
    before = await place.held()
    assert set(where(before, OF_VIDEOS + OF_OTHERS)) == {*OF_VIDEOS, *OF_OTHERS}
    assert where(before, NEVER_KEPT) == {}
    kept = pieces(before)
    assert len(kept) > 10
    assert len(where(before, kept)) == len(kept)
    for address in addresses:
        assert (await client.delete(address)).status_code == 200
    await _an_hour_later(place)
    after = await place.held()
    assert where(after, (*OF_VIDEOS, *OF_OTHERS, *kept)) == {}
    assert not [name for name in after if name.startswith("artifact ")]


async def test_what_has_had_its_time_is_nowhere(place: Place) -> None:
    services, client = place.services, place.client
    for video in await videos(client):
        assert (await client.get(f"/v1/videos/{video}")).json()["expires_at"]
    kept = pieces(await place.held())
    async with services.database.write() as session:  # as if the days had gone by
        await session.execute(update(Job).values(expires_at=1.0))
    assert await retention.expire_jobs(services.database, services.artifacts, 60.0) == 2
    after = await place.held()
    assert where(after, (*OF_VIDEOS, *kept)) == {}
    assert not [name for name in after if name.startswith("artifact ")]


async def test_a_cancelled_video_leaves_nothing_when_it_is_deleted(place: Place) -> None:
    stages: Any = place.services.stages
    stages.hold = 30.0
    form = {"text": "A zanzibarian text."}
    asked = await place.client.post(
        "/v1/videos", data=form, files={"avatar_image": ("a", png(seed=9))}
    )
    video = asked.json()["id"]
    await stages.began.wait()
    await place.client.post(f"/v1/videos/{video}/cancel")
    assert (await place.client.delete(f"/v1/videos/{video}")).status_code == 200
    await place.services.background.close()
    after = await place.held()
    assert where(after, (*OF_VIDEOS, video)) == {}
    assert not [name for name in after if name.startswith("artifact ")]


async def test_a_voice_that_failed_goes_with_its_consent(place: Place) -> None:
    services, stages = place.services, place.services.stages
    assert isinstance(stages, MakingStages)
    stages.faults = [(0, ValueError("scripted"))] * 10
    sample = {"sample": ("a.wav", wav(tone(7.0)))}
    form = {"name": "vellichor", "consent": f"{CONSENT} It is consentaneous."}
    voice = (await place.client.post("/v1/voices", data=form, files=sample)).json()["id"]
    assert (await until_made(place.client, voice))["status"] == "failed"
    async with services.database.write() as session:
        await session.execute(update(Voice).values(expires_at=1.0))
    assert await retention.expire_voices(services.database, services.artifacts) == 1
    after = await place.held()
    assert where(after, (*OF_OTHERS, voice)) == {}
    assert not [name for name in after if name.startswith("artifact ")]


async def _an_hour_later(place: Place) -> None:
    """What directors sweep, though nothing had to wait for it."""
    services = place.services
    await retention.collect(services.database, services.artifacts, keep_seconds=-5.0)
    await services.database.forget_deleted()
