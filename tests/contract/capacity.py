"""Whether groups of machines hold what a Serve config asks for at most."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from serve.profiles import misfits, shares_of

CARD_MB: Final = {"gpu-small": 15_360, "gpu-large": 40_960}
"""Memory of the smallest card that a group is for: a T4, an A100 of 40 GB."""
SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Group:
    """Machines of one kind."""

    name: str
    machines: int
    """At most."""
    resources: Mapping[str, float]
    """Of each, by Ray's names."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What each replica of a deployment asks for."""

    deployment: str
    replicas: int
    """At most."""
    resources: Mapping[str, float]


def demands(config: Mapping[str, Any]) -> list[Demand]:
    """Of all deployments of a Serve config."""
    (application,) = config["applications"]
    return [_demand(one) for one in application["deployments"]]


def _demand(deployment: Mapping[str, Any]) -> Demand:
    actor = deployment.get("ray_actor_options", {})
    scaling = deployment.get("autoscaling_config") or {}
    replicas = scaling.get("max_replicas", deployment.get("num_replicas", 1))
    resources = {"CPU": actor.get("num_cpus", 1), "GPU": actor.get("num_gpus", 0)}
    return Demand(deployment["name"], replicas, resources | actor.get("resources", {}))


def capacity_faults(config: Mapping[str, Any], groups: Sequence[Group]) -> Iterator[str]:
    """What finds no place with every deployment at its most, a sentence each."""
    free = [dict(group.resources) for group in groups for _ in range(group.machines)]
    wanted = sorted(demands(config), key=lambda one: _size(one.resources), reverse=True)
    for demand in wanted:
        placed = sum(_place(demand.resources, free) for _ in range(demand.replicas))
        if placed < demand.replicas:
            asked = {name: amount for name, amount in demand.resources.items() if amount}
            yield f"{demand.deployment}: {placed} of {demand.replicas} find room for {asked}."
    for group in groups:
        cards = group.machines * int(group.resources.get("GPU", 0))
        if cards:
            here = [s for s in shares_of(config) if not s.group or s.group in group.resources]
            yield from misfits(here, cards, CARD_MB[group.name])


def _size(resources: Mapping[str, float]) -> tuple[float, float]:
    return resources["GPU"], resources["CPU"]


def _place(asked: Mapping[str, float], free: list[dict[str, float]]) -> bool:
    for machine in free:
        if all(machine.get(name, 0) + SLACK >= amount for name, amount in asked.items()):
            for name, amount in asked.items():
                machine[name] = machine.get(name, 0) - amount
            return True
    return False
