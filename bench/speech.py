"""How soon speech is heard: `python -m bench.speech`.

A warm server, texts never heard before, one request after the other: seconds from the request's
first byte to the answer's first byte of sound, and to its last. Raw figures go to
bench/results/speech.json.
"""

import argparse
import json
import os
import platform
import time
from pathlib import Path
from typing import Any, Final

import httpx

from bench.first_media import summary, text
from media.sound_encoding import FORMATS
from serve.commands.private import private_server

RESULTS: Final = Path(__file__).parent / "results" / "speech.json"
WARMING: Final = 3


def speak(http: httpx.Client, words: str, name: str, voice: str) -> dict[str, float]:
    """Seconds to the first byte of sound and to the last."""
    body = {"model": "tts-1", "input": words, "voice": voice, "response_format": name}
    began, first = time.perf_counter(), 0.0
    with http.stream("POST", "/v1/audio/speech", json=body) as answer:
        answer.raise_for_status()
        for _ in answer.iter_raw():
            first = first or time.perf_counter() - began
    return {"first sound": first, "all of it": time.perf_counter() - began}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=30, help="measured requests a format")
    parser.add_argument("--voice", default="heart")
    parser.add_argument("--formats", nargs="+", default=["mp3", "pcm"], choices=FORMATS)
    arguments = parser.parse_args()
    results: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "arguments": vars(arguments),
    }
    print("| format | | p50 s | p95 s |\n|---|---|---|---|")
    with (
        private_server() as url,
        httpx.Client(base_url=url, timeout=120, trust_env=False) as http,
    ):
        for n, name in enumerate(arguments.formats):
            first = 1000 * n
            rows = [
                speak(http, text(first + i), name, arguments.voice)
                for i in range(WARMING + arguments.requests)
            ][WARMING:]
            results[name] = {"summary": summary(rows), "rows": rows}
            results[name]["load"] = round(os.getloadavg()[0], 2)
            for what, at in results[name]["summary"].items():
                print(f"| {name} | {what} | {at['p50']:.3f} | {at['p95']:.3f} |", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
