"""What has been used so far: processor time by process, memory, rows, bytes, requests."""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import asyncpg

from bench.processes import (
    PROXIES,
    RAY,
    cpu_seconds,
    cpu_seconds_of,
    memory_by_process,
    role,
    tree,
)
from tests.postgres import Postgres

_METHOD: Final = re.compile(r'"(?:\x1b\[[\d;]*m)*([A-Z]+) /')
POSTGRESQL: Final = "PostgreSQL"
_STATISTICS: Final = """
SELECT xact_commit + xact_rollback AS transactions,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS write,
       tup_inserted AS inserted, tup_updated AS updated, tup_deleted AS deleted,
       pg_current_wal_lsn() - '0/0'::pg_lsn AS log_bytes
FROM pg_stat_database WHERE datname = current_database()
"""


class Processors:
    """CPU seconds of the service and of its database, by role.

    A child that has ended is in its parent's time.
    """

    def __init__(self, service: int, database: int) -> None:
        self._service, self._database = service, database

    def read(self) -> dict[str, float]:
        """By role, since the processes began."""
        found: dict[str, float] = defaultdict(float)
        for process in tree(self._service):
            found[role(process)] += cpu_seconds_of(process)
        found[POSTGRESQL] = cpu_seconds(self._database)
        return dict(found)

    def memory(self) -> dict[str, int]:
        """Proportional memory of each stage's replica in bytes: the largest where there are two."""
        found: dict[str, int] = {}
        for name, size in memory_by_process(tree(self._service)).items():
            stage = role(int(name.split()[0]))
            found[stage] = max(found.get(stage, 0), size)
        return {stage: size for stage, size in found.items() if stage not in (PROXIES, RAY)}


async def statistics(records: Postgres, url: str) -> dict[str, float]:
    """What PostgreSQL has counted in a database. Its backends tell within ten seconds."""
    connection = await asyncpg.connect(records.url(url.rsplit("/", 1)[1], driver="postgresql"))
    try:
        row = await connection.fetchrow(_STATISTICS)
    finally:
        await connection.close()
    assert row is not None  # noqa: S101 - the database that it is connected to is there
    return {name: float(value) for name, value in row.items()}


async def segments_of(records: Postgres, url: str, videos: list[str]) -> int:
    """Committed segments of some videos."""
    connection = await asyncpg.connect(records.url(url.rsplit("/", 1)[1], driver="postgresql"))
    try:
        query = "SELECT count(*) FROM segments WHERE job_id = ANY($1)"
        return int(await connection.fetchval(query, videos))
    finally:
        await connection.close()


def bytes_below(folder: Path) -> int:
    """Of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@contextmanager
def requests_seen() -> Iterator[Counter[str]]:
    """Requests by method that moto's S3 answers while the block runs."""
    seen: Counter[str] = Counter()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if found := _METHOD.search(record.getMessage()):
                seen[found[1]] += 1

    log, ear = logging.getLogger("werkzeug"), Ear()
    level, spread = log.level, log.propagate
    log.addHandler(ear)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield seen
    finally:
        log.removeHandler(ear)
        log.setLevel(level)
        log.propagate = spread
