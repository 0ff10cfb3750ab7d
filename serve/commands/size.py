"""`avatar-serve size`: what a load takes, from measured costs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from serve.commands.private import LOCAL_CONFIG
from serve.sizing.demand import Demand, Prices
from serve.sizing.estimate import estimate
from serve.sizing.figures import Figures, Source, load_figures
from serve.sizing.needs import Estimate
from serve.sizing.shapes import machines, stages


class Profile(StrEnum):
    """Engines to make the videos."""

    embedded = "embedded"
    gpu = "gpu"


CONFIGS: Final = {Profile.embedded: "local.yaml", Profile.gpu: "cluster.yaml"}
UNKNOWN: Final = "not measured"
WIDTH: Final = 110
"""Columns of what is not written to a terminal."""


def size(
    videos_per_hour: Annotated[float, typer.Option(help="The mean over a day.")],
    seconds: Annotated[float, typer.Option(help="Length of the mean video.")] = 30.0,
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT.")] = "512x512",
    profile: Annotated[
        Profile, typer.Option(help="Engines: config/local.yaml's, or config/cluster.yaml's.")
    ] = Profile.embedded,
    peak: Annotated[float, typer.Option(help="Times the mean that the busiest hour has.")] = 2.0,
    painted: Annotated[
        float, typer.Option(help="Share of the videos whose face is painted from words.")
    ] = 0.0,
    uploaded: Annotated[
        float, typer.Option(help="Share of the videos whose face is uploaded.")
    ] = 0.0,
    views: Annotated[float, typer.Option(help="Times that a video is fetched.")] = 1.0,
    keep_days: Annotated[float, typer.Option(help="Days that a video is kept; 0: for ever.")] = 7.0,
    utilisation: Annotated[
        float, typer.Option(help="Share of their time that replicas may be busy at the peak.")
    ] = 0.7,
    headroom: Annotated[
        float, typer.Option(help="How many more replicas to allow than the peak takes, a share.")
    ] = 0.25,
    cpu_hour_price: Annotated[
        float | None, typer.Option(help="Of one core, in your own currency.")
    ] = None,
    gpu_hour_price: Annotated[float | None, typer.Option(help="Of one card.")] = None,
    costs: Annotated[
        Path | None, typer.Option(help="Figures of your own, over those that were measured.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what a load takes: replicas, machines, store, records, network, cost."""
    demand = Demand(
        videos_per_hour=videos_per_hour,
        seconds=seconds,
        size=size,
        peak=peak,
        painted=painted,
        uploaded=uploaded,
        views=views,
        keep_days=keep_days,
        utilisation=utilisation,
        headroom=headroom,
    )
    figures = load_figures(costs)
    config = LOCAL_CONFIG.with_name(CONFIGS[profile])
    prices = Prices(cpu_hour_price, gpu_hour_price)
    found = estimate(profile, demand, stages(config), machines(), figures, prices)
    if as_json:
        sources = {name: source.model_dump() for name, source in _used(found, figures).items()}
        sys.stdout.write(json.dumps({**asdict(found), "sources": sources}, indent=1) + "\n")
        return
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(_heading(found), soft_wrap=True)
    console.print(_stages(found))
    priced = prices != Prices()
    for line in (*_totals(found, priced=priced), *_flows(found), *_caveats(found, figures)):
        console.print(line, soft_wrap=True, markup=False)


def _used(found: Estimate, figures: Figures) -> dict[str, Source]:
    names = {
        figures.engines[need.engine].source
        for need in found.stages
        if need.engine in figures.engines and not need.not_measured
    }
    names |= {entry.source for entry in figures.beside.values()}
    return {name: source for name, source in figures.sources.items() if name in names}


def _heading(found: Estimate) -> str:
    demand = found.demand
    return (
        f"{demand.videos_per_hour:g} videos an hour of {demand.seconds:g} s, {demand.size}, "
        f"25 fps; {demand.peak:g} times as many at the peak; engines of "
        f"{CONFIGS[Profile(found.profile)]}.\n"
        f"At the peak {found.videos_a_second:.3g} videos begin a second, and "
        f"{found.video_seconds_a_second:.3g} s of video are made in each.\n"
    )


