"""Artifacts in an object store: a local folder by default, S3 and its like by URL.

Writes are atomic: a reader sees the whole artifact or none.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
import obstore.exceptions
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from serve.storage import keys

CHUNK: int = 256 * 1024
"""Bytes handed over at a time when an artifact is streamed."""


@dataclass(frozen=True, slots=True)
class About:
    """An artifact's size in bytes and the tag that changes with its content."""

    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Artifacts by key. Every call raises ValueError for a key not made like those in `keys`."""

    store: ObjectStore

    async def put(self, key: str, data: bytes | Path | Iterable[bytes]) -> None:
        """Write an artifact whole, from bytes, a file or pieces in a row."""
        await obstore.put_async(self.store, keys.check(key), data)

    async def get(self, key: str) -> bytes:
        """All bytes of an artifact. Raises FileNotFoundError."""
        found = await obstore.get_async(self.store, keys.check(key))
        return bytes(await found.bytes_async())

    async def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Bytes [start, stop), fewer where the artifact ends. Raises FileNotFoundError."""
        stop = min(stop, await self.size(key))
        if start >= stop:
            return b""
        return bytes(
            await obstore.get_range_async(self.store, keys.check(key), start=start, end=stop)
        )

    async def stream(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Bytes [start, stop) of an artifact that has them, piece by piece."""
        if start < stop:
            options: obstore.GetOptions = {"range": (start, stop)}
            found = await obstore.get_async(self.store, keys.check(key), options=options)
            async for piece in found.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

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

    async def delete(self, key: str) -> None:
        """Remove one artifact; one that is gone already is no error."""
        try:
            await obstore.delete_async(self.store, keys.check(key))
        except FileNotFoundError:
            return

    async def delete_prefix(self, prefix: str) -> None:
        """Remove everything below a prefix that ends in a slash."""
        if not prefix.endswith("/"):
            raise ValueError("a prefix to delete ends in a slash")
        keys.check(prefix[:-1])
        found = await obstore.list(self.store, prefix=prefix).collect_async()
        for meta in found:
            await self.delete(meta["path"])


def is_out_of_reach(error: BaseException) -> bool:
    """True where the store cannot be reached now, or is full."""
    faults = (OSError, obstore.exceptions.GenericError)
    return isinstance(error, faults) and not isinstance(error, FileNotFoundError)


def open_artifacts(url: str) -> Artifacts:
    """Open the store at a URL: `file:///…` (made if missing), `memory:///`, `s3://…`."""
    if url.startswith("memory:"):
        return Artifacts(MemoryStore())
    if url.startswith("file:"):
        folder = Path(unquote(urlsplit(url).path))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Artifacts(LocalStore(folder, mkdir=True, automatic_cleanup=True))
    return Artifacts(from_url(url))
