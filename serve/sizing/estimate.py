"""What a load takes: replicas, machines, store, records, network, by arithmetic over figures.

A stage is busy (videos that begin in a second) x (seconds that one takes of it) cores or cards, and
gets so many replicas that they are busy for no more than the utilisation asked for. Jobs under way
follow from Little's law, L = lambda W (Operations Research 9 (3), 1961). W is the time of a video
made alone, divided by (1 - utilisation): the mean of a server that shares itself among its jobs
(M/G/1-PS, Kleinrock 1976, vol. 2, 4.4), and more than several servers would need. Jobs that come
by themselves are under way in a Poisson distribution, whose mean plus four deviations is exceeded
by one moment in thousands.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from media.errors import AvatarError
from serve.sizing.demand import Demand, Prices
from serve.sizing.figures import Cost, Engine, Figures
from serve.sizing.needs import Estimate, Flow, GroupNeed, StageNeed, Work
from serve.sizing.shapes import Machine, Piece, Stage, machines_for

FACES: Final = frozenset({"Portrait", "Face"})
"""Stages that work where a face comes in: gallery faces and kept avatars ask nothing of them."""
FOLLOWS: Final = frozenset({"Director", "Ingress"})
"""Stages that hold a request for each video under way: its call, and whoever follows it."""

NO_PRICES = Prices()


def estimate(
    profile: str,
    demand: Demand,
    wanted: Sequence[Stage],
    machines: Mapping[str, Machine],
    figures: Figures,
    prices: Prices = NO_PRICES,
) -> Estimate:
    """What the demand takes of these stages.

    Raises AvatarError `invalid_request` for a size outside those that were measured.
    """
    _require_size(demand, figures)
    ongoing = _jobs_under_way(profile, demand, figures)
    needs = [_need(stage, demand, figures, ongoing) for stage in wanted]
    beside = {name: demand.rate * entry.cpu.of(demand) for name, entry in figures.beside.items()}
    missing = [f"{need.stage}: {need.not_measured}" for need in needs if need.not_measured]
    missing += [
        f"{need.stage}: memory of {need.engine}; machines are counted without it"
        for need in needs
        if need.replicas and not _memory(need, figures)
    ]
    if ongoing is None:
        missing.append("jobs under way: no video of this profile was timed")
    busy = sum(need.busy_cores or 0.0 for need in needs) + sum(beside.values())
    used = [group for group in machines if any(stage.group == group for stage in wanted)]
    return Estimate(
        profile=profile,
        demand=demand,
        videos_a_second=demand.rate,
        video_seconds_a_second=demand.rate * demand.seconds,
        jobs_under_way=ongoing,
        active_jobs=None if ongoing is None else math.ceil(ongoing + 4.0 * math.sqrt(ongoing)),
        stages=needs,
        beside_cores=beside,
        cores=busy / demand.utilisation,
        gpus={g: cards for g in used if (cards := _gpus(g, needs, demand)) != 0},
        groups=[_group(machines[group], wanted, needs, figures) for group in used],
        work=_work(demand, busy, needs, prices),
        flow=_flow(demand, figures),
        not_measured=missing,
        interpolated=not figures.measured(demand.pixels),
    )


def _require_size(demand: Demand, figures: Figures) -> None:
    sizes = figures.sizes()
    if sizes is not None and not sizes[0] <= demand.pixels <= sizes[1]:
        low, high = (math.isqrt(pixels) for pixels in sizes)
        raise AvatarError(
            "invalid_request",
            f"Costs were measured from {low}x{low} to {high}x{high}, and {demand.size} is not "
            "between them: choose a size that is, or measure by `python -m bench.sizing --sizes`.",
            param="size",
        )


def _jobs_under_way(profile: str, demand: Demand, figures: Figures) -> float | None:
    alone = figures.alone.get(profile)
    if alone is None:
        return None
    return demand.rate * alone.of(demand) / (1.0 - demand.utilisation)


def _need(stage: Stage, demand: Demand, figures: Figures, ongoing: float | None) -> StageNeed:
    asleep = stage.name in FACES and not demand.painted + demand.uploaded
    asleep = asleep or (stage.name == "Portrait" and not demand.painted)
    entries = {name: figures.engines.get(name) for name in stage.engines}
    lacking = "" if asleep else _lacking(stage, entries)
    if lacking:
        engine, busy, cards = stage.engines[0], None, None
    elif asleep:
        engine, busy, cards = stage.engines[0], 0.0, 0.0
    else:
        costs = {name: _busy(stage, entry, demand) for name, entry in entries.items() if entry}
        engine, (busy, cards) = max(costs.items(), key=lambda item: item[1])
    replicas = None
    if busy is not None and cards is not None:
        replicas = max(
            stage.fewest,
            _pieces(busy, demand.utilisation * stage.cores),
            _pieces(cards, demand.utilisation * stage.gpus),
            _pieces(ongoing or 0.0, stage.ongoing) if stage.name in FOLLOWS else 0,
        )
    return StageNeed(
        stage=stage.name,
        engine=engine,
        group=stage.group,
        busy_cores=busy,
        busy_gpus=cards,
        replicas=replicas,
        max_replicas=None if replicas is None else _most(replicas, demand),
        configured=stage.most,
        not_measured=lacking,
    )


def _lacking(stage: Stage, entries: Mapping[str, Engine | None]) -> str:
    for name, entry in entries.items():
        if entry is None:
            return f"no cost of {name} was measured"
        if stage.gpus and entry.gpu is None:
            return f"no cost of {name} on a GPU was measured"
    return ""


def _busy(stage: Stage, entry: Engine, demand: Demand) -> tuple[float, float]:
    """Cores and cards."""
    cards = entry.gpu.of(demand) if stage.gpus and entry.gpu is not None else 0.0
    return demand.rate * entry.cpu.of(demand), demand.rate * cards


def _pieces(needed: float, each: float) -> int:
    """How many of `each` make up what is needed, a hair too little being enough."""
    return math.ceil(needed / each - 1e-9) if needed else 0


def _most(replicas: int, demand: Demand) -> int:
    return replicas + max(1, math.ceil(demand.headroom * replicas))


def _gpus(group: str, needs: Sequence[StageNeed], demand: Demand) -> float | None:
    here = [need.busy_gpus for need in needs if need.group == group]
    busy = [cards for cards in here if cards is not None]
    return sum(busy) / demand.utilisation if len(busy) == len(here) else None


def _group(
    machine: Machine, wanted: Sequence[Stage], needs: Sequence[StageNeed], figures: Figures
) -> GroupNeed:
    pieces: list[Piece] = []
    for stage, need in zip(wanted, needs, strict=True):
        if stage.group != machine.group:
            continue
        if need.replicas is None:
            return GroupNeed(machine.group, None, machine.most)
        piece = Piece(stage.cores, stage.gpus, _memory(need, figures))
        pieces += [piece] * need.replicas
    count = max(machine.fewest, machines_for(pieces, machine))
    return GroupNeed(machine.group, count, machine.most)


def _memory(need: StageNeed, figures: Figures) -> float:
    """GiB of a replica; 0 where it was not measured."""
    entry = figures.engines.get(need.engine)
    return (entry.memory_mb or 0) * 1e6 / 2**30 if entry else 0.0


def _work(demand: Demand, busy: float, needs: Sequence[StageNeed], prices: Prices) -> Work:
    """Per minute of video: busy cores, and cards, while a minute of video is made in a minute."""
    per_minute = 60.0 / (demand.rate * demand.seconds)
    cards = [need.busy_gpus for need in needs]
    known = [busy_cards for busy_cards in cards if busy_cards is not None]
    cpu = busy * per_minute
    gpu = sum(known) * per_minute if len(known) == len(cards) else None
    return Work(cpu, gpu, _price(cpu, gpu, prices, demand))


def _price(cpu: float, gpu: float | None, prices: Prices, demand: Demand) -> float | None:
    if gpu is None or prices.cpu_hour is None or (gpu and prices.gpu_hour is None):
        return None
    paid = cpu * prices.cpu_hour + gpu * (prices.gpu_hour or 0.0)
    return paid / 3600.0 / demand.utilisation


def _flow(demand: Demand, figures: Figures) -> Flow:
    def a_second(costs: Mapping[str, Cost], times: float = 1.0) -> dict[str, float]:
        return {name: times * demand.rate * cost.of(demand) for name, cost in costs.items()}

    def kept(a_day: float) -> float | None:
        return a_day * demand.keep_days if demand.keep_days else None

    stored = demand.a_day * figures.stored.of(demand)
    inserted = figures.records.get("inserted", Cost())
    deleted = figures.records.get("deleted", Cost())
    return Flow(
        stored_bytes_a_day=stored,
        stored_bytes_kept=kept(stored),
        requests_a_second=_added(
            a_second(figures.requests), a_second(figures.fetches, demand.views)
        ),
        records_a_second=a_second(figures.records),
        rows_kept=kept(demand.a_day * max(0.0, inserted.of(demand) - deleted.of(demand))),
        segments_a_second=demand.rate * figures.segments.of(demand),
        sent_bits_a_second=8.0 * demand.views * demand.rate * figures.fetched.of(demand),
    )


def _added(some: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    return {name: some.get(name, 0.0) + more.get(name, 0.0) for name in sorted({*some, *more})}
