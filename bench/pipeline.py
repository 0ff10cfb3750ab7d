"""What the graph costs against the same engines in a row: `python -m bench.pipeline`.

One run measures, one after the other: engines in a row in one process; the same in two processes
side by side, which keeps two cores busy; the graph over HTTP with as many clients. All make the
same videos of 512 x 512 at 25 fps, warm. What the warm graph uses while nobody asks for anything is
measured before its load. Raw figures go to bench/results/pipeline.json.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from bench.material import avatar_id, text_of
from bench.processes import busy_cores, cpu_seconds, memory_bytes, peak_memory
from serve.commands.private import private_server

RESULTS = Path(__file__).parent / "results" / "pipeline.json"
SETTLE_SECONDS: Final = 2.0
"""After the warming videos, for what they leave to be done behind the answer."""
IDLE_SECONDS: Final = 10.0


def in_a_row(processes: int, videos: int, seconds: float, life: str) -> dict[str, Any]:
    """So many processes side by side, each making `videos`; sums, and the longest wall time."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.row", str(videos), str(seconds), life]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        started = [
            subprocess.Popen(
                [*command, f"{folder}/{n}"], stdout=subprocess.PIPE, text=True, env=environment
            )
            for n in range(processes)
        ]
        outputs = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit("engines in a row failed")
    rows = [json.loads(output.splitlines()[-1]) for output in outputs]
    summed = {key: sum(row[key] for row in rows) for key in ("cpu", "seconds", "frames")}
    return {
        **summed,
        "wall": max(row["wall"] for row in rows),
        "peak_bytes": sum(row["peak_bytes"] for row in rows),
        "face_ms": rows[0]["face_ms"],
        "timings": {k: sum(row["timings"][k] for row in rows) for k in rows[0]["timings"]},
    }


def graph(
    url: str, root: int, clients: int, videos: int, seconds: float, life: str
) -> dict[str, Any]:
    """`timed`, and memory: looked at while each client asks for one more, after the clock.

    Looking at so many processes takes an eighth of two cores.
    """
    row = timed(url, root, clients, videos, seconds, life)
    with peak_memory(root) as peak:
        _asked(url, clients, 1, seconds, life)
    return {**row, "peak_bytes": peak.bytes}


def timed(
    url: str, root: int, clients: int, videos: int, seconds: float, life: str
) -> dict[str, Any]:
    """So many clients at once, each asking for `videos` in turn; `root` is the server's process."""
    wall, cpu = time.perf_counter(), cpu_seconds(root)
    jobs = _asked(url, clients, videos, seconds, life)
    wall, cpu = time.perf_counter() - wall, cpu_seconds(root) - cpu
    return {
        "wall": wall,
        "cpu": cpu,
        "seconds": sum(job["seconds"] for job in jobs),
        "frames": sum(job["frames"] for job in jobs),
        "timings": {k: sum(job["timings"][k] for job in jobs) for k in jobs[0]["timings"]},
    }


def _asked(url: str, clients: int, videos: int, seconds: float, life: str) -> list[dict[str, Any]]:
    """The jobs of so many clients at once, each of which asks for `videos` one after the other."""

    def client(_: int) -> list[dict[str, Any]]:
        return [_video(url, text_of(seconds, 1 + n), life, n) for n in range(videos)]

    with ThreadPoolExecutor(clients) as threads:
        return [job for made in threads.map(client, range(clients)) for job in made]


def _video(url: str, text: str, life: str, seed: int) -> dict[str, Any]:
    body = {
        "avatar": avatar_id(),
        "text": text,
        "size": "512x512",
        "life": life == "on",
        "seed": seed,
    }
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as http:
        job = http.post("/v1/videos", json=body).raise_for_status().json()
        with http.stream("GET", job["urls"]["events"], timeout=None) as answer:
            for _ in answer.iter_lines():
                pass
        job = http.get(job["urls"]["self"]).json()
    if job["status"] != "completed":
        raise SystemExit(f"{job['status']}: {job['error']}")
    return dict(job)


@contextmanager
def server(data_dir: Path | None = None) -> Iterator[tuple[str, int]]:
    """A private server, its URL and the launcher's process; its data in a folder that is given."""
    with private_server(data_dir=data_dir) as url:
        pids = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
        own = [p for p in pids if _is_launcher(p)]
        yield url, own[0]


def _is_launcher(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return False
    return b"deployments.launch" in words and parent == os.getpid()


def idleness(root: int) -> dict[str, float]:
    """What all processes of the warm server use while nobody asks for anything."""
    time.sleep(SETTLE_SECONDS)
    return {"idle_bytes": memory_bytes(root), "idle_cores": busy_cores(root, IDLE_SECONDS)}


def measure(videos: int, seconds: float, life: str) -> dict[str, Any]:
    """All ways with life on or off."""
    found = {
        "one process": in_a_row(1, videos, seconds, life),
        "two processes": in_a_row(2, videos, seconds, life),
    }
    with server() as (url, root):
        graph(url, root, 2, 1, seconds, life)
        idle = idleness(root)
        found["graph, one client"] = graph(url, root, 1, videos, seconds, life)
        found["graph, two clients"] = graph(url, root, 2, videos, seconds, life)
        found["graph, one client"] |= idle
    return found


def show(title: str, found: dict[str, Any]) -> None:
    """Print a table and the ratios that are aimed at."""
    print(f"\n## {title}\n")
    print("| | video s | wall s | x real time | CPU s per video s | peak MB |")
    print("|---|---|---|---|---|---|")
    for name, row in found.items():
        print(
            f"| {name} | {row['seconds']:.1f} | {row['wall']:.2f} "
            f"| {row['seconds'] / row['wall']:.1f} "
            f"| {row['cpu'] / row['seconds']:.3f} | {row['peak_bytes'] / 1e6:.0f} |"
        )
    rows, graphs = found["two processes"], found["graph, two clients"]
    cost = (graphs["cpu"] / graphs["seconds"]) / (rows["cpu"] / rows["seconds"])
    pace = (graphs["wall"] / graphs["seconds"]) / (rows["wall"] / rows["seconds"])
    print(f"\ngraph against two processes: CPU x {cost:.2f}, wall x {pace:.2f}")
    idle = found["graph, one client"]
    print(f"idle cores: {idle['idle_cores']:.2f}, idle MB: {idle['idle_bytes'] / 1e6:.0f}")
    one = found["one process"]
    print("\n| stage | ms per frame in a row | ms per frame in the graph |")
    print("|---|---|---|")
    for stage, spent in one["timings"].items():
        other = graphs["timings"].get(stage, 0.0) / graphs["frames"]
        print(f"| {stage} | {spent / one['frames']:.2f} | {other:.2f} |")
    print(f"| face, once a picture | {one['face_ms']:.0f} ms | |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=3, help="measured videos a client")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a video")
    arguments = parser.parse_args()
    results: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "arguments": vars(arguments),
    }
    for life in ("off", "on"):
        results[f"life {life}"] = measure(arguments.videos, arguments.seconds, life)
        show(f"512 x 512, 25 fps, life {life}", results[f"life {life}"])
    with server() as (url, root):
        _video(url, text_of(10), "off", 0)
        for length in (10.0, 60.0, 180.0):
            row = graph(url, root, 1, 1, length, "off")
            results[f"memory at {length:.0f} s"] = row["peak_bytes"]
            print(
                f"peak memory of all processes, one video of {row['seconds']:.0f} s: "
                f"{row['peak_bytes'] / 1e6:.0f} MB"
            )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
