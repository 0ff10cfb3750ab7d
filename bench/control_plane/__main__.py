"""The control plane by itself: `python -m bench.control_plane` (about ten minutes, or `--quick`).

The real graph (proxy, ingress, directors, Serve's routers, SQLite, a folder of artifacts) runs on a
local Ray with engines that cost next to nothing: speech is a tone, lip sync a drawn number, encode
a file that was encoded once. Videos are all alike, 24 s in six segments of 4 s on average, as the
director cuts them. As the replicas of encode and lip sync go 1, 2, 4, …, so many of each, three
things are measured:

- **Overhead**: engines without delays, one video after the other. A job's overhead is the wall time
  from its acceptance (`created_at`) to its completion (`completed_at`), by the database's clock,
  less what the scripted delays alone must take, which is nothing here: all of it is overhead. A
  segment's is the time from its being laid (`began`) to its commit (`created_at`), less the
  same. Three segments of a job are in the works at once, so those wait for each other's processors.
- **Ceiling**: without delays, many clients at once, each asking anew when its video is over. What
  is counted is what was committed in a window that begins once all are under way.
- **Scaling**: encode waits so long that one replica makes ten seconds of video a second. Efficiency
  is what was made in the window over what so many replicas make by their delays alone.

Then a burst: 100 videos at once, with delays. CPU time is told by part of the service, from /proc.
Raw figures go to bench/results/control_plane.json.
"""

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.control_plane.graph import Graph, running_graph
from bench.control_plane.load import FPS, VIDEO_SECONDS, Load, load_on

RESULTS: Final = Path(__file__).parents[1] / "results" / "control_plane.json"
PACE: Final = 10.0
"""Seconds of video a second that a replica of encode makes where delays are scripted."""
BURST: Final = 100


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    replicas: tuple[int, ...]
    videos: int
    """One after the other."""
    ramp: float
    """Seconds of load before the window."""
    window: float
    clients: int
    """At the ceiling."""
    burst: int


WHOLE: Final = Plan((1, 2, 4, 8, 16, 32), 40, 4.0, 12.0, 24, BURST)
QUICK: Final = Plan((1, 2, 4), 8, 3.0, 5.0, 12, 20)


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    p50, p99 = np.percentile(1e3 * np.array(seconds), (50, 99))
    return {"p50": round(float(p50), 1), "p99": round(float(p99), 1)}


async def overhead(load: Load, plan: Plan) -> dict[str, Any]:
    """Videos one after the other, engines without delays."""
    ids = await load.one_by_one(plan.videos)
    jobs, segments = await load.jobs(ids), await load.segments(ids)
    _require_completed(jobs)
    return {
        "videos": len(jobs),
        "ms a job": percentiles([job.completed_at - job.created_at for job in jobs]),
        "ms a segment": percentiles([s.created_at - s.info["began"] for s in segments]),
    }


async def throughput(graph: Graph, load: Load, plan: Plan, clients: int) -> dict[str, Any]:
    """What is made while so many clients keep asking, and what each part of the service uses."""
    keeping = asyncio.create_task(load.keep(clients, plan.ramp + plan.window))
    await asyncio.sleep(plan.ramp)
    began, before = time.time(), await asyncio.to_thread(graph.cpu_by_part)
    await asyncio.sleep(plan.window)
    ended, after = time.time(), await asyncio.to_thread(graph.cpu_by_part)
    ids = await keeping
    jobs, segments = await load.jobs(ids), await load.segments(ids)
    _require_completed(jobs)
    span = ended - began
    over = [job for job in jobs if began < job.completed_at <= ended]
    made = [segment for segment in segments if began < segment.created_at <= ended]
    cores = {part: (after[part] - before.get(part, 0.0)) / span for part in after}
    return {
        "clients": clients,
        "jobs a second": round(len(over) / span, 2),
        "segments a second": round(len(made) / span, 2),
        "video s a second": round(sum(s.stop - s.start for s in made) / FPS / span, 1),
        "CPU ms a segment": round(1e3 * sum(cores.values()) * span / max(1, len(made)), 1),
        "cores": dict(sorted(_rounded(cores).items(), key=lambda item: -item[1])),
    }


async def burst(load: Load, videos: int) -> dict[str, Any]:
    """All at once: how they ended, and how long it took."""
    began = time.time()
    jobs = await load.jobs(await load.at_once(videos))
    statuses = [job.status for job in jobs]
    return {
        "videos": videos,
        "seconds": round(time.time() - began, 1),
        "statuses": {status: statuses.count(status) for status in sorted(set(statuses))},
    }


def _rounded(cores: dict[str, float]) -> dict[str, float]:
    return {part: round(busy, 3) for part, busy in cores.items() if busy >= 0.005}


def _require_completed(jobs: Sequence[Any]) -> None:
    failed = [job.error or job.status for job in jobs if job.status != "completed"]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(jobs)} videos failed: {failed[0]}")


async def measure(graph: Graph, plan: Plan) -> dict[str, Any]:
    """All of it."""
    rows: dict[str, Any] = {}
    bursts: dict[str, Any] = {}
    async with load_on(graph.url, graph.settings) as load:
        for replicas in plan.replicas:
            await asyncio.to_thread(graph.scale, replicas, 0.0)
            await load.at_once(2 * replicas)  # every replica gets to know the portrait
            row = rows[str(replicas)] = {"overhead": await overhead(load, plan)}
            row["ceiling"] = await throughput(graph, load, plan, plan.clients)
            await asyncio.to_thread(graph.scale, replicas, PACE)
            paced = row["paced"] = await throughput(graph, load, plan, max(4, 2 * replicas))
            paced["efficiency"] = round(paced["video s a second"] / (PACE * replicas), 3)
            show(replicas, row)
            if replicas in (8, plan.replicas[-1]) and not bursts:
                bursts = {"replicas": replicas, **await burst(load, plan.burst)}
                print(json.dumps(bursts), flush=True)
    return {"replicas": rows, "burst": bursts}


def show(replicas: int, row: dict[str, Any]) -> None:
    """A line of the table, and who uses the processors."""
    spent, ceiling, paced = row["overhead"], row["ceiling"], row["paced"]
    print(
        f"| {replicas} | {paced['segments a second']} | {paced['efficiency']:.2f} "
        f"| {paced['jobs a second']} | {ceiling['segments a second']} "
        f"| {ceiling['CPU ms a segment']} "
        f"| {spent['ms a job']['p50']:.0f}, {spent['ms a job']['p99']:.0f} "
        f"| {spent['ms a segment']['p50']:.0f}, {spent['ms a segment']['p99']:.0f} |"
    )
    for name in ("ceiling", "paced"):
        print(f"  cores, {name}: {row[name]['cores']}", flush=True)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 to 4 replicas, short windows")
    parser.add_argument("--directors", type=int, default=2, help="replicas of the director")
    arguments = parser.parse_args()
    print(
        "| replicas | segments/s paced | efficiency | jobs/s | segments/s, no delay "
        "| CPU ms a segment | overhead ms a job, p50, p99 | a segment |\n" + "|---" * 8 + "|"
    )
    with running_graph(arguments.directors) as graph:
        found = asyncio.run(measure(graph, QUICK if arguments.quick else WHOLE))
    results = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "arguments": vars(arguments),
        "seconds of a video": round(VIDEO_SECONDS, 1),
        **found,
    }
    if not arguments.quick:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
