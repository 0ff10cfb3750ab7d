"""Repeats of a request that is still at work, was left, or whose answer was lost."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from serve.api import idempotent
from serve.api.services import Services
from serve.jobs import avatars, records
from serve.jobs.outages import RecordsOutOfReach
from tests.conftest import Stored
from tests.fakes import FakeStages, png, tone, wav
from tests.unit.asking_again import is_replay, post, until, videos


async def test_a_request_at_work_keeps_its_key_for_as_long_as_it_takes(
    client: httpx.AsyncClient, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotent, "HOLD", 0.6)
    stages.delays["check_text"] = 2.0
    answers = await asyncio.gather(post(client), post(client))
    assert sorted(map(is_replay, answers)) == [False, True]
    assert len(await videos(client)) == 1


async def test_a_repeat_that_waits_too_long_is_told_to_come_back(
    client: httpx.AsyncClient, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotent, "WAIT", 0.1)
    stages.delays["check_text"] = 2.0
    first = asyncio.ensure_future(post(client))
    await until(lambda: "check_text" in stages.calls)
    answer = await post(client)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "not_finished"
    assert answer.json()["error"]["retryable"] is True
    assert (await first).status_code == 202


async def _nothing(*_: object) -> None:
    """What a dead process does."""


async def left(client: httpx.AsyncClient, happened: Callable[[], bool]) -> None:
    """A request whose client leaves once something happened."""
    request = asyncio.ensure_future(post(client))
    await until(happened)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


async def test_the_key_of_a_request_whose_replica_died_can_be_taken_again(
    client: httpx.AsyncClient, stages: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotent, "HOLD", 0.6)
    with monkeypatch.context() as dead:
        dead.setattr(idempotent, "_renew", _nothing)
        dead.setattr(idempotent, "_let_go", _nothing)
        stages.delays["check_text"] = 60
        await left(client, lambda: "check_text" in stages.calls)
    stages.delays.clear()
    answer = await post(client)
    assert (answer.status_code, is_replay(answer)) == (202, False)
    assert await videos(client) == [answer.json()["id"]]


async def test_a_client_that_leaves_during_the_examination_frees_its_key_at_once(
    client: httpx.AsyncClient, stages: FakeStages
) -> None:
    stages.delays["check_text"] = 60
    await left(client, lambda: "check_text" in stages.calls)
    stages.delays.clear()
    assert not is_replay(await post(client))
    assert len(await videos(client)) == 1


async def test_a_client_that_leaves_while_its_video_is_accepted_finds_it_by_its_key(
    client: httpx.AsyncClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepting, go = asyncio.Event(), asyncio.Event()
    create = records.create

    async def slowly(*args: Any, **more: Any) -> Any:
        accepting.set()
        await go.wait()
        return await create(*args, **more)

    monkeypatch.setattr(records, "create", slowly)
    await left(client, accepting.is_set)
    go.set()
    await asyncio.wait(services.background.tasks)
    made = await post(client)
    assert is_replay(made)
    assert await videos(client) == [made.json()["id"]]


@pytest.mark.parametrize(
    ("module", "writes", "path", "files"),
    [
        (records, "create", "/v1/videos", ("avatar_image", "audio")),
        (avatars, "add", "/v1/avatars", ("image",)),
    ],
)
async def test_what_was_recorded_though_the_records_answer_was_lost_is_found_whole_by_its_key(
    client: httpx.AsyncClient,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    writes: str,
    path: str,
    files: tuple[str, ...],
) -> None:
    write = getattr(module, writes)

    async def lost(*args: Any, **more: Any) -> None:
        await write(*args, **more)
        raise RecordsOutOfReach

    content = {"avatar_image": png(), "image": png(), "audio": wav(tone())}
    form = {"files": {name: (name, content[name]) for name in files}}
    with monkeypatch.context() as outage:
        outage.setattr(module, writes, lost)
        answer = await post(client, path, **form)
    assert (answer.status_code, answer.json()["error"]["retryable"]) == (503, True)
    kinds = {name.split("/")[0] for name in stored()}
    assert kinds == {"avatars", "portraits", *(["uploads"] if "audio" in files else [])}
    again = await post(client, path, **form)
    assert is_replay(again), again.text
    made = await client.get(again.json()["urls"]["self"])
    assert made.json()["id"] == again.json()["id"]
    assert {name.split("/")[0] for name in stored()} == kinds
