"""The chaos service seen from outside: started, asked, struck, started again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.chaos.config import AT_ZERO
from bench.processes import tree

START_SECONDS: Final = 240.0
ANSWER_SECONDS: Final = 90.0
KILL_SECONDS: Final = 20.0


class HostError(RuntimeError):
    """The host did not answer, or answered that it could not."""


@dataclass
class ServiceCluster:
    """The service's processes. `environment` says where its records and artifacts are."""

    config: Path
    ray_folder: Path
    log: Path
    environment: dict[str, str]
    port: int
    host: "subprocess.Popen[str] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the cluster and the application; returns when every stage runs."""
        with self.log.open("a") as log:
            self.host = subprocess.Popen(
                [sys.executable, "-m", "bench.chaos.host", str(self.config), str(self.ray_folder)],
                env={**os.environ, **self.environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        if self._line(START_SECONDS) != "ready":
            self.kill()
            raise HostError(f"the service did not start: see {self.log}")

    def kill(self) -> None:
        """End every process of the cluster at once, as a power cut does."""
        if self.host is None:
            return
        with suppress(ProcessLookupError):
            self.host.send_signal(signal.SIGSTOP)  # so that it starts nothing anew meanwhile
        deadline = time.monotonic() + KILL_SECONDS
        # Looked for again: what was just being started is found too.
        while victims := [p for p in self._processes() if p != self.host.pid and _alive(p)]:
            if time.monotonic() > deadline:
                raise HostError("processes of the cluster do not die")
            for process in victims:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.05)
        self.host.kill()
        self.host.wait()
        for pipe in (self.host.stdin, self.host.stdout):
            if pipe is not None:
                pipe.close()
        self.host = None

    def ask(self, what: str, **arguments: Any) -> Any:
        """One of the methods of `bench.chaos.host.Host`. Raises HostError."""
        with self._lock:
            if self.host is None or self.host.stdin is None:
                raise HostError("the cluster is down")
            try:
                self.host.stdin.write(json.dumps({"ask": what, **arguments}) + "\n")
                self.host.stdin.flush()
            except OSError as error:
                raise HostError("the host is gone") from error
            answer = self._line(ANSWER_SECONDS)
        if not isinstance(answer, dict) or "answer" not in answer:
            raise HostError(str(answer))
        return answer["answer"]

    def victims(self, name: str) -> list[int]:
        """Process ids of living actors whose name begins so, all of them this cluster's own."""
        own = set(self._processes())
        return [
            actor["pid"]
            for actor in self.ask("processes")
            if actor["name"].startswith(name) and actor["pid"] in own
        ]

    def replicas(self, deployment: str) -> list[int]:
        """Process ids of a deployment's living replicas."""
        return self.victims(f"SERVE_REPLICA::avatar#{deployment}#")

    def until_running(self, seconds: float = 120.0) -> None:
        """Wait until every deployment has the replicas that the config names, all running."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(HostError):
                states = self.ask("states")
                asked = [found for name, found in states.items() if name not in AT_ZERO]
                if all(set(found) == {"RUNNING"} for found in asked):
                    return
            if time.monotonic() > deadline:
                raise HostError("the service did not recover")
            time.sleep(0.3)

    def _processes(self) -> list[int]:
        return tree(self.host.pid) if self.host is not None else []

    def _line(self, seconds: float) -> Any:
        """The host's next line; None where it ends or says nothing for so long."""
        assert self.host is not None  # noqa: S101 - both callers have started it
        stdout, found = self.host.stdout, []
        assert stdout is not None  # noqa: S101 - piped above

        def read() -> None:
            with suppress(ValueError, OSError):
                found.append(stdout.readline())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(seconds)
        with suppress(ValueError):
            return json.loads(found[0]) if found else None
        return None


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
