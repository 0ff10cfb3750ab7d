"""A Serve config file as a share-out of GPUs: what each deployment takes, and whether it fits."""

from collections.abc import Iterator, Sequence
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

    @property
    def needs_mb(self) -> int:
        """MiB of each replica, its context included."""
        return self.memory_mb + CONTEXT_MB


def shares(config: Path) -> list[Share]:
    """The deployments of a config file that use a GPU."""
    loaded = yaml.safe_load(config.read_text())
    deployments = [one for app in loaded["applications"] for one in app["deployments"]]
    return [share for share in map(_share, deployments) if share.num_gpus > 0]


def _share(deployment: dict[str, Any]) -> Share:
    user = deployment.get("user_config") or {}
    scaling = deployment.get("autoscaling_config") or {}
    return Share(
        deployment["name"],
        user.get("engine", ""),
        int(scaling.get("max_replicas", deployment.get("num_replicas", 1))),
        float(deployment.get("ray_actor_options", {}).get("num_gpus", 0)),
        int(user.get("options", {}).get("memory_mb", 0)),
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
