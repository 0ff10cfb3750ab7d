"""Turns: so many at once, the urgent first, none lost by those who leave."""

import asyncio

import pytest

from deployments.encode.turns import Turns


async def test_only_so_many_have_a_turn_at_once() -> None:
    turns, held, most = Turns(2), 0, 0

    async def work() -> None:
        nonlocal held, most
        async with turns.turn(0):
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            held -= 1

    await asyncio.gather(*(work() for _ in range(20)))
    assert most == 2


async def test_the_most_urgent_goes_first_and_of_equals_the_first_to_come() -> None:
    turns, went = Turns(1), []

    async def work(name: str, urgency: int) -> None:
        async with turns.turn(urgency):
            went.append(name)

    await turns.take(0)
    waiting = [("long a", 3), ("long b", 3), ("next", 1), ("first", 0)]
    tasks = []
    for name, urgency in waiting:
        tasks.append(asyncio.create_task(work(name, urgency)))
        await asyncio.sleep(0)
    turns.give()
    await asyncio.gather(*tasks)
    assert went == ["first", "next", "long a", "long b"]


@pytest.mark.parametrize("given_first", [True, False])
async def test_who_leaves_while_waiting_takes_no_turn_along(given_first: bool) -> None:
    turns = Turns(1)
    await turns.take(0)
    leaver = asyncio.create_task(turns.take(0))
    await asyncio.sleep(0)
    if given_first:
        turns.give()  # the turn is the leaver's, who does not know it yet
        leaver.cancel()
    else:
        leaver.cancel()
        turns.give()
    await asyncio.gather(leaver, return_exceptions=True)
    await asyncio.wait_for(turns.take(0), 1)


async def test_others_wait_while_a_first_one_is_ahead() -> None:
    turns, went = Turns(2), []

    async def work(name: str, urgency: int) -> None:
        async with turns.turn(urgency):
            went.append(name)

    with turns.ahead():
        later = asyncio.create_task(work("later", 3))
        await asyncio.sleep(0)
        await work("first", 0)
        await asyncio.sleep(0)
        assert went == ["first"]
    await asyncio.wait_for(later, 1)
    assert went == ["first", "later"]


async def test_more_turns_go_to_those_who_wait_and_fewer_take_none_away() -> None:
    turns = Turns(1)
    await turns.take(0)
    waiting = [asyncio.create_task(turns.take(n)) for n in range(3)]
    await asyncio.sleep(0)
    turns.resize(3)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, True, False]
    turns.resize(1)
    turns.give()
    turns.give()
    await asyncio.sleep(0)
    assert not waiting[2].done()  # one still has a turn, and there is one
    turns.give()
    await asyncio.wait_for(waiting[2], 1)
