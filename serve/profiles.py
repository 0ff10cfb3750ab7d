"""A Serve config file as a share-out of GPUs: what each deployment takes, and whether it fits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

CONTEXT_MB: Final = 600
"""MiB that a process's CUDA context and its libraries take beside what the engine allocates.
`/v1/system` gives each replica's own figure where the driver tells it."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one deployment takes of the GPUs."""

    deployment: str
    engine: str
    replicas: int
    """At most."""
    num_gpus: float
    """Of each replica."""
    memory_mb: int
    """Cap of each replica's engine, MiB; 0: none is set."""
    group: str = ""
    """Custom resource that binds it to a group of machines; empty: any machine with a GPU."""

    @property
    def needs_mb(self) -> int:
        """MiB of each replica, its context included."""
        return self.memory_mb + CONTEXT_MB


def shares(config: Path) -> list[Share]:
    """The deployments of a config file that use a GPU."""
    return shares_of(yaml.safe_load(config.read_text()))


def shares_of(config: Mapping[str, Any]) -> list[Share]:
    """The deployments of a Serve config that use a GPU."""
    deployments = [one for app in config["applications"] for one in app["deployments"]]
    return [share for share in map(_share, deployments) if share.num_gpus > 0]


def _share(deployment: dict[str, Any]) -> Share:
    user = deployment.get("user_config") or {}
    scaling = deployment.get("autoscaling_config") or {}
    actor = deployment.get("ray_actor_options") or {}
    return Share(
        deployment["name"],
        user.get("engine", ""),
        int(scaling.get("max_replicas", deployment.get("num_replicas", 1))),
        float(actor.get("num_gpus", 0)),
        int(user.get("options", {}).get("memory_mb", 0)),
        next(iter(actor.get("resources", {})), ""),
    )


def misfits(wanted: Sequence[Share], cards: int, card_mb: int) -> Iterator[str]:
    """What is wrong with a share-out on so many cards of so many MiB each, a sentence each.

    Ray packs replicas by their fractions alone, so any packing fits exactly where each replica
    keeps to its own fraction of a card's memory.
    """
    for share in wanted:
        if not share.memory_mb:
            yield f"{share.deployment} shares a GPU without a cap: set its option memory_mb."
        elif share.needs_mb > share.num_gpus * card_mb:
            yield (
                f"{share.deployment} may take {share.needs_mb} MiB, which is more than "
                f"{share.num_gpus:g} of a card of {card_mb} MiB: raise num_gpus or lower memory_mb."
            )
    total = sum(share.replicas * share.num_gpus for share in wanted)
    if total > cards + 1e-9:
        yield f"All replicas together take {total:g} GPUs, and there are {cards}."
    elif (packed := _cards(wanted)) > cards:
        yield f"No replica is split over cards, so all together need {packed}: there are {cards}."


def _cards(wanted: Sequence[Share]) -> int:
    """Cards that hold all replicas, the largest laid first, each where it fits first."""
    free: list[float] = []
    for part in sorted((s.num_gpus for s in wanted for _ in range(s.replicas)), reverse=True):
        place = next((n for n, left in enumerate(free) if part <= left + 1e-9), None)
        if place is None:
            free.append(1 - part)
        else:
            free[place] -= part
    return len(free)
