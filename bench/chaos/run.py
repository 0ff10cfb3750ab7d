"""One stretch of chaos: a steady stream of jobs, faults at random moments, and the verdict."""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from bench.chaos import faults
from bench.chaos.cluster import HostError
from bench.chaos.load import Client, Probe, Wish, make_wish
from bench.chaos.notes import read_notes
from bench.chaos.verify import Verdict, doubled, verify
from bench.chaos.world import World
from serve.jobs.database import open_database
from serve.storage.artifacts import open_artifacts

AT_ONCE: Final = 16
"""Jobs under way at a time."""
LANES: Final = 2
"""Faults at a time."""
CALM: Final = (0.5, 2.5)
"""Seconds, from and to, between a fault's end and the next one of its lane."""
DRAIN_SECONDS: Final = 80.0
"""Within which every job must be over once the faults have stopped."""


@dataclass(slots=True)
class Strike:
    """A fault that was done."""

    name: str
    time: float
    seconds: float
    jobs: int
    """Jobs that were under way."""


@dataclass
class Stretch:
    """What a stretch of chaos has seen so far."""

    seed: int
    began: float = field(default_factory=time.time)
    strikes: list[Strike] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """Faults that found no victim."""
    jobs: dict[str, Wish] = field(default_factory=dict)
    never: list[str] = field(default_factory=list)
    """Jobs that were not accepted or not over in time, and why."""
    verdicts: list[Verdict] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


async def run(
    world: World, seed: int, most: int, ends: float, say: Any
) -> tuple[Stretch, Client, Probe]:
    """Do `most` faults, or as many as go until `ends` (monotonic); then judge every job."""
    stretch = Stretch(seed)
    database = await open_database(world.settings.database())
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=world.cluster.url, timeout=15.0, trust_env=False, limits=limits
    ) as http:
        client, probe = Client(http), Probe(http)
        looking = asyncio.create_task(probe.run())
        under_way: set[asyncio.Task[None]] = set()
        stream = asyncio.create_task(_stream(stretch, client, random.Random(seed), under_way))
        await _strike(stretch, world, most, ends, under_way, say)
        stream.cancel()
        say(f"waiting for {len(under_way)} jobs")
        if under_way:
            await asyncio.wait(under_way, timeout=DRAIN_SECONDS)
        for task in (looking, *under_way, stream):
            task.cancel()
        await asyncio.gather(looking, *under_way, stream, return_exceptions=True)
    artifacts, notes = open_artifacts(world.settings.storage()), read_notes(world.notes)
    for video, wish in stretch.jobs.items():
        stretch.verdicts.append(await verify(database, artifacts, video, wish, notes))
    stretch.doubled = await doubled(database)
    await database.close()
    return stretch, client, probe


async def _stream(
    stretch: Stretch, client: Client, rng: random.Random, under_way: set[asyncio.Task[None]]
) -> None:
    """Keep so many jobs under way, for ever."""
    number = 0
    while True:
        if len(under_way) < AT_ONCE:
            number += 1
            task = asyncio.create_task(_job(stretch, client, make_wish(number, rng)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.sleep(0.1)


async def _job(stretch: Stretch, client: Client, wish: Wish) -> None:
    try:
        video = await client.create(wish)
        stretch.jobs[video] = wish
        await client.follow(video, wish, within=600.0)
    except Exception as error:
        stretch.never.append(f"job {wish.number}: {type(error).__name__}: {error}")


async def _strike(
    stretch: Stretch,
    world: World,
    most: int,
    ends: float,
    under_way: set[asyncio.Task[None]],
    say: Any,
) -> None:
    """Faults in several lanes side by side, until there were `most` or it is time."""
    idle = [asyncio.Lock() for _ in range(LANES)]

    async def one(name: str, rng: random.Random) -> None:
        at, jobs = time.time(), len(under_way)
        say(f"{name}, {jobs} jobs under way")
        try:
            took = await asyncio.to_thread(faults.strike, name, world, rng)
        except HostError as error:
            stretch.missed.append(f"{name}: {error}")
            say(f"  missed {name}: {error}")
            return
        stretch.strikes.append(Strike(name, at, took, jobs))

    async def lane(number: int) -> None:
        rng = random.Random(f"faults of {stretch.seed}, lane {number}")
        for name in faults.rounds(rng):
            await asyncio.sleep(rng.uniform(*CALM))
            if len(stretch.strikes) >= most or time.monotonic() > ends:
                return
            if time.monotonic() + faults.TAKES.get(name, 0.0) > ends:
                continue
            async with AsyncExitStack() as held:
                # All of Ray is restarted while nothing else goes on; lanes wait in one order.
                for lock in idle if name == faults.RESTART else (idle[number],):
                    await held.enter_async_context(lock)
                await one(name, rng)

    await asyncio.gather(*(lane(number) for number in range(LANES)))
    stretch.strikes.sort(key=lambda strike: strike.time)
