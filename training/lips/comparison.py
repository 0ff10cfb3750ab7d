"""Means of likeness, by what was compared and by kind of mouth."""

import numpy as np

from training.lips.evaluate import KINDS, Image, scores, smaller
from training.lips.regions import Mask

COLUMNS = ("SSIM", "sharpness", "SSIM, 67 px", "sharpness, 67 px")
"""What `both_scales` gives; pixels are those of a face unit."""


class Table:
    """Means of figures, by comparison and kind of mouth."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._rows: dict[str, dict[str, list[tuple[float, ...]]]] = {}

    def add(self, what: str, mouth: str, figures: tuple[float, ...]) -> None:
        """One more figure for each column."""
        kinds = ["all", *(kind for kind, names in KINDS.items() if mouth in names)]
        for kind in kinds:
            self._rows.setdefault(what, {}).setdefault(kind, []).append(figures)

    def mean(self, what: str, kind: str = "all") -> list[float]:
        """The mean of each column."""
        return [float(v) for v in np.mean(self._rows[what][kind], axis=0)]

    def names(self) -> list[str]:
        """What was compared."""
        return list(self._rows)

    def show(self) -> None:
        """Print it: each column for all mouths, the first also for each kind."""
        kinds = [f"{self._columns[0]}, {kind}" for kind in KINDS]
        _head(["", "n", *self._columns, *kinds])
        for what, by_kind in self._rows.items():
            means = self.mean(what)
            means += [self.mean(what, kind)[0] if kind in by_kind else np.nan for kind in KINDS]
            _line([what, len(by_kind["all"])], means)

    def show_kinds(self) -> None:
        """Print it: each column for all mouths and for each kind."""
        _head(["", "mouths", "n", *self._columns])
        for what, by_kind in self._rows.items():
            for kind, figures in by_kind.items():
                _line([what, kind, len(figures)], self.mean(what, kind))


def _head(cells: list[str]) -> None:
    print("|", " | ".join(cells), "|")
    print("|---" * len(cells) + "|")


def _line(first: list[str | int], means: list[float]) -> None:
    print("|", " | ".join([*map(str, first), *(f"{v:.3f}" for v in means)]), "|")


def both_scales(made: Image, truth: Image, lips: Mask) -> tuple[float, ...]:
    """Similarity and sharpness, then both at the prototype's scale."""
    small = [smaller(x) for x in (made, truth, lips)]
    return (*scores(made, truth, lips)[1:], *scores(*small)[1:])  # type: ignore[arg-type]  # same kinds
