"""Steps write their results in shards, each whole or not at all, so that a cut run goes on."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Work = TypeVar("Work")
Arrays = dict[str, NDArray[Any]]


def shared_work(what: str) -> argparse.ArgumentParser:
    """The options of a step that several processes may share."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("data", type=Path)
    parser.add_argument("--share", default="1/1", help="2/3: the second of three processes")
    return parser


def my_part(work: Sequence[Work], share: str) -> Sequence[Work]:
    """What is this process's own to do: of "2/3" every third piece, from the second on."""
    mine, of = (int(part) for part in share.split("/"))
    return work[mine - 1 :: of]


def finished(folder: Path) -> list[Path]:
    """The shards of a step, in order."""
    return sorted(path for path in folder.glob("[0-9]*.npz") if ".part" not in path.name)


def missing(
    folder: Path, numbers: range, size: int, share: str = "1/1"
) -> Iterator[tuple[Path, range]]:
    """The shards that are still to be made of `numbers`, `size` a shard, with the numbers of each.

    `share` "2/3" leaves two of three shards to other processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for first in my_part(range(0, len(numbers), size), share):
        part = numbers[first : first + size]
        path = folder / f"{part.start:06d}.npz"
        if not path.exists():
            yield path, part


def write(path: Path, arrays: Arrays) -> None:
    """Write one shard."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)  # type: ignore[arg-type]  # numpy's own options come after arrays
    part.replace(path)


def load(folder: Path, every: int = 1) -> Arrays:
    """All shards as one, of every so manieth person. Raises SystemExit where there is none."""
    shards = [_of_every(every, dict(np.load(path))) for path in finished(folder)]
    if not shards:
        raise SystemExit(f"{folder} holds nothing: run the step before this one first")
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}


def _of_every(every: int, shard: Arrays) -> Arrays:
    if every == 1:
        return shard
    chosen = shard["person"] % every == 0
    return {name: values[chosen] for name, values in shard.items()}
