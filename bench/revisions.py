"""Two revisions of this project side by side: their files, their processes."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from serve.commands.private import free_port, short_folder, stop

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


@contextmanager
def served(tree: Path) -> Iterator[tuple[str, int]]:
    """A server of the tree's code and embedded engines: its address, and its first process.

    Raises RuntimeError where it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="avatar-", dir=short_folder()) as folder:
        command = [sys.executable, "-m", "deployments.launch", str(tree / "config/local.yaml")]
        server = subprocess.Popen(
            [*command, "--port", str(free_port()), "--private"],
            cwd=tree,
            env=environment_of(
                tree, AVATAR_DATA_DIR=f"{folder}/data", AVATAR_RAY_DIR=f"{folder}/ray"
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield _address(server), server.pid
        finally:
            stop(server)


def _address(server: "subprocess.Popen[str]") -> str:
    for line in server.stdout or ():
        word, _, url = line.strip().partition(" ")
        if word == "ready":
            return url
    raise RuntimeError("the server of a revision did not come up; its complaints are above")
