"""Two revisions of this project side by side: their files, their processes."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from serve.commands.private import launched, short_folder

REPOSITORY: Final = Path(__file__).parents[1]


@contextmanager
def tree_of(revision: str, repository: Path = REPOSITORY) -> Iterator[Path]:
    """The files of a commit, branch or tag in a folder that is gone when the block ends.

    Raises ValueError, with git's words, where there is no such revision.
    """
    with tempfile.TemporaryDirectory(prefix="revision-", dir=short_folder()) as folder:
        tree = Path(folder) / "tree"
        # What begins with a dash would be an option.
        commit = _git(
            repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"
        )
        _git(repository, "worktree", "add", "--quiet", "--detach", str(tree), commit.strip())
        try:
            yield tree
        finally:
            _git(repository, "worktree", "remove", "--force", str(tree))


def _git(repository: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return done.stdout


def environment_of(tree: Path, **more: str) -> dict[str, str]:
    """The environment in which our interpreter runs the tree's code."""
    return {**os.environ, "PYTHONPATH": str(tree), **more}


def served(tree: Path) -> AbstractContextManager[tuple[str, int]]:
    """A server of the tree's code and embedded engines: its address, and its first process.

    Raises AvatarError `internal`, with the stages' own words, where it does not come up.
    """
    return launched(tree / "config/local.yaml", environment_of(tree), tree=tree)
