"""Engines in a row, as a process of its own: `python -m bench.row VIDEOS SECONDS LIFE DATA_DIR`.

Makes videos one after the other by the same flow as the graph's director and prints one line of
JSON: wall and CPU seconds (the first, warming video left out), seconds of video, timings.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import cv2

from bench.material import avatar_picture, text_of
from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from deployments.in_a_row import InARow
from serve.commands.private import LOCAL_CONFIG
from serve.jobs import avatars, faces, records
from serve.jobs.database import open_database
from serve.jobs.models import Avatar
from serve.settings import Settings
from serve.storage.artifacts import open_artifacts
from serve.storage.portraits import save_portrait


async def make(videos: int, seconds: float, life: bool, data_dir: Path) -> dict[str, Any]:
    """Make one video to warm up and then `videos` measured ones."""
    settings = Settings(data_dir=data_dir)
    artifacts = open_artifacts(settings.storage())
    database = await open_database(settings.database())
    stages = InARow.from_config(LOCAL_CONFIG, settings, artifacts)
    began = time.perf_counter()
    portrait = await faces.portrait_of(stages, avatar_picture(), None, param="avatar")
    face_ms = 1e3 * (time.perf_counter() - began)
    name = await save_portrait(artifacts, portrait)
    facts = avatars.portrait_facts(portrait, name)
    await avatars.add(
        database, Avatar(id="bench", kind="image", listed=True, name="bench", origin={}, **facts)
    )
    means = Means(database, artifacts, stages, settings, Holding(database))
    jobs = []
    for n in range(videos + 1):
        if n == 1:
            wall, cpu = time.perf_counter(), _cpu()
        request = {
            "text": text_of(seconds, n),
            "voice": "heart",
            "speed": 1.0,
            "fps": "25",
            "size": "512x512",
            "life": life,
            "seed": n,
        }
        await records.create(database, records.NewJob(f"vid_{n}", request, "bench"), max_active=9)
        await direct(means, f"vid_{n}")
        jobs.append(await records.get(database, f"vid_{n}"))
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    await database.close()
    failed = [job.error for job in jobs if job.status != "completed"]
    if failed:
        raise SystemExit(str(failed))
    measured = [job for job in jobs[1:] if job.result]
    return {
        "wall": wall,
        "cpu": cpu,
        "face_ms": face_ms,
        "seconds": sum(job.result["seconds"] for job in measured if job.result),
        "frames": sum(job.result["frames"] for job in measured if job.result),
        "timings": {
            stage: sum(job.timings[stage] for job in measured) for stage in measured[0].timings
        },
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def _cpu() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        for usage in (resource.getrusage(who),)
    )


if __name__ == "__main__":
    count, length, alive, folder = sys.argv[1:]
    cv2.setNumThreads(1)  # as every stage has it
    print(json.dumps(asyncio.run(make(int(count), float(length), alive == "on", Path(folder)))))
