"""The state in which uploads are decoded: nothing more can be opened."""

import os
import resource
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import media
from media.errors import AvatarError

OURS: Final = frozenset(path.name for path in Path(media.__file__).parent.glob("*.py"))


@contextmanager
def shut() -> Iterator[None]:
    """Every open() and socket() fails in the block, as in the limited process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_open_files(), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _open_files() -> int:
    """One more than the highest number of an open file, all lower ones taken."""
    free = os.dup(0)
    os.close(free)
    return free


def was_taken(answer: dict[str, Any], faults: Collection[str]) -> bool:
    """Whether the decoder gave a report; a refusal must be one of its faults, and not our own.

    Libraries raise anything on hostile bytes; an exception out of our own lines is a fault of ours,
    and so is whatever is opened meanwhile.
    """
    assert not answer.get("locked_out"), "something was opened while decoding"
    where = answer.get("error", "")
    assert where.rpartition(" in ")[2].partition(":")[0] not in OURS, (
        f"our own line failed: {where}"
    )
    fault = answer.get("fault")
    assert fault is None or fault in faults, f"an unknown fault {fault!r}"
    return fault is None


def refusal(decode: Callable[[], object]) -> str:
    """The code by which the service's own decoder refuses, or "" where it reads."""
    try:
        decode()
    except AvatarError as error:
        return error.code
    return ""
