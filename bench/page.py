"""How soon the pages are seen, and what they weigh: `python -m bench.page`.

The page at / and the one that a shared link leads to, on a warm server, in a Chromium whose cache
is empty each time: as this machine serves them, and by a phone's connection as Lighthouse throttles
it. Told are the first contentful paint (W3C Paint Timing) and, of the pages' own files without
pictures and videos, how many there are, their bytes on the way and once unpacked. Raw figures go to
bench/results/page.json.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, sync_playwright

from bench.material import avatar_id
from serve.commands.private import private_server

RESULTS: Final = Path(__file__).parent / "results" / "page.json"
BUDGET_MS: Final = 1000

NETWORKS: Final[Mapping[str, Mapping[str, float | bool] | None]] = {
    "this machine": None,
    "a phone's": {  # Lighthouse's mobile profile: 150 ms, 1.6 Mbit/s down, 0.75 up
        "offline": False,
        "latency": 150,
        "downloadThroughput": 1_638_400 / 8,
        "uploadThroughput": 768_000 / 8,
    },
}

_SEEN: Final = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const own = [
    ...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource").filter((file) => file.name.includes("/web/")),
  ];
  const sum = (size) => own.reduce((total, file) => total + file[size], 0);
  return {
    paint_ms: paint?.startTime,
    files: own.length,
    sent_bytes: sum("transferSize"),
    bytes: sum("decodedBodySize"),
  };
}"""


def seen(browser: Browser, url: str, network: Mapping[str, float | bool] | None) -> dict[str, Any]:
    """What one visit measured, with nothing in the browser's cache."""
    context = browser.new_context()
    page = context.new_page()
    if network is not None:
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", dict(network))
    page.goto(url, wait_until="networkidle")
    found: dict[str, Any] = page.evaluate(_SEEN)
    context.close()
    return found


def shared_page(url: str) -> str:
    """The address of a page on which a video is watched that was just made."""
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as http:
        body = {"avatar": avatar_id(), "text": "Hello.", "size": "256x256"}
        job = http.post("/v1/videos", json=body).raise_for_status().json()
        while job["status"] in ("queued", "in_progress"):
            time.sleep(0.1)
            job = http.get(job["urls"]["self"]).raise_for_status().json()
        link = http.post(f"{job['urls']['self']}/share").raise_for_status().json()
    return str(link["page_url"])


def summary(visits: list[dict[str, Any]]) -> dict[str, float]:
    """Median and 95th percentile of the paint; files and bytes, which are the same each time."""
    paints = [visit["paint_ms"] for visit in visits]
    at = statistics.quantiles(paints, n=20, method="inclusive")
    return {**visits[-1], "paint_ms": round(statistics.median(paints)), "p95_ms": round(at[18])}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=20, help="of each page by each network")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed")
    results: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "arguments": vars(arguments),
        "budget_ms": BUDGET_MS,
    }
    print("| page | network | first paint p50, ms | p95 | files | bytes sent | unpacked |")
    print("|---|---|---|---|---|---|---|")
    with private_server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, address in {"/": url, "/watch": shared_page(url)}.items():
            seen(browser, address, None)  # warms the server's files
            for network, conditions in NETWORKS.items():
                visits = [seen(browser, address, conditions) for _ in range(arguments.visits)]
                told = results.setdefault(name, {})[network] = summary(visits)
                print(
                    f"| {name} | {network} | {told['paint_ms']} | {told['p95_ms']} "
                    f"| {told['files']} | {told['sent_bytes']} | {told['bytes']} |"
                )
        browser.close()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
