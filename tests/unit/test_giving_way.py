"""Processes that give way: every thread of theirs stands behind those of all others."""

import subprocess
import sys
from textwrap import dedent

import pytest

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities on Linux only")

SCRIPT = dedent("""
    import os, threading

    from deployments.giving_way import give_way

    def mine():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found, given = [], threading.Event()
    before = threading.Thread(target=lambda: (given.wait(10), found.append(mine())))
    before.start()
    give_way()
    given.set()
    after = threading.Thread(target=lambda: found.append(mine()))
    after.start()
    before.join(), after.join()
    print(*found, mine())
""")


@LINUX
def test_threads_from_before_and_after_stand_last() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["19", "19", "19"]
