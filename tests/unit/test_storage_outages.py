"""A store that is away, full or refusing is noticed within seconds, and told from what is wrong."""

import asyncio
import errno
from datetime import timedelta
from pathlib import Path

import pytest
from obstore.exceptions import GenericError

from media.errors import AvatarError
from serve.storage import remote
from serve.storage.artifacts import Artifacts, is_out_of_reach, open_artifacts
from tests.s3 import answering, credentials, new_bucket, s3


def store_at(server: str, monkeypatch: pytest.MonkeyPatch, bucket: str = "bucket") -> Artifacts:
    for name, value in credentials(server).items():
        monkeypatch.setenv(name, value)
    return open_artifacts(f"s3://{bucket}")


async def fault_of(call: object) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - judged by the predicate
        await call  # type: ignore[misc]  # a coroutine
    return caught.value


@pytest.mark.parametrize("status", [500, 503, 507, 429, 403, 401])
async def test_a_store_that_says_try_again_is_out_of_reach(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with answering(status) as server, asyncio.timeout(15):
        store = store_at(server, monkeypatch)
        for call in (store.put("jobs/a", b"1"), store.get("jobs/a"), store.delete("jobs/a")):
            assert is_out_of_reach(await fault_of(call))


async def test_a_request_that_is_wrong_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(400) as server:
        store = store_at(server, monkeypatch)
        assert not is_out_of_reach(await fault_of(store.put("jobs/a", b"1")))


async def test_a_store_that_nobody_runs_is_noticed_in_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = store_at("http://127.0.0.1:1", monkeypatch)
    async with asyncio.timeout(10):
        for call in (store.put("jobs/a", b"1"), store.get("jobs/a"), store.delete_prefix("jobs/")):
            assert is_out_of_reach(await fault_of(call))


async def test_a_store_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert timedelta(seconds=5) < remote.WHOLE <= timedelta(seconds=30)
    monkeypatch.setattr(remote, "WHOLE", timedelta(seconds=0.25))
    async with answering(None) as server, asyncio.timeout(30):
        store = store_at(server, monkeypatch)
        calls = (store.put("jobs/a", b"1"), store.get("jobs/a"))
        faults = await asyncio.gather(*map(fault_of, calls))
        assert all(map(is_out_of_reach, faults))


async def test_what_failed_while_the_store_was_away_succeeds_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with s3() as server:
        store = store_at(server, monkeypatch, new_bucket(server))
        await store.put("jobs/a", b"before")
    assert is_out_of_reach(await fault_of(store.get("jobs/a")))
    assert is_out_of_reach(await fault_of(store.put("jobs/b", b"lost")))
    with s3(int(server.rsplit(":", 1)[1])):
        assert await store.get("jobs/a") == b"before"
        assert not await store.exists("jobs/b")


async def test_what_is_missing_or_unknown_is_no_outage(tmp_path: Path) -> None:
    folder = open_artifacts(tmp_path.as_uri())
    assert not is_out_of_reach(await fault_of(folder.get("jobs/a")))
    assert not is_out_of_reach(await fault_of(folder.put("jobs/a", tmp_path / "missing")))
    assert not is_out_of_reach(await fault_of(folder.get("No Key")))
    assert not is_out_of_reach(KeyError("a"))


@pytest.mark.parametrize(
    ("number", "passes"),
    [("ENOSPC", True), ("EDQUOT", True), ("EIO", True), ("ENOTCONN", True), ("EISDIR", False)],
)
def test_a_full_disk_is_told_from_a_wrong_path(number: str, passes: bool) -> None:
    code = getattr(errno, number)
    assert is_out_of_reach(OSError(code, "words")) is passes
    said = f"Generic LocalFileSystem error: Unable to copy data to file: (os error {code})"
    assert is_out_of_reach(GenericError(said)) is passes


@pytest.mark.parametrize("url", ["s4://bucket", "", "a folder"])
def test_a_url_of_no_use_is_refused(url: str) -> None:
    with pytest.raises(AvatarError) as caught:
        open_artifacts(url)
    assert caught.value.param == "AVATAR_STORAGE_URL"
