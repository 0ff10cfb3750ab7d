"""A process that creates a job under a key and is killed on the way, run as a program.

python -m tests.unit.request_cut_off DATABASE_URL before|within|after
"""

import asyncio
import os
import signal
import sys

from sqlalchemy.ext.asyncio import AsyncSession

from serve.jobs import idempotency, records
from serve.jobs.database import open_database
from serve.jobs.idempotency import Asked, Hold, Limits
from serve.storage import keys
from tests.fakes import new_job

ASKED = Asked("local", "a key", "hash")
LIMITS = Limits(hold=2.0, keep=60.0)
AVATAR = "avt_1"


def die() -> None:
    """Without a last word: nothing is rolled back, closed or let go by us."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, when: str) -> None:
    database = await open_database(url)
    hold = await idempotency.take(database, ASKED, LIMITS)
    assert isinstance(hold, Hold)
    if when == "before":
        die()

    async def note(session: AsyncSession, resource_id: str) -> None:
        await hold.complete(session, resource_id)
        if when == "within":
            die()

    new = new_job(keys.new_id("vid"), AVATAR)
    await records.create(database, new, max_active=100, note=note)
    die()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
