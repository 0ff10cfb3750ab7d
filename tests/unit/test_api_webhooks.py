"""Webhooks from the request to the receiver: real records, real connections, scripted stages."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import deliveries
from serve.webhooks import running
from serve.webhooks.addresses import Allowed
from serve.webhooks.running import Patience, keep_sending, send_due
from serve.webhooks.sending import Sender
from serve.webhooks.signing import read_secrets
from tests.conftest import ask, check_refusal, made
from tests.fakes import make_video, png
from tests.receiver import HANG, SECRET, Receiver, in_a_row, receiving

OPEN = {"webhook_secret": SECRET, "webhook_http": True, "webhook_private": True}


def with_settings(services: Services, **settings: Any) -> Services:
    changed = services.settings.model_dump() | settings
    return replace(services, settings=type(services.settings).model_validate(changed))


@pytest.fixture
def services(services: Services) -> Services:
    return with_settings(services, **OPEN)


@pytest.fixture
async def sending(services: Services) -> AsyncIterator[None]:
    """The loop, as a director runs it."""
    task = asyncio.create_task(keep_sending(services.database, services.settings))
    yield
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(running, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(running, "Patience", partial(Patience, first_pause=0.01, factor=1.0))


async def until(receiver: Receiver, kind: str, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while receiver.types().count(kind) < times:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.02)


async def until_settled(services: Services, video: str) -> list[tuple[str, str | None]]:
    async with asyncio.timeout(20):
        while True:
            outcomes = list(await deliveries.outcomes(services.database, video))
            if outcomes and all(outcome for _, outcome in outcomes):
                return outcomes
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("sending")
async def test_a_receiver_learns_what_becomes_of_a_video(
    client: httpx.AsyncClient, services: Services
) -> None:
    async with receiving() as receiver:
        video = await made(client, webhook_url=receiver.url, metadata={"campaign": "spring"})
        await make_video(services, video)
        await until(receiver, "video.completed")
    kinds = [kind for kind in receiver.types() if kind != "video.progress"]
    assert kinds == ["video.in_progress", "video.completed"]
    data = receiver.messages[-1].payload["data"]
    assert (data["id"], data["status"], data["progress"]) == (video, "completed", 100)
    assert data["metadata"] == {"campaign": "spring"}
    shown = (await client.get(f"/v1/videos/{video}")).json()
    assert data["urls"] == shown["urls"]
    assert (await client.get(data["urls"]["video"])).status_code == 200


@pytest.mark.usefixtures("sending")
async def test_a_form_names_a_receiver_too(client: httpx.AsyncClient) -> None:
    async with receiving() as receiver:
        form = {"text": "Hello.", "webhook_url": receiver.url}
        answer = await client.post(
            "/v1/videos", data=form, files={"avatar_image": ("a.png", png())}
        )
        assert answer.status_code == 202, answer.text
        await client.post(f"/v1/videos/{answer.json()['id']}/cancel")
        await until(receiver, "video.cancelled")


@pytest.mark.usefixtures("quick", "sending")
async def test_a_message_that_fails_is_sent_again_under_its_id_and_the_order_stays(
    client: httpx.AsyncClient, services: Services
) -> None:
    async with receiving(answer=in_a_row(500, 302, 429)) as receiver:
        video = await made(client, webhook_url=receiver.url)
        await make_video(services, video)
        await until(receiver, "video.completed")
    assert receiver.types() == ["video.in_progress"] * 4 + ["video.completed"]
    assert len({message.id for message in receiver.messages}) == 2
    assert await until_settled(services, video) == [
        ("video.in_progress", "delivered"),
        ("video.completed", "delivered"),
    ]


@pytest.mark.usefixtures("quick", "sending")
async def test_a_message_is_given_up_after_its_tries_and_why_is_noted(
    client: httpx.AsyncClient, services: Services
) -> None:
    async with receiving(answer=lambda message: (500, {})) as receiver:
        video = await made(client, webhook_url=receiver.url)
        await client.post(f"/v1/videos/{video}/cancel")
        assert await until_settled(services, video) == [("video.cancelled", "status 500")]
    assert len(receiver.messages) == services.settings.webhook_tries


@pytest.mark.usefixtures("quick", "sending")
async def test_410_ends_the_messages_of_a_video(
    client: httpx.AsyncClient, services: Services
) -> None:
    async with receiving(answer=in_a_row(410)) as receiver:
        video = await made(client, webhook_url=receiver.url)
        await make_video(services, video)
        outcomes = await until_settled(services, video)
        assert {outcome for _, outcome in outcomes} == {"gone"}
        other = await made(client, webhook_url=receiver.url)
        await client.post(f"/v1/videos/{other}/cancel")
        await until(receiver, "video.cancelled")
    assert len(receiver.messages) == 2


@pytest.mark.usefixtures("quick", "sending")
async def test_a_receiver_that_hangs_holds_up_no_other(client: httpx.AsyncClient) -> None:
    async with (
        receiving(answer=lambda message: (HANG, {})) as slow,
        receiving() as receiver,
    ):
        for url in (slow.url, receiver.url):
            video = await made(client, webhook_url=url)
            await client.post(f"/v1/videos/{video}/cancel")
        await until(receiver, "video.cancelled")
        await until(slow, "video.cancelled")


async def test_what_comes_of_each_try_is_told(
    client: httpx.AsyncClient, services: Services
) -> None:
    outcomes: list[str] = []
    async with receiving() as receiver:
        video = await made(client, webhook_url=receiver.url)
        await client.post(f"/v1/videos/{video}/cancel")
        sending = asyncio.create_task(
            keep_sending(services.database, services.settings, outcomes.append)
        )
        await until(receiver, "video.cancelled")
        async with asyncio.timeout(5):
            while not outcomes:  # noqa: ASYNC110 - told when the try is noted
                await asyncio.sleep(0.02)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert outcomes == ["delivered"]


async def test_messages_survive_a_restart_of_every_sender(
    client: httpx.AsyncClient, services: Services
) -> None:
    async with receiving() as receiver:
        for _ in range(4):
            video = await made(client, webhook_url=receiver.url)
            await client.post(f"/v1/videos/{video}/cancel")
        loops = [
            asyncio.create_task(keep_sending(services.database, services.settings))
            for _ in range(3)
        ]
        await until(receiver, "video.cancelled", 4)
        await asyncio.sleep(0.6)  # another look by each finds nothing more
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
    assert len(receiver.messages) == len({message.id for message in receiver.messages}) == 4


async def test_a_private_address_is_refused_when_the_message_goes_out(
    client: httpx.AsyncClient, services: Services
) -> None:
    sender = Sender(read_secrets(SECRET), Allowed(http=True, private=False))
    async with receiving() as receiver:
        video = await made(client, webhook_url=receiver.url)
        await client.post(f"/v1/videos/{video}/cancel")
        assert await send_due(services.database, sender, 10, Patience(tries=1)) == 1
    assert receiver.connections == 0
    assert await deliveries.outcomes(services.database, video) == [
        ("video.cancelled", "address not allowed")
    ]


@pytest.mark.parametrize(
    ("settings", "url", "words"),
    [
        ({}, "http://127.0.0.1/", "must begin with https"),
        ({"webhook_http": True}, "http://127.0.0.1/", "public address"),
        ({}, "https://localhost/", "public address"),
        ({}, "https://[::ffff:10.0.0.1]/", "public address"),
        ({}, "https://me:secret@example.org/", "user name or password"),
        ({}, "https://example.org/" + "a" * 3000, "at most 2048"),
        ({"webhook_secret": ""}, "https://example.org/", "AVATAR_WEBHOOK_SECRET"),
    ],
)
async def test_a_receiver_that_cannot_be_is_refused_at_once(
    services: Services, settings: dict[str, Any], url: str, words: str
) -> None:
    closed = {"webhook_http": False, "webhook_private": False}
    narrow = with_settings(services, **(closed | settings))
    transport = httpx.ASGITransport(create_app(narrow, access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await ask(client, webhook_url=url)
        check_refusal(answer, "invalid_request", "webhook_url")
        assert words in answer.json()["error"]["message"]
        assert (await client.get("/v1/videos")).json()["data"] == []


async def test_a_look_at_an_outbox_with_nothing_due_is_one_query_by_its_index(
    services: Services,
) -> None:
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        asked.append((statement, values))

    engine = services.database.engine
    event.listen(engine.sync_engine, "before_cursor_execute", note)
    assert await deliveries.claim_due(services.database, 32) == []
    (_, look) = asked  # the first begins the transaction
    assert look[0].startswith("SELECT")
    async with engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look[0]}", look[1])
        (step,) = plan.all()
    assert "SEARCH deliveries USING INDEX deliveries_by_next_try" in step[-1]


async def test_a_server_without_a_secret_looks_at_no_outbox(services: Services) -> None:
    silent = with_settings(services, webhook_secret="")
    async with asyncio.timeout(5):
        await keep_sending(silent.database, silent.settings)


@pytest.mark.parametrize("tries", [3, 10])
def test_pauses_grow_over_a_day_and_follow_what_the_receiver_asks(tries: int) -> None:
    patience = Patience()
    pauses = [patience.pause(n) for n in range(1, 10)]
    assert 4 <= pauses[0] <= 6
    assert 0.6 * 86_400 < sum(pauses) < 1.3 * 86_400
    assert patience.pause(tries, 1e9) <= 1.2 * patience.longest_pause
    assert patience.pause(1, 300) == 300


async def test_the_description_names_every_message(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["webhooks"]
    kinds = ("in_progress", "progress", "completed", "failed", "cancelled")
    assert set(described) == {f"video.{kind}" for kind in kinds}
