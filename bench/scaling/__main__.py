"""Each stage grows with its own load and shrinks again: `python -m bench.scaling`.

A cluster of a head and three nodes is simulated on this machine, each node with a card that only
counts; engines are scripted, encoding is real. Three loads, one after the other: a burst of spoken
videos of one avatar, for which lip sync is too slow; faces to be painted; and a burst during which
a node is lost. After each, every stage must come back to its fewest replicas. Raw figures go to
bench/results/scaling.json, the plot to docs/images/scaling.svg.
"""

import argparse
import asyncio
import json
import os
import platform
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx

from bench.chaos.load import Client, Wish, make_wish
from bench.scaling.config import BOUNDS
from bench.scaling.plot import draw
from bench.scaling.simulated import SimulatedCluster, simulated_cluster
from bench.scaling.watch import Watch

RESULTS: Final = Path(__file__).parents[1] / "results" / "scaling.json"
PLOT: Final = Path(__file__).parents[2] / "docs" / "images" / "scaling.svg"
NODES: Final = 3
JOBS: Final = 24
PROMPTS: Final = 4
LOST_AFTER: Final = 8.0
"""Seconds of a burst until the node is lost."""
OVER_SECONDS: Final = 240.0
SHRUNK_SECONDS: Final = 90.0


@dataclass(frozen=True)
class Load:
    """What is asked for at once."""

    name: str
    wishes: list[Wish]
    loses_node: bool = False


def loads(jobs: int) -> list[Load]:
    """The three loads. Equal runs ask for the same."""
    rng = random.Random(1)
    wishes = [
        make_wish(n, rng, shortest=6.0, longest=10.0, fate="keep")
        for n in range(2 * jobs + PROMPTS)
    ]
    burst, prompts, node = wishes[:jobs], wishes[jobs : jobs + PROMPTS], wishes[jobs + PROMPTS :]
    return [
        Load("a burst of videos", [_with(wish, avatar="amara") for wish in burst]),
        Load("faces to paint", [_with(wish, avatar_prompt="somebody") for wish in prompts]),
        Load("a burst, and a node is lost", [_with(w, avatar="felix") for w in node], True),
    ]


def _with(wish: Wish, **face: str) -> Wish:
    fields = {k: v for k, v in wish.fields.items() if not k.startswith("avatar")}
    return replace(wish, fields=fields | face)


async def bear(load: Load, client: Client, watch: Watch) -> dict[str, Any]:
    """Put a load on, wait until it is borne and all stages are small again. What was seen."""
    began = watch.now()
    statuses: list[str] = []

    async def one(wish: Wish) -> None:
        watch.jobs += 1
        try:
            job = await client.over(await client.create(wish), OVER_SECONDS)
            statuses.append("gone" if job is None else str(job["status"]))
        finally:
            watch.jobs -= 1

    async with asyncio.TaskGroup() as together:
        for wish in load.wishes:
            together.create_task(one(wish))
        if load.loses_node:
            await asyncio.sleep(LOST_AFTER)
            lost = await asyncio.to_thread(watch.cluster.lose_node)
    borne = watch.now()
    if load.loses_node:
        watch.cluster.add_node()  # Ray wants the main thread; nobody waits for anything now
    shrunk = await _shrunk(watch)
    return {
        "load": load.name,
        "began": round(began, 1),
        "seconds until every job was over": round(borne - began, 1),
        "seconds from there until all stages were at their fewest": round(shrunk - borne, 1),
        "statuses": {status: statuses.count(status) for status in sorted(set(statuses))},
        "most replicas": watch.most(began),
        **({"replicas on the lost node": lost} if load.loses_node else {}),
    }


async def _shrunk(watch: Watch) -> float:
    """When every stage was at its fewest. Raises TimeoutError."""
    async with asyncio.timeout(SHRUNK_SECONDS):
        while True:
            replicas = watch.sights[-1].replicas
            if all(replicas.get(stage) == fewest for stage, (fewest, _) in BOUNDS.items()):
                return watch.now()
            await asyncio.sleep(0.5)


async def measure(cluster: SimulatedCluster, jobs: int) -> dict[str, Any]:
    """All loads, one after the other."""
    watch = Watch(cluster)
    async with httpx.AsyncClient(base_url=cluster.url, timeout=30.0, trust_env=False) as http:
        client = Client(http)
        looking = asyncio.create_task(watch.run())
        await _shrunk_once_seen(watch)
        borne = []
        for load in loads(jobs):
            borne.append(await bear(load, client, watch))
            print(json.dumps(borne[-1], indent=1), flush=True)
        looking.cancel()
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "bounds": BOUNDS,
        "loads": borne,
        "largest sum of shares on one card": round(watch.fullest, 2),
        "most replicas on one card": watch.at_most,
        "sights": [asdict(sight) for sight in watch.sights],
    }


async def _shrunk_once_seen(watch: Watch) -> None:
    while not watch.sights:  # noqa: ASYNC110 - the watch sets no event
        await asyncio.sleep(0.1)
    await _shrunk(watch)


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS, help="videos in a burst")
    arguments = parser.parse_args()
    with simulated_cluster(NODES) as cluster:
        results = asyncio.run(measure(cluster, arguments.jobs))
    RESULTS.write_text(json.dumps(results) + "\n")
    PLOT.write_text(draw(results))


if __name__ == "__main__":
    main()
