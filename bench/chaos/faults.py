"""What can go wrong, each by its name. When a fault returns it is done, and undone if need be.

Victims are processes of the chaos's own cluster only (`ServiceCluster.victims`).
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.chaos.cluster import HostError
from bench.chaos.config import REPLICAS
from bench.chaos.world import World
from deployments.director.holding import LEASE

Fault = Callable[[World, random.Random], None]

FIND_SECONDS: Final = 20.0
"""How long a fault waits for a victim: what was killed just before must come back first."""
AWAY: Final = (0.8, 3.0)
"""Seconds, from and to, that the records, the store or the disk are away."""
FROZEN: Final = LEASE + 4.0
"""Seconds that a director is frozen: past its lease, and past the next sweep."""


def kill_replica(deployment: str) -> Fault:
    """A fault that kills one replica of a deployment from one moment to the next."""

    def kill(world: World, rng: random.Random) -> None:
        _kill(rng.choice(_found(lambda: world.cluster.replicas(deployment))))

    return kill


def kill_proxy(world: World, rng: random.Random) -> None:
    """Kill Serve's HTTP proxy: every open connection breaks."""
    _kill(rng.choice(_found(lambda: world.cluster.victims("SERVE_PROXY_ACTOR"))))


def kill_controller(world: World, rng: random.Random) -> None:
    """Kill Serve's controller, which starts and watches everything else."""
    _kill(rng.choice(_found(lambda: world.cluster.victims("SERVE_CONTROLLER_ACTOR"))))


def kill_node(world: World, rng: random.Random) -> None:
    """A machine of the cluster is gone with all on it; after a while another one joins."""
    world.cluster.ask("kill_node")
    time.sleep(rng.uniform(*AWAY))
    _surely(world, "add_node")


def restart_ray(world: World, rng: random.Random) -> None:
    """All of Ray is gone at once, and started again."""
    world.cluster.kill()
    world.cluster.start()


def stop_database(world: World, rng: random.Random) -> None:
    """PostgreSQL is stopped, by hand or by a crash, and started again."""
    world.records.stop(rng.choice((signal.SIGINT, signal.SIGQUIT)))
    time.sleep(rng.uniform(*AWAY))
    world.records.start()


def fill_disk(world: World, rng: random.Random) -> None:
    """The artifacts' disk is full to the last byte for a while."""
    filler = world.disk / "filler"
    try:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(2**20))
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(512))
        time.sleep(rng.uniform(*AWAY))
    finally:
        filler.unlink()


def break_store(world: World, rng: random.Random) -> None:
    """The artifacts' disk takes no writes, as one that has errors: it is mounted read-only."""
    deadline = time.monotonic() + FIND_SECONDS
    while _remount(world.disk, "ro").returncode:  # while a file is just being written
        if time.monotonic() > deadline:
            raise HostError("the disk is written to without a pause")
        time.sleep(0.02)
    time.sleep(rng.uniform(*AWAY))
    _remount(world.disk, "rw").check_returncode()


def _remount(disk: Path, how: str) -> "subprocess.CompletedProcess[bytes]":
    command = ["mount", "-o", f"remount,{how}", str(disk)]
    return subprocess.run(command, check=False, capture_output=True)


def scale_directors(world: World, rng: random.Random) -> None:
    """Directors are scaled down with jobs running, and up again."""
    _surely(world, "scale", deployment="Director", replicas=1)
    time.sleep(rng.uniform(*AWAY))
    _surely(world, "scale", deployment="Director", replicas=REPLICAS["Director"])


def freeze_director(world: World, rng: random.Random) -> None:
    """A director stands still past its leases, and then goes on writing: a zombie."""
    victim = rng.choice(_found(lambda: world.cluster.replicas("Director")))
    freeze(victim, FROZEN)


def freeze(process: int, seconds: float) -> None:
    """Stop a process for a while."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
    time.sleep(seconds)
    with suppress(ProcessLookupError):  # Serve may have killed it meanwhile
        os.kill(process, signal.SIGCONT)


STAGES: Final = ("Speech", "Lipsync", "Encode", "Face", "Portrait")

FAULTS: Final[Mapping[str, Fault]] = {
    **{f"kill {name.lower()}": kill_replica(name) for name in (*STAGES, "Director", "Ingress")},
    "kill proxy": kill_proxy,
    "kill controller": kill_controller,
    "kill node": kill_node,
    "restart ray": restart_ray,
    "stop database": stop_database,
    "fill disk": fill_disk,
    "break store": break_store,
    "scale directors": scale_directors,
    "freeze director": freeze_director,
}
"""By the name that the report has."""

OFTEN: Final = 4
SELDOM: Final[Mapping[str, int]] = {"restart ray": 1, "kill node": 2, "freeze director": 2}
"""How often a fault comes in a round of all of them, where not OFTEN: these take long."""
TOUCHES: Final[Mapping[str, str]] = {"fill disk": "disk", "break store": "disk"}
"""What faults of several names work on, one at a time."""
RESTART: Final = "restart ray"
TAKES: Final[Mapping[str, float]] = {RESTART: 75.0, "freeze director": FROZEN}
"""Seconds, about, that a fault takes, where they are many."""


def rounds(rng: random.Random) -> Iterator[str]:
    """Faults for ever, each round in an order of its own."""
    while True:
        bag = [name for name in FAULTS for _ in range(SELDOM.get(name, OFTEN))]
        rng.shuffle(bag)
        yield from bag


def strike(name: str, world: World, rng: random.Random) -> float:
    """Do it. Returns the seconds that it took. Raises HostError where there is no victim."""
    with world.one_at_a_time(TOUCHES.get(name, name)):
        began = time.monotonic()
        FAULTS[name](world, rng)
        return time.monotonic() - began


def _surely(world: World, what: str, **arguments: object) -> None:
    """Ask until it is done: Serve's controller may just have been killed. Raises HostError."""
    deadline = time.monotonic() + FIND_SECONDS
    while True:
        try:
            world.cluster.ask(what, **arguments)
            return
        except HostError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def _found(look: Callable[[], list[int]]) -> list[int]:
    """Living victims, waited for. Raises HostError."""
    deadline = time.monotonic() + FIND_SECONDS
    while not (victims := [v for v in look() if Path(f"/proc/{v}").exists()]):
        if time.monotonic() > deadline:
            raise HostError("no victim: none has come back")
        time.sleep(0.2)
    return victims


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
