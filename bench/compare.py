"""Two revisions against each other: `python -m bench.compare BASE [HEAD]`.

In each round both make the same videos, in turns of who begins: by their engines in a row, each in
a process of its own (`bench.row` of its revision), then by their graphs, two warm servers side by
side that are asked over HTTP by the same client. 512 x 512, 25 fps. Prints ratios of HEAD to BASE
by round, their median and ends: a machine that is slow for a while is so for both. Of figures that
do not differ, one of 64 says the same in all of seven rounds by chance; the same revision twice
shows what the machine's own unrest is. Timings decide nothing here; whoever changes something for
speed puts the table beside the change.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from bench import first_media
from bench.pipeline import graph
from bench.ratios import Figures, ratios, table
from bench.revisions import environment_of, served, tree_of

Measure = Callable[[int], Figures]
"""What one revision is asked in a round of that number."""


def figures(row: Mapping[str, Any]) -> dict[str, float]:
    """What a row of `bench.row` or `bench.pipeline` says, by second of video or by frame."""
    found = {
        "CPU s a second of video": row["cpu"] / row["seconds"],
        "wall s a second of video": row["wall"] / row["seconds"],
        "peak memory, MB": row["peak_bytes"] / 1e6,
    }
    return found | {f"{k}, ms a frame": v / row["frames"] for k, v in row["timings"].items()}


def in_a_row(tree: Path, videos: int, seconds: float, life: str) -> Measure:
    """Its engines in a process of their own, which warms itself each time."""

    def measure(_: int) -> Figures:
        with tempfile.TemporaryDirectory() as folder:
            words = ["-m", "bench.row", str(videos), str(seconds), life, folder]
            done = subprocess.run(
                [sys.executable, *words],
                cwd=tree,
                env=environment_of(tree, OMP_NUM_THREADS="1"),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        return figures(json.loads(done.stdout.splitlines()[-1]))

    return measure


def by_graph(url: str, root: int, videos: int, seconds: float, life: str) -> Measure:
    """Its warm server: two clients at once, then the first media of streams, one by one."""

    def measure(n: int) -> Figures:
        found = figures(graph(url, root, 2, videos, seconds, life))
        with httpx.Client(base_url=url, timeout=120, trust_env=False) as http:
            rows = first_media.measure(http, first_media.by_stream, 100 * n, 3)
        return {**found, "first media, s": first_media.summary(rows)["first media"]["p50"]}

    return measure


def compared(title: str, base: Measure, head: Measure, rounds: int) -> dict[str, Any]:
    """Ask both, round by round, and print what their ratios are; every figure is returned."""
    asked: dict[str, list[Figures]] = {"base": [], "head": []}
    sides = {"base": base, "head": head}
    for n in range(rounds):
        for name in sorted(sides, reverse=bool(n % 2)):
            asked[name].append(sides[name](n))
    print(
        f"\n{title}, {rounds} rounds\n\n{table(ratios(asked['base'], asked['head']))}", flush=True
    )
    return dict(asked)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("head", nargs="?", default="HEAD")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--videos", type=int, default=2, help="a client and round")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a video")
    parser.add_argument("--life", choices=("on", "off"), default="off")
    parser.add_argument("--only", choices=("row", "graph"))
    parser.add_argument("--out", type=Path, help="a file for every figure, as JSON")
    arguments = parser.parse_args()
    each = (arguments.videos, arguments.seconds, arguments.life)
    told: dict[str, Any] = {}
    with ExitStack() as opened:
        trees = [opened.enter_context(tree_of(r)) for r in (arguments.base, arguments.head)]
        if arguments.only != "graph":
            base, head = (in_a_row(tree, *each) for tree in trees)
            told["row"] = compared("Engines in a row", base, head, arguments.rounds)
        if arguments.only != "row":
            servers = [opened.enter_context(served(tree)) for tree in trees]
            base, head = (by_graph(url, root, *each) for url, root in servers)
            for warming in (base, head):
                warming(arguments.rounds)
            told["graph"] = compared("The graph", base, head, arguments.rounds)
    if arguments.out:
        arguments.out.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
