"""The commands `avatar-serve weights list|fetch|add|verify`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBars

from media.errors import AvatarError
from serve.settings import Settings
from serve.weights.configured import configured_weights
from serve.weights.manifest import Weights
from serve.weights.store import WeightsStore, open_store
from serve.weights.transfer import Progress

weights_app = typer.Typer(
    help="Model weights: what there is, fetching, verifying.", no_args_is_help=True
)

Names = Annotated[list[str] | None, typer.Argument(help="Weights by name; none: the default ones.")]


@weights_app.command("list")
def list_weights() -> None:
    """Show all weights with their licence and how they stand here."""
    store = open_store(Settings())
    console = Console()
    for weights, state in zip(store.manifest.values(), store.status(), strict=True):
        name = f"{weights.name} *" if weights.default else weights.name
        size = _mib(weights.size) if weights.size else "?"
        row = f"{name:<29} {weights.stage:<9} {size:>10}  {state.status}"
        _say(console, row, "green" if state.status == "ok" else "")
        use = f"commercial use: {weights.commercial_use}"
        _say(console, f"    {weights.description}\n    {weights.licence}; {use}", "dim")
        if state.status == "not pinned yet":
            _say(console, f"    {store.remedy(state)}", "dim")
    _say(console, f"* needed by config/local.yaml. Folder: {store.root}", "")


@weights_app.command()
def fetch(
    names: Names = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All weights, optional ones too.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option(help="What the engines of this Serve config file load.")
    ] = None,
) -> None:
    """Fetch weights from their sources and verify them; what is here stays."""
    store = open_store(Settings())
    console = Console()
    failed = False
    with _bars(console) as bars:
        for name in names or _chosen(store, everything, config):
            try:
                if store.verify(name).status != "ok":
                    _warn_of_licence(console, store.manifest[name])
                store.fetch(name, _progress(console, bars, name))
            except AvatarError as error:
                failed = True
                _say(console, f"failed  {error.message}", "red")
            else:
                _say(console, f"ok      {name}", "green")
            for task in bars.task_ids:
                bars.remove_task(task)
    if failed:
        raise typer.Exit(1)


@weights_app.command()
def add(
    name: Annotated[str, typer.Argument(help="Weights by name.")],
    given: Annotated[
        Path, typer.Argument(help="A folder that holds its files, its archive, or its one file.")
    ],
) -> None:
    """Take files that are at hand, and pin those whose sums are not known beforehand."""
    store = open_store(Settings())
    console = Console()
    try:
        _warn_of_licence(console, store.entry(name))
        store.add(name, given)
    except AvatarError as error:
        _say(console, f"failed  {error.message}", "red")
        raise typer.Exit(1) from error
    for file in store.entry(name).files:
        _say(console, f"pinned  {file.name} {_mib(file.size or 0)} sha256 {file.sha256}", "dim")
    _say(console, f"ok      {name}", "green")


@weights_app.command()
def verify(names: Names = None) -> None:
    """Read the files and compare their sha256. Optional weights may be missing unless named."""
    store = open_store(Settings())
    console = Console()
    failed = False
    for name in names or list(store.manifest):
        try:
            state = store.verify(name)
        except AvatarError as error:
            failed = True
            _say(console, f"unknown {error.message}", "red")
            continue
        if state.status == "ok":
            _say(console, f"ok      {name}", "green")
        elif state.status == "missing" and not names and not store.manifest[name].default:
            _say(console, f"none    {name} (optional)", "dim")
        else:
            failed = True
            _say(console, f"{state.status:<7} {name}: {state.file}; {store.remedy(state)}", "red")
    if failed:
        raise typer.Exit(1)


def _chosen(store: WeightsStore, everything: bool, config: Path | None) -> list[str]:
    if config is not None:
        return configured_weights(config, store.manifest)
    return [name for name, weights in store.manifest.items() if everything or weights.default]


def _bars(console: Console) -> ProgressBars:
    """Bars on a terminal; elsewhere nothing, and `_progress` prints lines."""
    return ProgressBars(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _progress(console: Console, bars: ProgressBars, name: str) -> Progress:
    if console.is_terminal:
        task = bars.add_task(name, total=None)
        return lambda done, total: bars.update(task, completed=done, total=total)
    quarters = 0

    def line(done: int, total: int) -> None:
        nonlocal quarters
        if 4 * done // total > quarters:
            quarters = 4 * done // total
            _say(console, f"fetch   {name} {25 * quarters} % of {_mib(total)}", "dim")

    return line


def _warn_of_licence(console: Console, weights: Weights) -> None:
    if weights.commercial_use != "yes":
        use = f"commercial use: {weights.commercial_use}"
        _say(console, f"licence {weights.name}: {weights.licence}; {use}", "yellow")


def _say(console: Console, text: str, style: str) -> None:
    """One line as it is: paths and reasons are no markup and are not broken."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
