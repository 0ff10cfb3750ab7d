"""Services to measure, each with data of its own: on PostgreSQL, and on a store that speaks S3."""

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from bench.pipeline import server
from bench.sizing.counting import Processors, requests_seen
from bench.sizing.fitting import Sized
from bench.sizing.videos import Means, Service, Wish, fetch, make
from tests.postgres import postgres
from tests.s3 import credentials, new_bucket, s3

LEFT_BEHIND: Final = 1.0
"""Seconds until what a video leaves to be done behind the answer is done."""


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Settings of servers that start inside."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def on_postgresql() -> Iterator[Service]:
    """The service with its records in PostgreSQL, its artifacts in a folder."""
    with postgres() as records, tempfile.TemporaryDirectory() as folder:
        url = asyncio.run(records.new_database())
        assert records.process is not None  # noqa: S101 - it has been started
        with (
            environment(AVATAR_DATABASE_URL=url.replace("+asyncpg", "")),
            server(Path(folder)) as (address, root),
            httpx.Client(base_url=address, timeout=300, trust_env=False) as http,
        ):
            processors = Processors(root, records.process.pid)
            yield Service(http, Path(folder) / "artifacts", processors, records, url)


@contextmanager
def on_s3() -> Iterator[tuple[httpx.Client, Counter[str]]]:
    """The service on a store that speaks S3, and the requests that the store has got by method."""
    with tempfile.TemporaryDirectory() as folder, s3() as store:
        where = {"AVATAR_STORAGE_URL": f"s3://{new_bucket(store)}/avatar"}
        with (
            environment(**where, **credentials(store)),
            server(Path(folder)) as (address, _),
            httpx.Client(base_url=address, timeout=300, trust_env=False) as http,
            requests_seen() as seen,
        ):
            yield http, seen


def store_requests(size: str, lengths: Sequence[float]) -> dict[str, dict[str, Any]]:
    """Costs of `requests` while a video is made and of `fetches` of it, from one of each length."""
    width, height = map(int, size.split("x"))
    making, fetching = [], []
    with on_s3() as (http, seen):
        make(http, Wish(size, min(lengths), 1, 900).request(0))
        for seconds in sorted(lengths):
            time.sleep(LEFT_BEHIND)
            before = Counter(seen)
            job, _ = make(http, Wish(size, seconds, 1, 0).request(0))
            time.sleep(LEFT_BEHIND)
            made = Counter(seen)
            fetch(http, job["urls"]["video"])
            making.append(Means(float(job["seconds"]), made - before))
            fetching.append(Means(float(job["seconds"]), seen - made))
    return {
        name: {
            method: {"at": [Sized(width * height, *means).point(method)]}
            for method in sorted({*means[0].took, *means[1].took})
        }
        for name, means in (("requests", making), ("fetches", fetching))
    }
