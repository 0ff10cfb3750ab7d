"""Artifacts are whole or not there, and lie only where ids lead."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.store import S3Store

from serve.storage import keys
from serve.storage.artifacts import CHUNK, Artifacts, open_artifacts
from tests.conftest import files_below
from tests.s3 import credentials, new_bucket, s3

LARGE = """
import asyncio, os, sys
from pathlib import Path
from peak_memory import growth
from serve.storage.artifacts import open_artifacts

artifacts, file = open_artifacts(sys.argv[1]), Path(sys.argv[2])
with file.open("wb") as out:
    for _ in range(128):
        out.write(os.urandom(2**20))

async def write():
    await artifacts.put("uploads/large", file)

async def read():
    size = 0
    async for piece in artifacts.stream("uploads/large", 0, 2**27):
        size += len(piece)
    assert size == 2**27

async def small():
    await artifacts.put("uploads/small", b"1")
    await artifacts.get("uploads/small")

asyncio.run(small())  # what a first call loads is not counted
print(growth(lambda: asyncio.run(write())), growth(lambda: asyncio.run(read())))
"""

DYING_WRITER = """
import asyncio, os, sys
from serve.storage.artifacts import open_artifacts

artifacts = open_artifacts(sys.argv[1])

def pieces(last):
    yield bytes(6_000_000)
    if last:
        os._exit(9)
    while True:
        yield bytes(6_000_000)

async def main():
    half = asyncio.create_task(artifacts.put("jobs/b/1/x", pieces(False)))
    await asyncio.sleep(0.3)
    await artifacts.put("jobs/a/1/x", pieces(True))

asyncio.run(main())
"""


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    with s3() as address:
        yield address


@pytest.fixture(params=["folder", "memory", "s3"])
def artifacts(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Artifacts:
    if request.param == "memory":
        return open_artifacts("memory:///")
    if request.param == "folder":
        return open_artifacts((tmp_path / "new folder" / "artifacts").as_uri())
    server = request.getfixturevalue("s3_server")
    for name, value in credentials(server).items():
        monkeypatch.setenv(name, value)
    return open_artifacts(f"s3://{new_bucket(server)}/some/folder")


def bucket_of(artifacts: Artifacts) -> str:
    assert isinstance(artifacts.store, S3Store)
    return f"s3://{artifacts.store.config['bucket']}"


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


@pytest.mark.parametrize(("start", "stop"), [(0, 5_000_000), (10, 4_999_999), (7, 8), (9, 9)])
async def test_a_stream_gives_exactly_the_range_in_small_pieces(
    artifacts: Artifacts, start: int, stop: int
) -> None:
    data = os.urandom(5_000_000)
    await artifacts.put("uploads/a", data)
    pieces = [piece async for piece in artifacts.stream("uploads/a", start, stop)]
    assert b"".join(pieces) == data[start:stop]
    assert all(0 < len(piece) <= CHUNK for piece in pieces)


@pytest.mark.parametrize("artifacts", ["folder", "s3"], indirect=True)
async def test_a_large_file_is_never_whole_in_memory(artifacts: Artifacts, tmp_path: Path) -> None:
    # In a process of its own: the server that speaks S3 runs in this one.
    folder = Path(__file__).parent
    where = artifacts.folder.as_uri() if artifacts.folder else bucket_of(artifacts)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LARGE, where, tmp_path / "large", cwd=folder, stdout=subprocess.PIPE
    )
    said, _ = await child.communicate()
    wrote, read = (int(word) for word in said.split())
    assert wrote < 48 * 2**20  # of 128: parts that are under way, more of them on a busy machine
    assert read < 48 * 2**20


async def test_a_list_shows_what_lies_below_a_prefix_with_size_and_age(
    artifacts: Artifacts,
) -> None:
    for key in ("jobs/a/1/x", "jobs/a/2/deep/y", "jobs/ab/1/x", "uploads/a"):
        await artifacts.put(key, key.encode())
    found = [listed async for some in artifacts.list("jobs/a/") for listed in some]
    assert {listed.key: listed.size for listed in found} == {
        "jobs/a/1/x": 10,
        "jobs/a/2/deep/y": 15,
    }
    assert all(abs(listed.written_at - time.time()) < 60 for listed in found)
    assert [some async for some in artifacts.list("nothing/")] == []


async def test_the_tag_changes_with_the_content(artifacts: Artifacts) -> None:
    tags = set()
    for data in (b"one", b"two!"):
        await artifacts.put("uploads/a", data)
        about = await artifacts.about("uploads/a")
        tags.add(about.etag)
        assert about.size == len(data)
    assert len(tags) == 2


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
    for _ in range(2):
        await artifacts.delete_prefix("jobs/a/")
    assert not await artifacts.exists("jobs/a/1/x")
    assert not await artifacts.exists("jobs/a/2/deep/y")
    assert await artifacts.exists("jobs/ab/1/x")


async def test_a_prefix_with_thousands_below_it_is_deleted(artifacts: Artifacts) -> None:
    names = [f"jobs/a/{n % 3}/segment-{n}" for n in range(2100)]
    for first in range(0, len(names), 100):
        await asyncio.gather(*(artifacts.put(key, b"") for key in names[first : first + 100]))
    seen = {listed.key async for some in artifacts.list("jobs/a/") for listed in some}
    assert seen == set(names)
    # Two that remove the same at once do not trip over each other.
    await asyncio.gather(*(artifacts.delete_prefix("jobs/a/") for _ in range(2)))
    assert [some async for some in artifacts.list("jobs/")] == []


async def test_some_are_deleted_whether_they_are_there_or_not(artifacts: Artifacts) -> None:
    for key in ("jobs/a", "jobs/c", "jobs/d"):
        await artifacts.put(key, b"1")
    await artifacts.delete_all(["jobs/a", "jobs/b", "jobs/c"])
    left = [listed.key async for some in artifacts.list("jobs/") for listed in some]
    assert left == ["jobs/d"]


async def test_what_a_writer_that_died_left_goes_with_its_prefix_and_with_its_age(
    tmp_path: Path,
) -> None:
    artifacts = open_artifacts(tmp_path.as_uri())
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DYING_WRITER, tmp_path.as_uri(), stdout=subprocess.PIPE
    )
    await writer.communicate()
    torn = files_below(tmp_path)
    assert len(torn) == 2, "the writer left what it had"
    await artifacts.delete_prefix("jobs/a/")
    assert files_below(tmp_path) == {name for name in torn if "jobs/b" in name}
    assert await artifacts.drop_torn_writes(time.time() - 60) == 0
    assert await artifacts.drop_torn_writes(time.time() + 60) == 1
    assert files_below(tmp_path) == set()


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
