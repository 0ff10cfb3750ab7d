"""Calls that wait for lip sync: together where that pays, the urgent ones first."""

import asyncio

import pytest

from deployments.lipsync.batches import Batches


class Engine:
    """Notes its batches; each takes until it is let go."""

    def __init__(self, size: int, workers: int = 1) -> None:
        self.batches: list[list[str]] = []
        self.go = asyncio.Semaphore(0)
        self.made = Batches(self._make, size=size, workers=workers).made

    async def _make(self, items: list[str]) -> list[str]:
        self.batches.append(items)
        await self.go.acquire()
        if "bad" in items:
            raise ValueError("scripted")
        return [item.upper() for item in items]

    async def ask(self, *items: tuple[str, int]) -> list[asyncio.Task[str]]:
        tasks = []
        for item, urgency in items:
            tasks.append(asyncio.create_task(self.made(item, urgency)))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        return tasks

    def let_all_go(self) -> None:
        for _ in range(99):
            self.go.release()


async def test_what_came_while_the_engine_was_busy_goes_together() -> None:
    engine = Engine(size=3)
    tasks = await engine.ask(*((name, 0) for name in "abcdef"))
    engine.let_all_go()
    assert await asyncio.gather(*tasks) == list("ABCDEF")
    assert engine.batches == [["a"], ["b", "c", "d"], ["e", "f"]]


async def test_the_first_call_of_a_new_job_overtakes_those_of_long_ones() -> None:
    engine = Engine(size=1)
    tasks = await engine.ask(("running", 5), ("long", 5), ("longer", 5), ("new", 0))
    engine.let_all_go()
    await asyncio.gather(*tasks)
    assert [item for (item,) in engine.batches] == ["running", "new", "long", "longer"]


async def test_workers_run_side_by_side() -> None:
    engine = Engine(size=1, workers=2)
    tasks = await engine.ask(("a", 0), ("b", 0), ("c", 0))
    assert engine.batches == [["a"], ["b"]]
    engine.let_all_go()
    await asyncio.gather(*tasks)


async def test_a_call_that_was_dropped_is_not_made() -> None:
    engine = Engine(size=1)
    running, dropped, wanted = await engine.ask(("a", 0), ("b", 0), ("c", 0))
    dropped.cancel()
    engine.let_all_go()
    assert await asyncio.gather(running, wanted) == ["A", "C"]
    assert engine.batches == [["a"], ["c"]]


async def test_a_batch_that_fails_fails_its_own_calls_only() -> None:
    engine = Engine(size=2)
    good, bad, worse, later = await engine.ask(("a", 0), ("bad", 0), ("b", 0), ("c", 1))
    engine.let_all_go()
    assert await good == "A"
    for task in (bad, worse):
        with pytest.raises(ValueError, match="scripted"):
            await task
    assert await later == "C"


async def test_an_engine_that_answers_fewer_calls_than_it_was_given_leaves_nobody_waiting() -> None:
    async def fewer(items: list[str]) -> list[str]:
        return items[1:]

    with pytest.raises(ValueError, match="zip"):
        await asyncio.wait_for(Batches(fewer, size=2, workers=1).made("a", 0), 5)
