"""The control plane by itself: `python -m bench.control_plane` (about 17 minutes, or `--quick`).

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
- **Scaling**: encode waits so long that one replica makes ten seconds of video a second: 2.5
  segments of 4 s. What was made in the window is told over what one replica made times their number
  (of linear), and over what so many make by their delays alone (of the pace).

Then a burst: 100 videos at once, with delays. CPU time comes from /proc, by part of the service: an
event loop that takes so many ms a segment carries 1000 by that many segments a second at most.
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
from bench.control_plane.load import FPS, OVER_SECONDS, VIDEO_SECONDS, Load, load_on

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


WHOLE: Final = Plan((1, 2, 4, 8, 16, 32), 40, 4.0, 10.0, 16, BURST)
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
    spent = {part: after[part] - before.get(part, 0.0) for part in after}
    count = max(1, len(made))
    return {
        "clients": clients,
        "jobs a second": round(len(over) / span, 2),
        "segments a second": round(len(made) / span, 2),
        "video s a second": round(sum(s.stop - s.start for s in made) / FPS / span, 1),
        "busy cores": round(sum(spent.values()) / span, 2),
        "CPU ms a segment": round(1e3 * sum(spent.values()) / count, 1),
        "by part": {
            part: round(1e3 * spent[part] / count, 1)
            for part in sorted(spent, key=spent.__getitem__)
        },
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


def _require_completed(jobs: Sequence[Any]) -> None:
    failed = [job.error or job.status for job in jobs if job.status != "completed"]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(jobs)} videos failed: {failed[0]}")


async def level(graph: Graph, load: Load, plan: Plan, replicas: int) -> dict[str, Any]:
    """So many replicas. Raises TimeoutError where they are too many for this machine."""
    await asyncio.to_thread(graph.scale, replicas, 0.0)
    await load.at_once(replicas)  # every replica gets to know the portrait
    spent = await overhead(load, plan)
    ceiling = await throughput(graph, load, plan, plan.clients)
    await asyncio.to_thread(graph.scale, replicas, PACE)
    paced = await throughput(graph, load, plan, max(4, 2 * replicas))
    return {"overhead": spent, "ceiling": ceiling, "paced": paced}


async def measure(graph: Graph, plan: Plan) -> dict[str, Any]:
    """All of it."""
    rows: dict[str, Any] = {}
    bursts: dict[str, Any] = {}
    async with load_on(graph.url, graph.settings) as load:
        for replicas in plan.replicas:
            try:
                row = rows[str(replicas)] = await level(graph, load, plan, replicas)
            except TimeoutError:
                rows[str(replicas)] = {"given up": f"a video was not over in {OVER_SECONDS:.0f} s"}
                print(f"| {replicas} | {rows[str(replicas)]['given up']} |", flush=True)
                break
            paced, (first, *_) = row["paced"], rows.values()
            made = paced["video s a second"]
            paced["of linear"] = round(made / first["paced"]["video s a second"] / replicas, 3)
            paced["of the pace"] = round(made / (PACE * replicas), 3)
            show(replicas, row)
            if replicas in (8, plan.replicas[-1]) and not bursts:
                bursts = {"replicas": replicas, **await burst(load, plan.burst)}
                print(json.dumps(bursts), flush=True)
    return {"replicas": rows, "burst": bursts}


def show(replicas: int, row: dict[str, Any]) -> None:
    """A line of the table, and who uses the processors."""
    spent, ceiling, paced = row["overhead"], row["ceiling"], row["paced"]
    print(
        f"| {replicas} | {paced['jobs a second']} | {paced['segments a second']} "
        f"| {paced['of linear']:.2f} | {paced['of the pace']:.2f} "
        f"| {ceiling['segments a second']} | {ceiling['CPU ms a segment']} "
        f"| {spent['ms a job']['p50']:.0f}, {spent['ms a job']['p99']:.0f} "
        f"| {spent['ms a segment']['p50']:.0f}, {spent['ms a segment']['p99']:.0f} |"
    )
    for name in ("ceiling", "paced"):
        print(f"CPU ms a segment, {name}: {row[name]['by part']}", flush=True)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1 to 4 replicas, short windows")
    parser.add_argument("--directors", type=int, default=2, help="replicas of the director")
    arguments = parser.parse_args()
    print(
        "| replicas | jobs/s, paced | segments/s, paced | of linear | of the pace "
        "| segments/s, no delay | CPU ms a segment | overhead ms a job, p50, p99 | a segment |\n"
        + "|---" * 9
        + "|"
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
