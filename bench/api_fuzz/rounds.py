"""Rounds of generated requests in processes side by side."""

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

from bench.api_fuzz.run import Found, round_of
from serve.access.keys import Access
from tests.postgres import Postgres, postgres

ACCESS: Final[tuple[Access, ...]] = ("open", "keys")


@dataclass(frozen=True)
class Rounds:
    """The first seed, cases an operation and phase, whether PostgreSQL has every second pair."""

    seed: int
    examples: int
    postgresql: bool


def side_by_side(rounds: Rounds, requests: int, processes: int) -> Iterator[Found]:
    """What each round found, in the order they end, until so many requests are answered."""
    answered, numbers = 0, itertools.count()
    with ExitStack() as opened:
        server = opened.enter_context(postgres()) if rounds.postgresql else None
        # Spawned, one for each round: a round leaves nothing to the next.
        pool = opened.enter_context(
            ProcessPoolExecutor(processes, get_context("spawn"), max_tasks_per_child=1)
        )

        def begin() -> Future[Found]:
            n = next(numbers)
            url = _database(server) if server is not None and n // 2 % 2 else ""
            return pool.submit(_round, rounds.seed + n, rounds.examples, ACCESS[n % 2], url)

        asked = {begin() for _ in range(processes)}
        while asked:
            done, asked = wait(asked, return_when=FIRST_COMPLETED)
            for one in done:
                found = one.result()
                answered += found.requests
                yield found
                if answered < requests:
                    asked.add(begin())


def _round(seed: int, examples: int, access: Access, url: str) -> Found:
    found = Found()
    round_of(found, seed=seed, examples=examples, access=access, url=url)
    return found


def _database(server: Postgres) -> str:
    return asyncio.run(server.new_database())