def _stages(found: Estimate) -> Table:
    table = Table(
        "stage", "group", "cores busy", "cards busy", "replicas", box=None, pad_edge=False
    )
    table.add_column("max_replicas", justify="right")
    table.add_column("now in the config", justify="right")
    for column in table.columns[2:5]:
        column.justify = "right"
    for need in found.stages:
        if need.not_measured:
            table.add_row(need.stage, need.group, UNKNOWN, "", "", "", str(need.configured))
            continue
        cards = f"{need.busy_gpus:.3g}" if need.busy_gpus else ""
        numbers = (str(need.replicas), str(need.max_replicas), str(need.configured))
        table.add_row(need.stage, need.group, f"{need.busy_cores:.3g}", cards, *numbers)
    for name, cores in found.beside_cores.items():
        table.add_row(name, "", f"{cores:.3g}")
    return table


def _totals(found: Estimate, *, priced: bool) -> Iterator[str]:
    demand, work = found.demand, found.work
    some = " of what was measured" if any(need.not_measured for need in found.stages) else ""
    yield ""
    yield f"cores to have       {found.cores:.3g}{some}, {demand.utilisation:.0%} busy at the peak"
    for name, cards in found.gpus.items():
        yield f"cards to have       {name}: {UNKNOWN if cards is None else f'{cards:.3g}'}"
    for group in found.groups:
        count = UNKNOWN if group.machines is None else group.machines
        most = f"the production overlay allows {group.most}"
        yield f"machines            {group.group}: {count} ({most})"
    if found.jobs_under_way is None:
        yield f"videos under way    {UNKNOWN}"
    else:
        jobs = found.jobs_under_way
        yield (
            f"videos under way    {jobs:.3g} at the peak; "
            f"AVATAR_MAX_ACTIVE_JOBS={found.active_jobs} or more"
        )
    yield f"a minute of video   {work.cpu_seconds_per_minute:.3g} CPU-seconds{some}"
    gpu = work.gpu_seconds_per_minute
    if gpu is None or gpu:
        yield f"                    GPU-seconds: {UNKNOWN if gpu is None else f'{gpu:.3g}'}"
    if work.cost_per_minute is not None:
        yield f"                    costs {work.cost_per_minute:.3g} at your prices"
    elif priced:
        yield "                    costs: a figure or a price is missing"


def _flows(found: Estimate) -> Iterator[str]:
    flow, demand = found.flow, found.demand
    kept = flow.stored_bytes_kept
    after = f"{_bytes(kept)} after {demand.keep_days:g} days" if kept else "kept for ever"
    yield f"store               {_bytes(flow.stored_bytes_a_day)} a day, {after}"
    asked = ", ".join(f"{n:.3g} {method}" for method, n in flow.requests_a_second.items())
    yield f"store's requests    {asked} a second"
    records = flow.records_a_second
    rows = ", ".join(
        f"{records.get(what, 0.0):.3g} {what}" for what in ("inserted", "updated", "deleted")
    )
    yield (
        f"records             {records.get('write', 0.0):.3g} transactions that write a second; "
        f"rows: {rows}; log {_bytes(records.get('log_bytes', 0.0))}/s"
    )
    if flow.rows_kept is not None:
        yield f"                    {flow.rows_kept:.3g} rows kept"
    yield f"segments            {flow.segments_a_second:.3g} a second"
    yield f"to clients          {flow.sent_bits_a_second / 1e6:.3g} Mbit/s"


def _caveats(found: Estimate, figures: Figures) -> Iterator[str]:
    yield ""
    for sentence in found.not_measured:
        yield f"Not measured: {sentence}."
    if found.interpolated:
        yield f"{found.demand.size} was not measured itself: its costs lie between its neighbours'."
    for name, source in _used(found, figures).items():
        note = f" {source.note}" if source.note else ""
        yield f'Costs "{name}": {source.command}, {source.date}, {source.machine}.{note}'


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"
