"""What engines run on reports to nobody, and leaves nothing in the home directory."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from serve.settings import Settings

ROOT: Final = Path(__file__).parents[2]
WARMED: Final = """
from deployments.in_a_row import engine_configs
from deployments.loading import load_engine
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings

for stage, config in engine_configs(LOCAL_CONFIG).items():
    getattr(load_engine(config, Settings()), "warm_up", lambda: None)()
    print(stage)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def connections(home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the kernel was asked to connect and send to while every engine was made ready."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: nobody watched")
    log = tmp_path_factory.mktemp("watched") / "connections"
    watched = [strace, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(log)]
    # No word of continuous integration, where libraries report less.
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AVATAR_WEIGHTS_DIR": str(Settings().weights_dir),
    }
    command = [*watched, sys.executable, "-c", WARMED]
    told = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert {"Portrait", "Face", "Speech", "Lipsync"} <= set(told.stdout.split())
    return log.read_text()


def test_engines_call_nobody(connections: str) -> None:
    assert re.findall(r"sa_family=AF_INET6?\b.*", connections) == []


def test_engines_leave_nothing_at_home(connections: str, home: Path) -> None:
    assert list(home.rglob("*")) == []
