"""Artifacts in an object store: a local folder by default, S3 and its like by URL.

Writes are atomic: a reader sees the whole artifact or none.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from media.errors import AvatarError
from serve.storage import keys
from serve.storage.folder import torn_writes
from serve.storage.outages import is_out_of_reach
from serve.storage.remote import client_options

if TYPE_CHECKING:
    from obstore.store import RetryConfig

__all__ = ["CHUNK", "About", "Artifacts", "Listed", "is_out_of_reach", "open_artifacts"]

CHUNK: Final = 256 * 1024
"""Bytes handed over at a time when an artifact is streamed."""

_STRETCH: Final = 2 * 2**20
"""Bytes asked for at a time: a reader that is slow holds no request open."""
_PART: Final = 5 * 2**20  # S3's smallest
_PARTS_AT_ONCE: Final = 3
"""A large file is sent in parts, so many at once: what it takes of memory."""
_LISTED: Final = 1000
"""Names that a list gives, and S3 deletes, at a time."""


@dataclass(frozen=True, slots=True)
class About:
    """An artifact's size in bytes and the tag that changes with its content."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An artifact as a list shows it: its size in bytes and its age in Unix seconds."""

    key: str
    size: int
    written_at: float


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Artifacts by key. Every call raises ValueError for a key not made like those in `keys`.

    What calls raise while the store is away or full is told by `is_out_of_reach`.
    """

    store: ObjectStore
    folder: Path | None = None
    """Where a local store keeps its files."""

    async def put(self, key: str, data: bytes | Path | Iterable[bytes]) -> None:
        """Write an artifact whole, from bytes, a file or pieces in a row."""
        await obstore.put_async(
            self.store, keys.check(key), data, chunk_size=_PART, max_concurrency=_PARTS_AT_ONCE
        )

    async def get(self, key: str) -> bytes:
        """All bytes of an artifact. Raises FileNotFoundError."""
        found = await obstore.get_async(self.store, keys.check(key))
        return bytes(await found.bytes_async())

    async def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Bytes [start, stop), fewer where the artifact ends. Raises FileNotFoundError."""
        stop = min(stop, await self.size(key))
        if start >= stop:
            return b""
        return await self._bytes(key, start, stop)

    async def stream(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Bytes [start, stop) of an artifact that has them, piece by piece."""
        for first in range(start, stop, _STRETCH):
            stretch = memoryview(await self._bytes(key, first, min(stop, first + _STRETCH)))
            for at in range(0, len(stretch), CHUNK):
                yield bytes(stretch[at : at + CHUNK])

    async def _bytes(self, key: str, start: int, stop: int) -> bytes:
        return bytes(
            await obstore.get_range_async(self.store, keys.check(key), start=start, end=stop)
        )

    async def about(self, key: str) -> About:
        """Size and tag of an artifact. Raises FileNotFoundError."""
        meta = await obstore.head_async(self.store, keys.check(key))
        tag = (meta["e_tag"] or f"{meta['size']}-{meta['last_modified'].timestamp()}").strip('"')
        return About(meta["size"], tag)

    async def size(self, key: str) -> int:
        """Bytes of an artifact. Raises FileNotFoundError."""
        return (await self.about(key)).size

    async def exists(self, key: str) -> bool:
        """True where the artifact is there."""
        try:
            await self.about(key)
        except FileNotFoundError:
            return False
        return True

    async def list(self, prefix: str) -> AsyncIterator[list[Listed]]:
        """What lies below a prefix that ends in a slash, some at a time, in the store's order."""
        found = obstore.list(self.store, prefix=_checked_prefix(prefix), chunk_size=_LISTED)
        async for some in found:
            yield [
                Listed(meta["path"], meta["size"], meta["last_modified"].timestamp())
                for meta in some
            ]

    async def delete(self, key: str) -> None:
        """Remove one artifact; one that is gone already is no error."""
        try:
            await obstore.delete_async(self.store, keys.check(key))
        except FileNotFoundError:
            return

    async def delete_all(self, some: Iterable[str]) -> None:
        """Remove artifacts; those that are gone already are no error."""
        wanted = [keys.check(key) for key in some]
        for first in range(0, len(wanted), _LISTED):
            part = wanted[first : first + _LISTED]
            try:
                await obstore.delete_async(self.store, part)
            except FileNotFoundError:
                # A folder says so of the first one that is gone, and leaves the others.
                for key in part:
                    await self.delete(key)

    async def delete_prefix(self, prefix: str) -> None:
        """Remove everything below a prefix that ends in a slash."""
        _checked_prefix(prefix)
        while True:
            # Afresh each time: what a list shows while things are deleted is up to the store.
            async for some in self.list(prefix):
                await self.delete_all(listed.key for listed in some)
                break
            else:
                break
        if self.folder is not None:
            # Writes that were cut short, which no list shows, and the empty folders.
            await asyncio.to_thread(shutil.rmtree, self.folder / prefix, ignore_errors=True)

    async def drop_torn_writes(self, before: float) -> int:
        """Remove what writes left that were cut short before a time; returns how many.

        A folder has it as files; S3's like is for a rule of the bucket (see docs/operations.md).
        """
        if self.folder is None:
            return 0
        torn = await asyncio.to_thread(torn_writes, self.folder, before)
        for path in torn:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return len(torn)


def _checked_prefix(prefix: str) -> str:
    if not prefix.endswith("/"):
        raise ValueError("a prefix ends in a slash")
    return keys.check(prefix[:-1]) + "/"


_RETRIES: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=1),
        "base": 2,
    },
}
"""What passes in a moment is tried again here; a store that is away is told within seconds, and
waited for by those who know how long it is worth."""


def open_artifacts(url: str) -> Artifacts:
    """Open the store at a URL: `file:///…` (made if missing), `memory:///`, `s3://BUCKET/FOLDER`.

    The environment has the rest, as its owner's tools read it (`AWS_ACCESS_KEY_ID`, …).
    Raises AvatarError `invalid_request` for a URL that can't be used.
    """
    if url.startswith("memory:"):
        return Artifacts(MemoryStore())
    if url.startswith("file:"):
        folder = Path(unquote(urlsplit(url).path))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Artifacts(LocalStore(folder, mkdir=True, automatic_cleanup=True), folder)
    try:
        store = from_url(url, client_options=client_options(), retry_config=_RETRIES)
    except (ValueError, TypeError, obstore.exceptions.BaseError) as error:
        raise AvatarError(
            "invalid_request",
            "The store's URL must be file:///FOLDER or s3://BUCKET/FOLDER.",
            param="AVATAR_STORAGE_URL",
        ) from error
    return Artifacts(store)
