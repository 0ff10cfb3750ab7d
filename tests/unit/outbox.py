"""Jobs that have a receiver, and what a sender finds in the outbox."""

from typing import Any

from sqlalchemy import update

from serve.jobs import deliveries, leases
from serve.jobs.database import Database
from serve.jobs.deliveries import Due
from serve.jobs.models import Delivery
from tests.fakes import queue_job

URL = "https://hooks.example.org/"


async def queued(database: Database, url: str | None = URL) -> str:
    return await queue_job(database, text="A secret word.", webhook_url=url)


async def started(database: Database) -> tuple[str, int]:
    job = await queued(database)
    fence = await leases.claim(database, job, 600)
    assert fence is not None
    return job, fence


async def later(database: Database, seconds: float = 3600) -> None:
    """As if so much time had passed: what waits is due so much earlier."""
    async with database.write() as session:
        values = {"next_try_at": Delivery.next_try_at - seconds}
        await session.execute(update(Delivery).values(values))


async def drain(database: Database, seconds: float = 3600) -> list[dict[str, Any]]:
    """What a sender delivers until nothing is left, time passing between."""
    sent = []
    for _ in range(100):
        await later(database, seconds)
        due = await deliveries.claim_due(database, 100)
        if not due:
            return sent
        for message in due:
            sent.append(message.payload)
            await deliveries.settle(database, message, "delivered")
    raise AssertionError("the outbox does not empty")


async def one(database: Database) -> Due:
    (message,) = await deliveries.claim_due(database, 10)
    return message


def types(sent: list[dict[str, Any]]) -> list[str]:
    return [str(payload["type"]) for payload in sent]
