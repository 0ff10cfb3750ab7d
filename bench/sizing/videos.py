"""Videos as clients ask for them, one after the other, and what they took together."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from bench.material import avatar_id, text_of
from bench.sizing.counting import Processors, bytes_below, segments_of, statistics
from media.face import Picture
from media.picture import encode_webp
from tests.postgres import Postgres

RANGE: Final = 1 << 20
SETTLE: Final = 11.0
"""Seconds until PostgreSQL's backends have told what they did; they keep it for ten at most."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running one, and where to look at it."""

    http: httpx.Client
    artifacts: Path
    processors: Processors
    records: Postgres
    database: str

    def counted(self) -> dict[str, float]:
        """All that adds up with time or with videos."""
        found: dict[str, float] = {f"cpu {k}": v for k, v in self.processors.read().items()}
        rows = asyncio.run(statistics(self.records, self.database))
        found |= {f"records {name}": value for name, value in rows.items()}
        return found | {"stored": float(bytes_below(self.artifacts)), "at": time.perf_counter()}


@dataclass(frozen=True, slots=True)
class Wish:
    """So many videos of one kind."""

    size: str
    seconds: float
    """About so long."""
    videos: int
    first: int
    """Number of the first: equal numbers say the same."""
    prompt: bool = False
    picture: Picture | None = None
    """Uploaded, cut otherwise for each video: what is equal would be stored once."""

    def request(self, n: int) -> dict[str, Any]:
        """Arguments of the POST of video `n`."""
        number = self.first + n
        fields: dict[str, Any] = {
            "text": text_of(self.seconds, number),
            "size": self.size,
            "seed": number,
        }
        if self.picture is not None:
            file = encode_webp(self.picture[2 * (number % 97) :], quality=90)
            files = {"avatar_image": (f"{number}.webp", file, "image/webp")}
            return {"data": fields, "files": files}
        if self.prompt:
            fields["avatar_prompt"] = "a smiling woman with glasses"
        else:
            fields["avatar"] = avatar_id()
        return {"json": fields}


@dataclass(frozen=True, slots=True)
class Means:
    """Of a video among those of one wish."""

    seconds: float
    took: Mapping[str, float]


def make(http: httpx.Client, request: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
    """A video, followed to its end; its record and the seconds from the request on."""
    began = time.perf_counter()
    job = http.post("/v1/videos", **request).raise_for_status().json()
    with http.stream("GET", job["urls"]["events"], timeout=None) as answer:
        for _ in answer.iter_lines():
            pass
    taken = time.perf_counter() - began
    job = http.get(job["urls"]["self"]).raise_for_status().json()
    if job["status"] != "completed":
        raise SystemExit(f"{job['status']}: {job['error']}")
    return job, taken


def fetch(http: httpx.Client, url: str) -> int:
    """Read the file by ranges, as players do; how many bytes it has."""
    size, at = 1, 0
    while at < size:
        answer = http.get(url, headers={"range": f"bytes={at}-{at + RANGE - 1}"}).raise_for_status()
        size = int(answer.headers["content-range"].rpartition("/")[2])
        at += len(answer.content)
    return size


def idle(service: Service, seconds: float) -> dict[str, float]:
    """What is used in a second in which nobody asks for anything."""
    time.sleep(SETTLE)
    before = service.counted()
    time.sleep(max(seconds, SETTLE))
    return _rates(before, service.counted())


def _rates(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    span = after["at"] - before["at"]
    return {name: (after[name] - before.get(name, 0.0)) / span for name in after if name != "at"}


def measure(service: Service, wish: Wish, resting: Mapping[str, float]) -> Means:
    """Make the wish's videos. What the service takes at rest is taken off."""
    before = service.counted()
    made: list[dict[str, Any]] = []
    wall, fetched = 0.0, 0
    for n in range(wish.videos):
        job, taken = make(service.http, wish.request(n))
        fetched += fetch(service.http, job["urls"]["video"])
        wall += taken
        made.append(job)
    time.sleep(SETTLE)
    after = service.counted()
    span = after["at"] - before["at"]
    took = {
        name: after[name] - before.get(name, 0.0) - span * resting.get(name, 0.0)
        for name in after
        if name != "at"
    }
    took |= {"alone": wall, "fetched": float(fetched)}
    ids = [str(job["id"]) for job in made]
    took["segments"] = float(asyncio.run(segments_of(service.records, service.database, ids)))
    return Means(
        sum(float(job["seconds"]) for job in made) / len(made),
        {name: max(0.0, value) / len(made) for name, value in took.items()},
    )
