"""A private server ends with the command that started it, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from serve.commands.private import LOCAL_CONFIG, free_port

HOLDER = """
import time
from serve.commands.private import private_server
with private_server() as url:
    print(url, flush=True)
    time.sleep(600)
"""


def descendants(of: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = [of]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[1:]


def alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_killed_command_leaves_no_process_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, env=environment
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().startswith("http://127.0.0.1:")
        started = descendants(holder.pid)
        assert len(started) > 5
        holder.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while any(alive(process) for process in started):
        assert time.monotonic() < deadline, [p for p in started if alive(p)]
        time.sleep(0.2)


def test_a_server_that_is_interrupted_while_it_starts_ends_without_serving(tmp_path: Path) -> None:
    environment = {**os.environ, "AVATAR_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "deployments.launch", str(LOCAL_CONFIG)]
    with subprocess.Popen(
        [*command, "--port", str(free_port())],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as server:
        while not (started := descendants(server.pid)) and server.poll() is None:
            time.sleep(0.1)
        server.send_signal(signal.SIGINT)
        said, _ = server.communicate(timeout=120)
    assert server.returncode == 0
    assert "ready" not in said
    assert not any(alive(process) for process in started)
