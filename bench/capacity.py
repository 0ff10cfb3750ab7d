"""What a machine gives: `python -m bench.capacity`. Raw figures go to bench/results/capacity.json.

Throughput: 1 to 16 clients that each wait for a video before they ask for the next, against the
same engines in two processes side by side, which keep two cores busy. 512 x 512, 25 fps, life off
and on. Sizes: the engines one after the other in one thread, on the same face at 512 x 512, 720p
and 1080p; lip sync is told by the pixels of the mouth's rectangle, which is what it moves.
"""

import argparse
import asyncio
import json
import os
import platform
import time
from pathlib import Path
from typing import Any, Final

import cv2

from bench.encode import FPS, material
from bench.pipeline import in_a_row, server, timed
from deployments.encode.engine import SegmentTask
from deployments.encode.feed import calls
from deployments.encode.pyav import PyAV
from deployments.lipsync.warp import Warp
from media.patch import Frame

RESULTS: Final = Path(__file__).parent / "results" / "capacity.json"
CLIENTS: Final = (1, 2, 4, 8, 16)
SIZES: Final = ((512, 512), (1280, 720), (1920, 1080))
FRAMES: Final = 250


def throughput(seconds: float, life: str) -> dict[str, dict[str, Any]]:
    """Rows by who worked: two processes, then the graph with so many clients."""
    rows = {"two processes": in_a_row(2, 4, seconds, life)}
    with server() as (url, root):
        timed(url, root, 2, 2, 10.0, life)
        for clients in CLIENTS:
            videos = max(1, 8 // clients)
            rows[f"graph, {clients}"] = timed(url, root, clients, videos, seconds, life)
    return rows


def of_size(size: tuple[int, int], rounds: int) -> dict[str, Any]:
    """Least milliseconds of processor time a frame, by stage and life."""
    portrait, sound, _ = asyncio.run(material(size))
    lipsync, encode = Warp.load({}, threads=1), PyAV.load({}, threads=1)
    prepared, canvas = lipsync.prepare(portrait), encode.prepare(portrait)
    box = prepared.field.rectangle
    row: dict[str, Any] = {"mouth_pixels": box.width * box.height}
    for life in (False, True):
        task = SegmentTask("", FPS, 0, FRAMES, False, sound, life=life)
        asked = list(calls(task))
        frames: list[Frame] = []
        spent: dict[str, list[float]] = {"lipsync": [], "encode": []}
        for _ in range(rounds + 1):
            began = time.process_time()
            frames = [frame for call in asked for frame in lipsync.frames([(prepared, call)])[0]]
            between = time.process_time()
            data = encode.encode(canvas, task, iter(frames))
            spent["lipsync"].append(between - began)
            spent["encode"].append(time.process_time() - between)
        for stage, took in spent.items():
            row[f"{stage}, life {'on' if life else 'off'}"] = 1e3 * min(took[1:]) / FRAMES
        row[f"kbit, life {'on' if life else 'off'}"] = len(data) * 8 * 25 / FRAMES / 1e3
    return row


def show_throughput(life: str, rows: dict[str, dict[str, Any]]) -> None:
    """A table of one kind of video."""
    print(f"\n| life {life} | x real time | videos a minute | CPU s a video s | of two processes |")
    print("|---|---|---|---|---|")
    base = rows["two processes"]
    best = base["seconds"] / base["wall"]
    for name, row in rows.items():
        pace = row["seconds"] / row["wall"]
        print(
            f"| {name} | {pace:.1f} | {3 * pace:.0f} | {row['cpu'] / row['seconds']:.3f} "
            f"| {pace / best:.2f} |"
        )


def show_sizes(rows: dict[str, dict[str, Any]]) -> None:
    """The curve as a table, ms of one thread a frame."""
    print("\n| size | mouth, px | lip sync, life off | on | encode, off | on | kbit/s, off | on |")
    print("|---|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        cells = (
            row[f"{what}, life {life}"] for what in ("lipsync", "encode") for life in ("off", "on")
        )
        bits = (row[f"kbit, life {life}"] for life in ("off", "on"))
        print(
            f"| {name} | {row['mouth_pixels']} | "
            + " | ".join(f"{cell:.2f}" for cell in cells)
            + " | "
            + " | ".join(f"{bit:.0f}" for bit in bits)
            + " |"
        )


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a video")
    parser.add_argument("--rounds", type=int, default=3, help="of each size")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    sizes = {f"{w} x {h}": of_size((w, h), arguments.rounds) for w, h in SIZES}
    show_sizes(sizes)
    rows = {}
    for life in ("off", "on"):
        rows[f"life {life}"] = throughput(arguments.seconds, life)
        show_throughput(life, rows[f"life {life}"])
    told = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, shared",
        "python": platform.python_version(),
        "arguments": vars(arguments),
        "sizes": sizes,
        "throughput": rows,
    }
    RESULTS.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
