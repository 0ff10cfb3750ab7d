"""What a long video costs the first seconds of others: `python -m bench.fairness`.

On a warm server: seconds to the first media of short videos, one after the other, on an idle server
and then while a video of half an hour is made. Raw figures go to bench/results/fairness.json.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any, Final

import httpx

from bench.first_media import by_stream, text
from bench.material import avatar_id, text_of
from serve.commands.private import private_server

RESULTS: Final = Path(__file__).parent / "results" / "fairness.json"
WARMING: Final = 3
SETTLED: Final = 8
"""Published segments after which the long video's speech is made and its segments are long."""


def first_media(http: httpx.Client, first: int, requests: int) -> list[float]:
    """Seconds to the first media of each."""
    seconds = []
    for n in range(first, first + requests):
        body = {"avatar": avatar_id(), "text": text(n), "size": "512x512"}
        taken, _ = by_stream(http, body)
        seconds.append(round(taken, 3))
    return seconds


def long_video(http: httpx.Client, minutes: float) -> str:
    """Ask for a long video and wait until it is well under way. Its address."""
    body = {"avatar": avatar_id(), "text": text_of(60 * minutes), "size": "512x512"}
    here = str(http.post("/v1/videos", json=body).raise_for_status().json()["urls"]["self"])
    while published(http, here) < SETTLED:
        time.sleep(0.2)
    return here


def published(http: httpx.Client, address: str) -> int:
    """Segments of a video that can be played."""
    return int(http.get(address).raise_for_status().json()["segments"]["published"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20, help="measured requests a turn")
    parser.add_argument("--minutes", type=float, default=30, help="length of the long video")
    arguments = parser.parse_args()
    with (
        private_server() as url,
        httpx.Client(base_url=url, timeout=120, trust_env=False) as http,
    ):
        first_media(http, 500, WARMING)
        alone = first_media(http, 1000, arguments.requests)
        address = long_video(http, arguments.minutes)
        before = published(http, address)
        beside = first_media(http, 2000, arguments.requests)
        gained = published(http, address) - before
        http.delete(address).raise_for_status()
    ratio = statistics.median(beside) / statistics.median(alone)
    results: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "arguments": vars(arguments),
        "alone": alone,
        "beside a long video": beside,
        "segments of the long video made meanwhile": gained,
        "ratio of medians": round(ratio, 2),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    for name, seconds in (("alone", alone), ("beside a long video", beside)):
        print(f"{name}: p50 {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s")
    print(f"ratio {ratio:.2f}; meanwhile the long video gained {gained} segments")


if __name__ == "__main__":
    main()
