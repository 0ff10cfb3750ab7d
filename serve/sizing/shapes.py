"""What replicas and machines are like: from a Serve config, and from the production overlay."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

MACHINES: Final = Path(__file__).with_name("machines.toml")
NO_VIDEOS: Final = frozenset({"Cloning"})
"""Stages that no video asks anything of."""
SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Stage:
    """A deployment of a Serve config, as far as its size goes."""

    name: str
    engines: tuple[str, ...]
    """Whose costs are its own: the dearest of these counts. Without an engine, its name."""
    group: str
    cores: float
    """That a replica may keep busy."""
    gpus: float
    """Share of a card that a replica has."""
    fewest: int
    most: int
    ongoing: float
    """Requests that a replica is meant to have under way."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a worker of a group has, and how many of them the overlay allows."""

    group: str
    cpus: float
    gpus: float
    memory_gib: float
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What one replica takes of a machine."""

    cores: float
    gpus: float
    memory_gib: float


def machines() -> dict[str, Machine]:
    """The production overlay's, by group."""
    found = tomllib.loads(MACHINES.read_text())
    return {group: Machine(group, **about) for group, about in found.items()}


def stages(config: Path) -> list[Stage]:
    """The deployments of a shipped Serve config that work for videos."""
    (application,) = yaml.safe_load(config.read_text())["applications"]
    return [_stage(one) for one in application["deployments"] if one["name"] not in NO_VIDEOS]


def _stage(deployment: Mapping[str, Any]) -> Stage:
    user = deployment.get("user_config") or {}
    actor = deployment.get("ray_actor_options") or {}
    scaling = deployment.get("autoscaling_config") or {}
    fixed = deployment.get("num_replicas", 1)
    group = next(iter(actor.get("resources", {})), "")
    # Fractions of a core in configs for one machine only let Ray pack: there the engine's threads
    # say what a replica can do.
    threads = float(user.get("threads", 1) * user.get("workers", 1))
    return Stage(
        name=deployment["name"],
        engines=_engines(user) or (deployment["name"],),
        group=group.removeprefix("on-") or "cpu",
        cores=float(actor["num_cpus"]) if group else threads,
        gpus=float(actor.get("num_gpus", 0)),
        fewest=int(scaling.get("min_replicas", fixed)),
        most=int(scaling.get("max_replicas", fixed)),
        ongoing=float(scaling.get("target_ongoing_requests", deployment["max_ongoing_requests"])),
    )


def _engines(user: Mapping[str, Any]) -> tuple[str, ...]:
    several = (user.get("options") or {}).get("engines")  # of deployments.speech.several
    names = str(several).split(",") if several else [user.get("engine", "")]
    return tuple(name.strip() for name in names if name.strip())


def machines_for(pieces: Iterable[Piece], machine: Machine) -> int:
    """How many machines hold all, the largest laid first, each where it fits first.

    Raises ValueError for a piece that fits no machine of the kind.
    """
    free: list[list[float]] = []
    for piece in sorted(pieces, key=lambda one: (one.gpus, one.cores), reverse=True):
        asked = (piece.cores, piece.gpus, piece.memory_gib)
        place = next((left for left in free if _fits(asked, left)), None)
        if place is None:
            place = [machine.cpus, machine.gpus, machine.memory_gib]
            if not _fits(asked, place):
                raise ValueError(f"no machine of {machine.group} holds {piece}")
            free.append(place)
        place[:] = [has - takes for has, takes in zip(place, asked, strict=True)]
    return len(free)


def _fits(asked: tuple[float, ...], left: list[float]) -> bool:
    return all(takes <= has + SLACK for takes, has in zip(asked, left, strict=True))
