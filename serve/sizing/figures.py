"""Measured costs, each with its source (figures.json, written by `python -m bench.sizing`)."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from media.errors import AvatarError
from serve.sizing.demand import Demand

FIGURES: Final = Path(__file__).with_name("figures.json")

Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where figures come from."""

    machine: str
    command: str
    date: str
    note: str = ""


class Point(_Strict):
    """What was measured with pictures of one size."""

    pixels: int = Field(gt=0)
    video: Figure
    """Of each video, however long it is."""
    second: Figure
    """Of each of its seconds."""


class Cost(_Strict):
    """What a video takes of something, at 25 frames a second."""

    at: tuple[Point, ...] = ()
    """By rising size. One point alone holds for every size; none: videos by themselves take
    nothing."""
    painted: Figure = 0.0
    """More for a face that is painted from words."""
    uploaded: Figure = 0.0
    """More for a face that is uploaded."""

    @model_validator(mode="after")
    def _sizes_rise(self) -> Self:
        if any(a.pixels >= b.pixels for a, b in itertools.pairwise(self.at)):
            raise ValueError("points must be in the order of their pixels, each size once")
        return self

    def of(self, demand: Demand) -> float:
        """Of the mean video that is asked for; between measured sizes linear in pixels."""
        extra = demand.painted * self.painted + demand.uploaded * self.uploaded
        return self._plain(demand.pixels, demand.seconds) + extra

    def _plain(self, pixels: int, seconds: float) -> float:
        found = [point.video + point.second * seconds for point in self.at]
        if len(found) < 2:
            return sum(found)
        sizes = [point.pixels for point in self.at]
        n = next((n for n in range(1, len(sizes) - 1) if pixels <= sizes[n]), len(sizes) - 1)
        share = (pixels - sizes[n - 1]) / (sizes[n] - sizes[n - 1])
        return found[n - 1] + share * (found[n] - found[n - 1])


class Engine(_Strict):
    """What an engine takes, or a stage without one."""

    source: str
    cpu: Cost
    """Seconds of one core."""
    gpu: Cost | None = None
    """Seconds of one whole card; None: it was measured without one."""
    memory_mb: int | None = Field(default=None, gt=0)
    """Of a replica, MB; what processes share is counted once among them."""


class Figures(_Strict):
    """All that was measured."""

    sources: Mapping[str, Source]
    engines: Mapping[str, Engine]
    """By engine, and `Director` and `Ingress`."""
    beside: Mapping[str, Engine] = {}
    """What is no stage and works for each video: proxies, PostgreSQL."""
    alone: Mapping[str, Cost] = {}
    """By profile: seconds from a video's start to its end while it is made alone."""
    segments: Cost = Cost()
    stored: Cost = Cost()
    """Bytes that stay in the store until the video goes."""
    fetched: Cost = Cost()
    """Bytes of the finished video."""
    requests: Mapping[str, Cost] = {}
    """To the object store while a video is made, by method."""
    fetches: Mapping[str, Cost] = {}
    """To the object store each time that the finished video is fetched."""
    records: Mapping[str, Cost] = {}
    """Of PostgreSQL: transactions that `write`, rows `inserted`, `updated` and `deleted`, and
    `log_bytes`."""

    @model_validator(mode="after")
    def _sources_are_there(self) -> Self:
        of = {entry.source for entry in (*self.engines.values(), *self.beside.values())}
        if missing := sorted(of - set(self.sources)):
            raise ValueError(f"no such source: {', '.join(missing)}")
        return self

    def sizes(self) -> tuple[int, int] | None:
        """Fewest and most pixels that were measured, where figures depend on them."""
        spans = [
            (cost.at[0].pixels, cost.at[-1].pixels) for cost in self._costs() if len(cost.at) > 1
        ]
        if not spans:
            return None
        return max(low for low, _ in spans), min(high for _, high in spans)

    def measured(self, pixels: int) -> bool:
        """True where pictures of this very size were measured, not only larger and smaller ones."""
        several = [cost for cost in self._costs() if len(cost.at) > 1]
        return all(any(point.pixels == pixels for point in cost.at) for cost in several)

    def _costs(self) -> list[Cost]:
        entries = (*self.engines.values(), *self.beside.values())
        found = [cost for entry in entries for cost in (entry.cpu, entry.gpu) if cost is not None]
        others = (self.alone, self.requests, self.fetches, self.records)
        found += [cost for some in others for cost in some.values()]
        return [*found, self.segments, self.stored, self.fetched]


class OwnFigures(_Strict):
    """What an operator has measured: engines that are new, or that take other than ours say."""

    sources: Mapping[str, Source]
    engines: Mapping[str, Engine]


def load_figures(own: Path | None = None) -> Figures:
    """The shipped figures, an operator's over them.

    Raises AvatarError `invalid_request` for a file of the operator's that cannot be used.
    """
    shipped = Figures.model_validate_json(FIGURES.read_bytes())
    if own is None:
        return shipped
    try:
        more = OwnFigures.model_validate_json(own.read_bytes())
        merged = {
            "sources": {**shipped.sources, **more.sources},
            "engines": {**shipped.engines, **more.engines},
        }
        return Figures.model_validate({**dict(shipped), **merged})
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "it"
        sentence = (
            f"{own} holds no figures: {where}: {fault['msg']}. docs/operations/sizing.md shows one."
        )
    except OSError as error:
        sentence = f"{own} cannot be read: {error.strerror}."
    raise AvatarError("invalid_request", sentence, param="costs")
