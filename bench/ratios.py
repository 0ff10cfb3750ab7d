"""What paired measurements say: ratios of one side to the other, round by round."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float]
"""What one measurement found, by name; less is better."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Head to base in each round: the median, the ends, and in how many rounds head took less."""

    base: float
    head: float
    median: float
    least: float
    most: float
    less: int
    rounds: int

    @property
    def clear(self) -> bool:
        """Whether every round says the same."""
        return self.most < 1 or self.least > 1


def ratios(base: Sequence[Figures], head: Sequence[Figures]) -> dict[str, Ratio]:
    """By figure, for those that every round of both has, and nothing that took no time.

    `base[n]` and `head[n]` are of one round: a machine that was slower meanwhile was so for both.
    Raises ValueError where the rounds are not as many, or none.
    """
    if not base or len(base) != len(head):
        raise ValueError(f"rounds don't pair: {len(base)} and {len(head)}")
    shared = [name for name in base[0] if all(row.get(name, 0.0) > 0 for row in (*base, *head))]
    return {name: _ratio([r[name] for r in base], [r[name] for r in head]) for name in shared}


def _ratio(base: list[float], head: list[float]) -> Ratio:
    each = [h / b for b, h in zip(base, head, strict=True)]
    return Ratio(
        base=statistics.median(base),
        head=statistics.median(head),
        median=statistics.median(each),
        least=min(each),
        most=max(each),
        less=sum(ratio < 1 for ratio in each),
        rounds=len(each),
    )


def table(found: Mapping[str, Ratio]) -> str:
    """Markdown: both medians, the median ratio and its ends, and whether all rounds agree."""
    rows = ["| | base | head | head / base | from | to | head took less in |", "|---" * 7 + "|"]
    rows += [
        f"| {name} | {one.base:.4g} | {one.head:.4g} | {one.median:.3f} | {one.least:.3f} "
        f"| {one.most:.3f} | {one.less} of {one.rounds}{'' if one.clear else ', not clear'} |"
        for name, one in found.items()
    ]
    return "\n".join(rows)
