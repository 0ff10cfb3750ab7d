"""Taking single files out of archives, checked and never half."""

import gzip
import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from serve.weights.manifest import Archive, WeightFile
from serve.weights.transfer import SourceError

_CHUNK: Final = 1 << 20

_DAMAGED: Final = (
    KeyError,  # no such member
    EOFError,
    gzip.BadGzipFile,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


def is_intact(path: Path, sha256: str, size: int) -> bool:
    """True when the file is there with this size and sha256."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def place(file: WeightFile, parts: Sequence[tuple[Path, str | None]], folder: Path) -> WeightFile:
    """Write `file` into `folder`, joined from members of archives, in one step; say what it is.

    `parts` holds archives with a path inside each (None: the archive is itself the part). The
    bytes go to a temporary name beside the target, which gets its own name only when the sha256
    fits, or none is pinned, and the bytes are on the disk. No more than `file.size` bytes are ever
    written where it is known.

    Raises:
        SourceError: when a member is missing, damaged or not what the manifest says.
    """
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    chunks = (chunk for archive, member in parts for chunk in _chunks(archive, member))
    digest, written = hashlib.sha256(), 0
    try:
        with temporary.open("wb") as output:
            for chunk in chunks:
                written += len(chunk)
                if file.size is not None and written > file.size:
                    break
                digest.update(chunk)
                output.write(chunk)
            found = WeightFile(file.name, digest.hexdigest(), written)
            if file not in (found, WeightFile(file.name, None, None)):
                raise SourceError(f"{file.name} is not the file that the manifest pins")
            output.flush()
            os.fsync(output.fileno())
        temporary.replace(target)
        _sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return found


def parts_of(
    file: WeightFile, archives: Sequence[tuple[Archive, Path]]
) -> list[tuple[Path, str | None]]:
    """Where the bytes of `file` lie, in the archives' order."""
    return [
        (path, archive.members[file.name])
        for archive, path in archives
        if file.name in archive.members
    ]


def _chunks(archive: Path, member: str | None) -> Iterator[bytes]:
    try:
        with _open(archive, member) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except _DAMAGED as error:
        raise SourceError(f"{archive.name} gives no intact {member}") from error


@contextmanager
def _open(archive: Path, member: str | None) -> Iterator[IO[bytes]]:
    if member is None:
        with archive.open("rb") as plain:
            yield plain
    elif zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed, packed.open(member) as unpacked:
            yield unpacked
    else:
        with tarfile.open(archive, "r:*") as tar:
            # Links would lead to other members: only a plain file is taken.
            found = tar.extractfile(member) if tar.getmember(member).isfile() else None
            if found is None:
                raise KeyError(member)
            with found:
                yield found


def _sync_folder(folder: Path) -> None:
    """Make the new name itself last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
