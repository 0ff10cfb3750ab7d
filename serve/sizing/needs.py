"""What a load takes, as it is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serve.sizing.demand import Demand


@dataclass(frozen=True, slots=True)
class StageNeed:
    """What a stage must have at the peak; None where its cost was not measured."""

    stage: str
    engine: str
    group: str
    busy_cores: float | None
    busy_gpus: float | None
    replicas: int | None
    max_replicas: int | None
    """What to allow: the peak's and the headroom."""
    configured: int
    """What the config allows now."""
    not_measured: str
    """Empty, or what is missing."""


@dataclass(frozen=True, slots=True)
class GroupNeed:
    """Machines of one group at the peak; None where a stage of it was not measured."""

    group: str
    machines: int | None
    most: int
    """What the overlay allows now."""


@dataclass(frozen=True, slots=True)
class Work:
    """Means over videos; GPU figures are None where one of them was not measured."""

    cpu_seconds_per_minute: float
    gpu_seconds_per_minute: float | None
    cost_per_minute: float | None
    """At the utilisation asked for; None without prices, or where figures are missing."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What goes to the store, the records and the network."""

    stored_bytes_a_day: float
    stored_bytes_kept: float | None
    """None where videos are kept for ever."""
    requests_a_second: Mapping[str, float]
    records_a_second: Mapping[str, float]
    rows_kept: float | None
    segments_a_second: float
    sent_bits_a_second: float
    """To clients, at the peak."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """All of it. `a second` is of the peak."""

    profile: str
    demand: Demand
    videos_a_second: float
    video_seconds_a_second: float
    jobs_under_way: float | None
    """None where no video of this profile was timed."""
    active_jobs: int | None
    """Jobs to let in at once: seldom more are under way, at the peak."""
    stages: Sequence[StageNeed]
    beside_cores: Mapping[str, float]
    """Busy cores of what is no stage."""
    cores: float
    """To have in all, at the utilisation asked for, of what was measured."""
    gpus: Mapping[str, float | None]
    """To have, by group, likewise."""
    groups: Sequence[GroupNeed]
    work: Work
    flow: Flow
    not_measured: Sequence[str]
    interpolated: bool
    """True where figures lie between those of two measured sizes."""
