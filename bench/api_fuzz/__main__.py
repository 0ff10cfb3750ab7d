"""The API under generated requests: `python -m bench.api_fuzz --requests 100000`.

About half an hour of two cores. Schemathesis asks the application in its own process: its routes,
its gate, its records, artifacts and decoders are the service's own, its stages are scripted. Rounds
of their own seeds and data folders run in processes side by side, by turns for everybody and behind
keys, until so many requests are answered; `--postgresql` keeps the records of every second pair of
rounds there. Requests are valid and invalid ones, alone and following from each other's answers. It
ends with status 1 where anything was found. Figures go to bench/results/api_fuzz.json.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.api_fuzz.rounds import Rounds, side_by_side
from bench.api_fuzz.run import Found

RESULTS: Final = Path(__file__).parents[1] / "results" / "api_fuzz.json"


def report(found: Found, rounds: int, seed: int, seconds: float) -> dict[str, Any]:
    """What is kept of a run."""
    statuses: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, status), count in sorted(found.answers.items()):
        statuses[name][status] = count
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "schemathesis": version("schemathesis"),
        "requests": found.requests,
        "rounds": rounds,
        "first seed": seed,
        "minutes": round(seconds / 60, 1),
        "generated": dict(sorted(found.modes.items())),
        "operations": len(found.operations),
        "operations that were not asked": sorted(found.unasked),
        "server errors": sum(n for (_, status), n in found.answers.items() if status[0] in "5b"),
        "failures": found.failures,
        "errors": found.errors,
        "checks made": dict(sorted(found.checks.items())),
        "answers by operation and status": statuses,
        "slowest answer of an operation, seconds": {
            name: round(seconds, 2) for name, seconds in sorted(found.slowest.items())
        },
    }


def main() -> None:
    """Ask, tell, and keep what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--examples", type=int, default=60, help="cases an operation and phase")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="side by side")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    found, began = Found(), time.monotonic()
    rounds = side_by_side(
        Rounds(arguments.seed, arguments.examples, arguments.postgresql),
        arguments.requests,
        arguments.processes,
    )
    for n, one in enumerate(rounds, 1):
        found.merge(one)
        seconds = time.monotonic() - began
        told = report(found, n, arguments.seed, seconds)
        arguments.out.write_text(json.dumps(told, indent=1) + "\n")
        print(f"{seconds:.0f} s: {found.requests} requests, {len(found.failures)} failures")
    for kind, how in {**found.failures, **found.errors}.items():
        print(f"\n{kind}\n{how}")
    sys.exit(bool(found.failures or found.errors or found.unasked))


if __name__ == "__main__":
    main()
