"""What bursts of segments take, and leave, in a replica of encode: `python -m bench.encode_memory`.

First segments of several videos come at once, beside one or two long ones, as the stage lets them
in: the first at once, the long ones one after the other, all in turns. Patches are made beforehand.
Resident memory of the process, with the allocator's arenas as the launcher sets them, at its peak
and when the burst is over. Each burst follows the one before it in the same process.
"""

import asyncio
import json
import os
import platform
import subprocess
import sys
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.encode import FPS, material
from bench.processes import repeated
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import FrameFeed
from deployments.encode.pyav import PyAV
from deployments.encode.turns import FIRST, Turns
from deployments.launch import FLAT
from deployments.lipsync.engine import LipsyncCall
from media.patch import Frame

RESULTS: Final = Path(__file__).parent / "results" / "encode_memory.json"
BURSTS: Final = ((1, 0), (0, 1), (4, 1), (8, 2), (16, 2), (16, 2), (16, 4), (16, 4))
"""First segments of half a second, long ones of ten."""
ANSWER: Final = 0.005
"""Seconds until lip sync answers."""


def resident() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def measure() -> list[dict[str, Any]]:
    """Every burst."""
    portrait, sound, frames = await material()
    engine = PyAV.load({}, threads=1)
    canvas = engine.prepare(portrait)
    loop, threads = asyncio.get_running_loop(), ThreadPoolExecutor(max(sum(b) for b in BURSTS))
    turns, let_in = Turns(1), Turns(1)
    task = SegmentTask("", FPS, 0, 12, False, sound, life=True)

    async def answer(call: LipsyncCall) -> tuple[list[Frame], float]:
        await asyncio.sleep(ANSWER)
        return frames[call.start : call.stop], 1e3 * ANSWER

    async def segment(task: SegmentTask) -> None:
        feed = FrameFeed(task, answer, loop, turns)
        async with AsyncExitStack() as stack:
            if task.urgency == FIRST:
                stack.enter_context(turns.ahead())
            else:
                await stack.enter_async_context(let_in.turn(task.urgency))
            stack.callback(feed.stop)
            await loop.run_in_executor(threads, engine.encode, canvas, task, feed.frames())

    rows = []
    for first, long in BURSTS:
        work: list[Awaitable[None]] = [segment(task) for _ in range(first)]
        work += [segment(replace(task, stop=250, urgency=1)) for _ in range(long)]
        seen: list[int] = []
        with repeated(lambda: seen.append(resident()), 0.02):  # noqa: B023 - over with the block
            await asyncio.gather(*work)
        row = {"first": first, "long": long, "peak": max(seen), "left": resident()}
        print(
            "| {first} | {long} | {} | {} |".format(
                *(row[k] >> 20 for k in ("peak", "left")), **row
            )
        )
        rows.append(row)
    return rows


def main() -> None:
    """Measure in a process whose allocator is set as a replica's; print, keep."""
    name = next(iter(FLAT))
    if os.environ.get(name) != FLAT[name]:
        command = [sys.executable, "-m", "bench.encode_memory"]
        sys.exit(subprocess.run(command, env={**os.environ, **FLAT}, check=False).returncode)
    print("| first segments | long ones | peak, MB | left, MB |\n|---|---|---|---|")
    rows = asyncio.run(measure())
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    RESULTS.write_text(json.dumps({"machine": machine, "bursts": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
