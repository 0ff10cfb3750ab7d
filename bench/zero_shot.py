"""What engines that speak from a sample cost: `python -m bench.zero_shot pocket [--device cuda]`.

xtts, yourtts (in the environment of `make test-coqui`) or pocket, as large as published, with
random weights: a second of speech costs the same whatever they say, but when a sentence ends is not
known of them, so that the time to the first sound is not measured. Tells the seconds until a voice
is adopted, wall clock and CPU for each second of speech, and the most that the GPU held; adds them
to bench/results/zero_shot.json.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from deployments.speech.engine import Voice
from deployments.speech.zero_shot import ZeroShot
from media.voice_sample import VoiceSample, pack

RESULTS: Final = Path(__file__).with_name("results") / "zero_shot.json"
ENGINES: Final = {
    "xtts": ("deployments.speech.coqui.xtts:XTTS", "bench.random_xtts:save_xtts"),
    "yourtts": ("deployments.speech.coqui.yourtts:YourTTS", "bench.random_yourtts:save_yourtts"),
    "pocket": ("deployments.speech.pocket:PocketTTS", "bench.random_pocket:save_pocket"),
}
TEXT: Final = "The birch canoe slid on the smooth planks."
SAMPLE_SECONDS: Final = 20


def named(path: str) -> Any:
    """What MODULE:NAME stands for."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def measured(engine: ZeroShot) -> dict[str, float | None]:
    """Adopt a voice and let it speak."""
    rate = engine.takes.rate
    noise = np.random.default_rng(0).normal(0, 0.1, SAMPLE_SECONDS * rate).astype(np.float32)
    voice = Voice("voice_1", "", ("en",), "", "", 0.0, engine.takes.engine)
    data = pack(VoiceSample(noise, rate, "en"))
    engine.with_voice(voice, data)
    begin = time.perf_counter()
    adopted = engine.with_voice(voice, data)
    adopting = time.perf_counter() - begin
    list(adopted.speak("One.", "voice_1"))
    begin, cpu = time.perf_counter(), time.process_time()
    seconds = sum(piece.seconds for piece in adopted.speak(TEXT, "voice_1"))
    return {
        "adopting_s": round(adopting, 3),
        "wall_per_second": round((time.perf_counter() - begin) / seconds, 3),
        "cpu_per_second": round((time.process_time() - cpu) / seconds, 3),
        "gpu_peak_mb": engine.peak_mb(),
    }


def main() -> None:
    """Measure one engine on one device, print it, keep it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    path, save = ENGINES[asked.engine]
    with tempfile.TemporaryDirectory() as folder:
        saving: Callable[..., Path] = named(save)
        model = str(saving(Path(folder), real=True))
        engine = named(path).load({}, threads=asked.threads, folder=model, device=asked.device)
        row = measured(engine)
    on = asked.device if asked.device == "cuda" else f"cpu, {asked.threads} threads"
    print(f"{asked.engine}, {on}: {row}")
    kept = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    RESULTS.write_text(json.dumps(kept | {f"{asked.engine}, {on}": row}, indent=1) + "\n")


if __name__ == "__main__":
    main()
