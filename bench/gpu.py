"""What the engines of a GPU do on the one that is here: `python -m bench.gpu`.

For each: frames or images a second, seconds until the first, the peak of its memory, and its share
of what the card can do (FLOPs and bytes counted, the card's rates measured in the same run),
against the plain PyTorch loop of the same network in the same run. Weights are random: the cost is
that of real ones. What is compared with the aims is printed last. Figures go to
bench/results/gpu.json; exit status 2 where torch sees no GPU.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

import gallery
from bench import diffusion, wav2lip
from bench.roofline import Work, measure_limits, seconds
from deployments.devices.card import process_memory_mb
from deployments.devices.torch_device import free_memory, open_device
from deployments.face.insightface import PARTS, InsightFace
from deployments.loading import weight_files
from media.errors import AvatarError
from serve.settings import Settings
from serve.weights.store import open_store

RESULTS: Final = Path(__file__).parent / "results" / "gpu.json"
LIPS_AIM: Final = 10_000.0
"""Frames a second of Wav2Lip on an H200."""
PORTRAIT_AIM: Final = 0.25
"""Seconds of a few-step portrait of 512 pixels on an H200."""


def lips(rounds: int) -> dict[str, Any]:
    """Wav2Lip's network and engine."""
    return wav2lip.measure("cuda", threads=torch.get_num_threads(), rounds=rounds)


def portraits(rounds: int) -> dict[str, Any]:
    """A network of SD-Turbo's size, as it is and compiled, with its share of the roofline."""
    on = open_device("cuda")
    limits = measure_limits(on.device, on.dtype)
    found = {}
    for name, compiled in (("as it is", False), ("compiled", True)):
        figures = diffusion.measure(real=True, repeats=2 * rounds, compiled=compiled)
        least = limits.seconds(Work(figures["flops_per_image"], figures["bytes_per_image"]))
        found[name] = figures | {"share": least / figures["seconds_per_image"]}
        free_memory()
    return found


def faces(rounds: int) -> dict[str, Any]:
    """InsightFace on the card and on the processor, the same pictures by turns."""
    files = weight_files((PARTS, "mediapipe-face-landmarker"), open_store(Settings()))
    pictures = [gallery.picture(avatar.id) for avatar in gallery.avatars()]
    found: dict[str, Any] = {}
    engines = {}
    for device in ("cuda", "cpu"):
        began = time.perf_counter()
        engine = InsightFace.load(files, threads=2, device=device, memory_mb=1500)
        engine.find(pictures[0])
        found[device] = {"first_seconds": time.perf_counter() - began}
        engines[device] = engine
    for _ in range(rounds):
        for device, engine in engines.items():
            taken = seconds(lambda e=engine: [e.find(p) for p in pictures], torch.device("cpu"))
            best = max(found[device].get("images_a_second", 0.0), len(pictures) / taken)
            found[device]["images_a_second"] = best
    found["times_processor"] = found["cuda"]["images_a_second"] / found["cpu"]["images_a_second"]
    found["process_mb"] = process_memory_mb()
    return found


def measured(what: Callable[[int], dict[str, Any]], rounds: int) -> dict[str, Any]:
    """The figures, or in their place the reason that there are none."""
    try:
        return what(rounds)
    except AvatarError as error:
        return {"not measured": error.message}
    finally:
        free_memory()


def main() -> None:
    """Measure, keep and compare with the aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    if not torch.cuda.is_available():
        print("No GPU is seen by torch: nothing was measured.", file=sys.stderr)
        sys.exit(2)
    kinds = {"wav2lip": lips, "portraits": portraits, "faces": faces}
    results = {name: measured(kind, rounds) for name, kind in kinds.items()}
    results |= {"card": {"name": torch.cuda.get_device_name(0), "torch": torch.__version__}}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    frames = results["wav2lip"].get("frames_a_second", {}).get("our network", {}).get("best", 0.0)
    print(f"wav2lip: {frames:.0f} frames a second, aim {LIPS_AIM:.0f}")
    taken = [
        figures.get("seconds_per_image", np.inf)
        for figures in results["portraits"].values()
        if isinstance(figures, dict)
    ]
    print(f"portrait: {min(taken, default=np.inf):.3f} s, aim {PORTRAIT_AIM}")


if __name__ == "__main__":
    main()
