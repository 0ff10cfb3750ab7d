"""How fast the embedded voices speak: `python -m bench.voices_speed`.

hibari and Kokoro in one run, with one thread and with two, warm. For each: seconds from the call to
the first piece of speech (its clause is what a stream begins with), and seconds of wall clock and
of CPU for each second of speech, over a text of some 25 s. Medians and ranges of ROUNDS go to
bench/results/voices_speed.json.
"""

import json
import statistics
import time
from pathlib import Path
from typing import Any, Final

from bench.material import text_of
from deployments.loading import EngineConfig, load_engine
from deployments.speech.engine import SpeechEngine
from serve.settings import Settings

RESULTS: Final = Path(__file__).with_name("results") / "voices_speed.json"
ROUNDS: Final = 3
FIRST_TIMES: Final = 8
TEXT: Final = text_of(25)
OPENING: Final = "Hello, my name is Anna, and I would love to show you how all of this works."
VOICES: Final = {
    "hibari": ("deployments.speech.hibari:Hibari", "heart", {}),
    "kokoro": ("deployments.speech.kokoro:Kokoro", "af_heart", {"languages": "en-US"}),
}


def first_sound(engine: SpeechEngine, voice: str) -> float:
    """Seconds until the first piece is there."""
    begin = time.perf_counter()
    next(engine.speak(OPENING, voice))
    return time.perf_counter() - begin


def cost(engine: SpeechEngine, voice: str) -> tuple[float, float]:
    """Wall clock and CPU seconds for each second of speech."""
    begin, cpu = time.perf_counter(), time.process_time()
    seconds = sum(piece.seconds for piece in engine.speak(TEXT, voice))
    return (time.perf_counter() - begin) / seconds, (time.process_time() - cpu) / seconds


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {
        "median": round(statistics.median(values), 4),
        "least": round(min(values), 4),
        "most": round(max(values), 4),
    }


def main() -> None:
    """Measure, print a table, keep the results."""
    results: dict[str, Any] = {}
    print("| voice | threads | first sound, s | wall clock a second | CPU s a second |")
    print("|---|---|---|---|---|")
    for threads in (1, 2):
        for name, (path, voice, options) in VOICES.items():
            config = EngineConfig(engine=path, threads=threads, options=options)
            engine = load_engine(config, Settings())
            engine.warm_up()
            firsts = [first_sound(engine, voice) for _ in range(FIRST_TIMES)]
            walls, cpus = zip(*(cost(engine, voice) for _ in range(ROUNDS)), strict=True)
            row = {
                "first_sound_s": spread(firsts),
                "wall_per_second": spread(list(walls)),
                "cpu_per_second": spread(list(cpus)),
            }
            results[f"{name}, {threads} thread{'s' if threads > 1 else ''}"] = row
            shown = " | ".join(f"{value['median']:.3f}" for value in row.values())
            print(f"| {name} | {threads} | {shown} |", flush=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
