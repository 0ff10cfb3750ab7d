"""What a video costs, stage by stage: `python -m bench.sizing`; figures for `avatar-serve size`.

A server of its own with the embedded engines, PostgreSQL beside it. Videos are made one after the
other, short and long ones of each size, then some with painted and with uploaded faces; each is
followed by its events and fetched once. The processor time of each stage's process, what PostgreSQL
counts and what lies in the store are read before and after; what the service takes at rest is taken
off. Then two videos are made on a store that speaks S3, whose requests are counted. Kokoro's figure
is that of bench/results/voices_speed.json. Raw means go to bench/results/sizing.json, what each
video and each second of it takes to serve/sizing/figures.json.
"""

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml

from bench.material import avatar_picture
from bench.sizing.counting import POSTGRESQL, PROXIES, RAY
from bench.sizing.fitting import Measured, Sized
from bench.sizing.running import on_postgresql, store_requests
from bench.sizing.videos import Service, Wish, idle, make, measure
from serve.commands.private import LOCAL_CONFIG
from serve.sizing.figures import FIGURES, Figures

BENCH: Final = Path(__file__).parents[1]
RESULTS: Final = BENCH / "results" / "sizing.json"
VOICES: Final = BENCH / "results" / "voices_speed.json"
SIZES: Final = ("256x256", "512x512", "1024x1024")
FACES: Final = "512x512"
"""Of videos with painted and uploaded faces, and of those on S3."""
RECORDS: Final = ("write", "inserted", "updated", "deleted", "log_bytes")
"""Of what PostgreSQL counts. All transactions are more, but those that read are looks whose number
follows replicas and time, not videos."""


def measure_all(
    service: Service, sizes: Sequence[str], lengths: Sequence[float], short: int, long: int
) -> tuple[Measured, dict[str, int], dict[str, float]]:
    """All videos of the service, the memory of its stages, and what it takes at rest."""
    faces: dict[str, dict[str, Any]] = {
        "painted": {"prompt": True},
        "uploaded": {"picture": avatar_picture()},
    }
    low, high = lengths
    for n, size in enumerate(sizes):
        make(service.http, Wish(size, low, 1, 900 + n).request(0))
    for n, face in enumerate(faces.values()):
        make(service.http, Wish(FACES, low, 1, 950 + n, **face).request(0))
    resting = idle(service, 15.0)
    found = []
    for size in sizes:
        width, height = map(int, size.split("x"))
        both = (
            measure(service, Wish(size, low, short, 100), resting),
            measure(service, Wish(size, high, long, 200), resting),
        )
        found.append(Sized(width * height, *both))
        print(f"{size}: {json.dumps(both[1].took)}", flush=True)
    painted, uploaded = (
        measure(service, Wish(FACES, low, short, 300 + 50 * n, **face), resting)
        for n, face in enumerate(faces.values())
    )
    measured = Measured(found, found[sizes.index(FACES)], painted, uploaded)
    return measured, service.processors.memory(), resting


def figures(measured: Measured, memory: Mapping[str, int]) -> dict[str, Any]:
    """As `avatar-serve size` reads them, without the store's requests."""
    return {
        "sources": {"graph": _graph(), "voices": _voices()},
        "engines": _engines(measured, memory) | _kokoro(),
        "beside": {
            name: {"source": "graph", "cpu": measured.cost(f"cpu {name}")}
            for name in (PROXIES, RAY, POSTGRESQL)
        },
        "alone": {"embedded": measured.cost("alone")},
        "segments": measured.cost("segments"),
        "stored": measured.cost("stored"),
        "fetched": measured.cost("fetched"),
        "records": {name: measured.cost(f"records {name}") for name in RECORDS},
    }


def _engines(measured: Measured, memory: Mapping[str, int]) -> dict[str, Any]:
    """By engine of the config that was measured; stages without one by their name."""
    (application,) = yaml.safe_load(LOCAL_CONFIG.read_text())["applications"]
    users = {one["name"]: one.get("user_config") or {} for one in application["deployments"]}
    return {
        users[stage].get("engine", stage): {
            "source": "graph",
            "cpu": measured.cost(f"cpu {stage}"),
            "memory_mb": round(size / 1e6),
        }
        for stage, size in memory.items()
    }


def _kokoro() -> dict[str, Any]:
    found = json.loads(VOICES.read_text())["kokoro, 2 threads"]["cpu_per_second"]["median"]
    point = {"pixels": 1, "video": 0.0, "second": found}
    engine = {"source": "voices", "cpu": {"at": [point]}}
    return {"deployments.speech.kokoro:Kokoro": engine}


def _graph() -> dict[str, str]:
    return {
        "machine": _machine(),
        "command": "python -m bench.sizing",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "note": "The whole graph on PostgreSQL, warm, one video at a time, life on, 25 fps.",
    }


def _voices() -> dict[str, str]:
    command = ["git", "log", "-1", "--format=%cs", "--", str(VOICES)]
    date = subprocess.run(command, check=True, capture_output=True, text=True, cwd=BENCH).stdout
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "command": "python -m bench.voices_speed",
        "date": date.strip(),
        "note": "The engine by itself, two threads.",
    }


def _machine() -> str:
    told = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    model = f", {told[1]}" if told else ""
    return f"{os.cpu_count()} cores, {platform.machine()}{model}"


def main() -> None:
    """Measure, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=SIZES, help=f"{FACES} among them")
    parser.add_argument("--short", type=int, default=6, help="short videos of each kind")
    parser.add_argument("--long", type=int, default=2, help="long videos of each size")
    parser.add_argument(
        "--lengths", nargs=2, type=float, default=(6.0, 40.0), help="of both, about, in seconds"
    )
    arguments = parser.parse_args()
    # However it is ended, nothing of the services stays.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with on_postgresql() as service:
        measured, memory, resting = measure_all(
            service, arguments.sizes, arguments.lengths, arguments.short, arguments.long
        )
    raw = {
        "machine": _machine(),
        "python": platform.python_version(),
        "arguments": vars(arguments),
        "at rest, a second": resting,
        "means": asdict(measured),
        "memory": memory,
    }
    RESULTS.write_text(json.dumps(raw, indent=1) + "\n")
    # The store's requests are the run's before, should this one not get so far.
    made = _before() | figures(measured, memory)
    _keep(made)
    _keep(made | store_requests(FACES, arguments.lengths))


def _before() -> dict[str, Any]:
    found = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    return {name: found[name] for name in ("requests", "fetches") if name in found}


def _keep(made: Mapping[str, Any]) -> None:
    Figures.model_validate(made)
    FIGURES.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
