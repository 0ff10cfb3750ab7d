"""What looking at pictures costs beside finding their faces: `python -m bench.picture_check`.

The embedded face engine with one thread, with the check of config/local.yaml and without it, on a
gallery face and on a picture as large as uploads get. Medians and ranges of ROUNDS calls, and the
memory that the check holds, go to bench/results/picture_check.json. The check remembers pictures:
each call gets one that it does not know, but for those named so.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

import gallery
from bench.voices_speed import spread
from deployments.face.open_nsfw import OpenNSFW
from deployments.in_a_row import engine_configs
from deployments.loading import FaceConfig, load_engine, weight_files
from media.face import Picture
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings
from serve.weights.store import open_store

RESULTS: Final = Path(__file__).with_name("results") / "picture_check.json"
ROUNDS: Final = 12


def resident_mb() -> float:
    """What this process holds."""
    fields = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


def pictures() -> dict[str, Picture]:
    """By their size."""
    face = gallery.picture("amara")
    large = cv2.resize(face, (2048, 2048), interpolation=cv2.INTER_CUBIC)
    return {"768 x 768": face, "2048 x 2048": np.asarray(large, np.uint8)}


def unknown(picture: Picture, n: int) -> Picture:
    """The picture with a mark that the check sees."""
    marked = picture.copy()
    middle = len(picture) // 2
    marked[middle : middle + 32, middle : middle + 32] = n
    return marked


def cost(call: Callable[[Picture], object], given: list[Picture]) -> dict[str, dict[str, float]]:
    """Milliseconds of wall clock and of CPU a call."""
    walls, cpus = [], []
    for picture in given:
        began, cpu = time.perf_counter(), time.process_time()
        call(picture)
        walls.append(1e3 * (time.perf_counter() - began))
        cpus.append(1e3 * (time.process_time() - cpu))
    return {"wall_ms": spread(walls), "cpu_ms": spread(cpus)}


def main() -> None:
    """Measure, print a table, keep the results."""
    config = engine_configs(LOCAL_CONFIG)["Face"]
    if not isinstance(config, FaceConfig):
        raise TypeError("config/local.yaml configures no face stage")
    alone = load_engine(config.model_copy(update={"check": None}), Settings())
    alone.warm_up()
    before = resident_mb()
    check = OpenNSFW.load(weight_files(OpenNSFW.weights, open_store(Settings())), threads=1)
    check.warm_up()
    holds = round(resident_mb() - before)
    checked = load_engine(config, Settings())
    checked.warm_up()
    results: dict[str, Any] = {"check_holds_mb": holds}
    for size, picture in pictures().items():
        fresh = [unknown(picture, 20 * n) for n in range(ROUNDS)]
        results[size] = {
            "faces alone": cost(alone.find, fresh),
            "and checked": cost(checked.find, fresh),
            "and checked, known": cost(checked.find, fresh),
        }
        for name, row in results[size].items():
            wall, cpu = row["wall_ms"]["median"], row["cpu_ms"]["median"]
            print(f"| {size} | {name} | {wall:.0f} ms | {cpu:.0f} ms of CPU |", flush=True)
    print(f"The check holds {holds} MB.")
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
