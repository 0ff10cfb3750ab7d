"""Artifacts are whole or not there, and lie only where ids lead."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from serve.storage import keys
from serve.storage.artifacts import Artifacts, open_artifacts
from tests.conftest import files_below


@pytest.fixture(params=["folder", "memory"])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    if request.param == "memory":
        return open_artifacts("memory:///")
    return open_artifacts((tmp_path / "new folder" / "artifacts").as_uri())


async def test_bytes_come_back_as_they_were_put(artifacts: Artifacts) -> None:
    data = os.urandom(100_000)
    await artifacts.put("jobs/a/1/video.mp4", data)
    assert await artifacts.get("jobs/a/1/video.mp4") == data
    assert await artifacts.size("jobs/a/1/video.mp4") == 100_000


async def test_a_file_larger_than_one_upload_part_is_stored_whole(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    data = os.urandom(13 * 1024 * 1024)
    (tmp_path / "file").write_bytes(data)
    await artifacts.put("uploads/a", tmp_path / "file")
    assert await artifacts.get("uploads/a") == data


async def test_pieces_in_a_row_become_one_artifact(artifacts: Artifacts) -> None:
    await artifacts.put("uploads/a", (bytes([n]) * 1000 for n in range(5)))
    assert await artifacts.get_range("uploads/a", 999, 1001) == b"\0\1"


async def test_a_range_ends_where_the_artifact_ends(artifacts: Artifacts) -> None:
    await artifacts.put("uploads/a", b"0123456789")
    assert await artifacts.get_range("uploads/a", 7, 100) == b"789"
    assert await artifacts.get_range("uploads/a", 10, 20) == b""


async def test_a_stream_gives_exactly_the_range(artifacts: Artifacts) -> None:
    data = os.urandom(1_000_000)
    await artifacts.put("uploads/a", data)
    pieces = [piece async for piece in artifacts.stream("uploads/a", 10, 999_999)]
    assert b"".join(pieces) == data[10:999_999]
    assert len(pieces) > 1 or isinstance(artifacts.store, MemoryStore)


async def test_what_is_not_there_is_said_to_be_missing(artifacts: Artifacts) -> None:
    assert not await artifacts.exists("uploads/none")
    for call in (artifacts.get("uploads/none"), artifacts.size("uploads/none")):
        with pytest.raises(FileNotFoundError):
            await call
    await artifacts.delete("uploads/none")


async def test_a_prefix_is_deleted_with_all_below_it_and_nothing_beside_it(
    artifacts: Artifacts,
) -> None:
    for key in ("jobs/a/1/x", "jobs/a/2/deep/y", "jobs/ab/1/x"):
        await artifacts.put(key, b"1")
    await artifacts.delete_prefix("jobs/a/")
    assert not await artifacts.exists("jobs/a/1/x")
    assert not await artifacts.exists("jobs/a/2/deep/y")
    assert await artifacts.exists("jobs/ab/1/x")


async def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    artifacts = open_artifacts(tmp_path.as_uri())

    def broken() -> Iterator[bytes]:
        yield bytes(8 * 1024 * 1024)
        raise RuntimeError("the source broke")

    with pytest.raises(Exception, match="the source broke"):
        await artifacts.put("uploads/a", broken())
    assert not await artifacts.exists("uploads/a")
    assert files_below(tmp_path) == set()


async def test_a_reader_never_sees_half_of_a_rewrite(tmp_path: Path) -> None:
    artifacts = open_artifacts(tmp_path.as_uri())
    old, new = b"a" * 3_000_000, b"b" * 3_000_000
    await artifacts.put("uploads/a", old)
    done = asyncio.Event()

    async def rewrite() -> None:
        for data in (new, old) * 10:
            await artifacts.put("uploads/a", data)
        done.set()

    async def read() -> None:
        while not done.is_set():
            assert await artifacts.get("uploads/a") in (old, new)

    await asyncio.gather(rewrite(), read())


@pytest.mark.parametrize(
    "key",
    [
        "", "/", "/etc/passwd", "a/", "a//b", "../a", "a/../b", "a/..", "a/./b", ".hidden", "A/b",
        "a b", "a\0b", "a\\b", "ä", "a/%2e%2e/b", "a\n", "a..b", "x" * 600, "-rf",
    ],
)  # fmt: skip
async def test_a_key_that_no_id_makes_is_refused(artifacts: Artifacts, key: str) -> None:
    for call in (artifacts.put(key, b"1"), artifacts.get(key), artifacts.delete(key)):
        with pytest.raises(ValueError, match="key"):
            await call


@pytest.mark.parametrize("prefix", ["jobs/a", "/", "", "../", "jobs/../"])
async def test_a_prefix_that_could_reach_further_is_refused(
    artifacts: Artifacts, prefix: str
) -> None:
    with pytest.raises(ValueError, match=r"prefix|key"):
        await artifacts.delete_prefix(prefix)


def test_ids_are_long_random_and_fit_into_keys() -> None:
    ids = {keys.new_id("vid") for _ in range(1000)}
    assert len(ids) == 1000
    for one in ids:
        assert keys.segment(one, 1, 7, 3) == f"jobs/{one}/1/segment-000007-3.mp4"


def test_two_claims_never_write_the_same_key() -> None:
    for made in (keys.segment, keys.piece):
        written = {made("a", attempt, n, f) for attempt in (1, 2) for n in (0, 1) for f in (1, 11)}
        assert len(written) == 8
