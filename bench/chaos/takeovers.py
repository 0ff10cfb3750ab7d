"""How long a job waits when its director goes: `python -m bench.chaos.takeovers`.

One fault at a time on a service that is otherwise left alone; the seconds from the fault to each
next claim of its jobs go into bench/results/chaos.json.
"""

import asyncio
import random
import time
from typing import Final

import httpx

from bench.chaos import faults
from bench.chaos.load import Client, make_wish
from bench.chaos.report import found_before, keep
from bench.chaos.watch import Watch
from bench.chaos.world import World, world
from serve.jobs.database import open_database

ROUNDS: Final = 4
JOBS: Final = 6
KINDS: Final = ("kill director", "scale directors", "freeze director")


async def measure(struck: World) -> dict[str, list[float]]:
    """Seconds by kind of fault."""
    database = await open_database(struck.settings.database())
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    numbers = iter(range(1, 10_000))
    rng = random.Random(1)
    async with httpx.AsyncClient(
        base_url=struck.cluster.url, timeout=20.0, trust_env=False
    ) as http:
        client, watch = Client(http), Watch(database, every=0.05)
        looking = asyncio.create_task(watch.run())
        for kind in KINDS * ROUNDS:
            await asyncio.to_thread(struck.cluster.until_running)
            wishes = [
                make_wish(next(numbers), rng, shortest=10.0, longest=14.0, fate="keep")
                for _ in range(JOBS)
            ]
            work = [asyncio.create_task(client.fulfil(wish, 120.0)) for wish in wishes]
            await asyncio.sleep(2.0)
            at, known = time.time(), len(watch.takeovers)
            await asyncio.to_thread(faults.strike, kind, struck, rng)
            await asyncio.gather(*work)
            seconds = [round(take.time - at, 2) for take in watch.takeovers[known:]]
            print(kind, seconds, flush=True)
            found[kind] += seconds
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    await database.close()
    return found


def main() -> None:
    """Measure and keep."""
    with world() as struck:
        found = asyncio.run(measure(struck))
    keep(found_before() | {"takeovers": found})


if __name__ == "__main__":
    main()
