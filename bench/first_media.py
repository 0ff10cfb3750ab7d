"""How soon a video plays: `python -m bench.first_media`.

A warm server, 512 x 512 at 25 fps, a gallery face, a text never heard before: seconds from the
request's first byte to the first whole media segment that decodes, as a stream and by HLS. What
lies between is told by the job's own events. Raw figures go to bench/results/first_media.json.
"""

import argparse
import io
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import av
import httpx

from bench.material import SENTENCES, avatar_id
from media.fragments import boxes
from serve.commands.private import private_server

RESULTS: Final = Path(__file__).parent / "results" / "first_media.json"
WARMING: Final = 3

Way = Callable[[httpx.Client, dict[str, Any]], tuple[float, str]]


def text(n: int) -> str:
    """Two sentences that no other `n` below a hundred thousand has."""
    first, second = SENTENCES[n % len(SENTENCES)], SENTENCES[(n * 5 + 3) % len(SENTENCES)]
    return f"{first} {second} This was number {n}."


def by_stream(http: httpx.Client, body: dict[str, Any]) -> tuple[float, str]:
    """Seconds to the first segment of an answer that is the video; and the video's address."""
    began = time.perf_counter()
    with http.stream("POST", "/v1/videos?stream=true", json=body) as answer:
        answer.raise_for_status()
        data, parts = b"", answer.iter_raw()
        for part in parts:
            data += part
            if _whole(data):
                break
        seconds = time.perf_counter() - began
        _require_pictures(data)
        for _ in parts:  # a client that stays to the end
            pass
        return seconds, str(answer.headers["location"])


def by_hls(http: httpx.Client, body: dict[str, Any]) -> tuple[float, str]:
    """Seconds to the first segment of a playlist, as a player loads it; and the address."""
    began = time.perf_counter()
    job = http.post("/v1/videos", json=body).raise_for_status().json()
    here = job["urls"]["hls"]
    listed = http.get(here).raise_for_status().text.splitlines()
    first = next(line for line in listed if not line.startswith("#"))
    (init,) = (line.split('"')[1] for line in listed if line.startswith("#EXT-X-MAP"))
    folder = here.rpartition("/")[0]
    data = b"".join(
        http.get(f"{folder}/{name}").raise_for_status().content for name in (init, first)
    )
    seconds = time.perf_counter() - began
    _require_pictures(data)
    return seconds, str(job["urls"]["self"])


def _whole(data: bytes) -> bool:
    try:
        return any(name == "mdat" for name, _, _ in boxes(data))
    except ValueError:  # a box is not all there yet
        return False


def _require_pictures(data: bytes) -> None:
    with av.open(io.BytesIO(data)) as file:
        if not list(file.decode(video=0)):
            raise SystemExit("the first segment shows nothing")


def _milestones(http: httpx.Client, address: str, began: float) -> dict[str, float]:
    """Seconds from the request to what the job's record tells, by this machine's one clock."""
    told: dict[str, float] = {}
    event = ""
    with http.stream("GET", f"{address}/events") as answer:
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "data":
                data = json.loads(value)
                what = str(data.get("status") or data.get("stage") or event)
                told.setdefault(what, data["at"] - began)
    return told


def measure(http: httpx.Client, way: Way, first: int, requests: int) -> list[dict[str, float]]:
    """One row a request, one after the other."""
    rows = []
    for n in range(first, first + requests):
        body = {"avatar": avatar_id(), "text": text(n), "size": "512x512"}
        began = time.time()
        seconds, address = way(http, body)
        rows.append({"first media": seconds, **_milestones(http, address, began)})
    return rows


def summary(rows: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each column, in seconds."""
    found = {}
    for name in rows[0]:
        column = sorted(row[name] for row in rows if name in row)
        at = statistics.quantiles(column, n=20, method="inclusive")
        found[name] = {"p50": round(statistics.median(column), 3), "p95": round(at[18], 3)}
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=30, help="measured requests a way")
    arguments = parser.parse_args()
    results: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "arguments": vars(arguments),
    }
    ways: dict[str, Way] = {"stream": by_stream, "hls": by_hls}
    with (
        private_server() as url,
        httpx.Client(base_url=url, timeout=120, trust_env=False) as http,
    ):
        for n, (name, way) in enumerate(ways.items()):
            measure(http, way, 1000 * n + 500, WARMING)
            rows = measure(http, way, 1000 * n, arguments.requests)
            results[name] = {"summary": summary(rows), "rows": rows}
            print(f"\n## {name}: seconds from the request\n\n| | p50 | p95 |\n|---|---|---|")
            for what, at in results[name]["summary"].items():
                print(f"| {what} | {at['p50']:.3f} | {at['p95']:.3f} |")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
