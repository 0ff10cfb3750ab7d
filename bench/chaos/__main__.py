"""Chaos as a command: `python -m bench.chaos --faults 200 --seed 1 --minutes 4 --append`.

Random faults at random moments over a steady stream of jobs; then every job is judged. With
`--append` a stretch is added to those in bench/results/chaos.json, so that many short ones make a
long one. Writes docs/chaos.md too. Exit status 1 where a job was lost.
"""

import argparse
import asyncio
import json
import signal
import sys
import time

from bench.chaos.report import account, added_up, found_before, keep
from bench.chaos.run import run
from bench.chaos.world import world


def main() -> None:
    """Strike, judge, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200, help="faults in this stretch at most")
    parser.add_argument(
        "--minutes", type=float, default=30.0, help="until the faults stop, the start included"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--append", action="store_true", help="add to the stretches before")
    arguments = parser.parse_args()
    began = time.monotonic()
    # However it is ended, nothing of the service stays.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:6.1f} {words}", flush=True)

    with world() as struck:
        say("the service is up")
        seen = asyncio.run(
            run(struck, arguments.seed, arguments.faults, began + 60 * arguments.minutes, say)
        )
    stretch = account(*seen)
    for lost in (*stretch["lost"], *stretch["never"], *stretch["doubled"]):
        say(f"LOST {lost}")
    results = found_before()
    before = results.get("stretches", []) if arguments.append else []
    results["stretches"] = [*before, stretch]
    keep(results)
    say(json.dumps(added_up([stretch])))
    sys.exit(bool(stretch["lost"] or stretch["never"] or stretch["doubled"]))


if __name__ == "__main__":
    main()
