"""The part of the network's picture that is shown, and what each layer must make for it.

Only the mouth is taken from the 96 x 96 face. A layer's output beyond what that part can see of it
is never computed: an edge that was cut is wrong by one pixel more after each convolution, and the
margin is as many pixels.
"""

from dataclasses import dataclass
from typing import Final

from deployments.lipsync.wav2lip.network import DECODER
from deployments.lipsync.wav2lip.shown import SHOWN_COLUMNS, SHOWN_ROWS, SIDE

Span = tuple[int, int]

OUTPUT_MARGIN: Final = 1
"""Convolutions of 3 x 3 after the last level."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a level of the decoder takes of the level before it, rows and columns of its output."""

    rows: Span
    columns: Span

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]


@dataclass(frozen=True, slots=True)
class Cuts:
    """What each growing level takes, and where its output then lies in the uncut one."""

    taken: tuple[Cut, ...]
    """In pixels of the level before it, uncut."""
    made: tuple[Cut, ...]
    """In pixels of the level itself, uncut."""
    shown: Cut


def find_cuts(rows: Span = SHOWN_ROWS, columns: Span = SHOWN_COLUMNS) -> Cuts:
    """Follow the shown part of the picture back through the decoder's levels."""
    taken: list[Cut] = []
    made: list[Cut] = []
    need, side, margin = Cut(rows, columns), SIDE, OUTPUT_MARGIN
    for _, _, stride, _, residuals in reversed(DECODER):
        if stride == 1:  # the first level grows from a single pixel: nothing to cut
            break
        margin += residuals
        before = side // stride
        source = Cut(
            _source(need.rows, margin, before, side), _source(need.columns, margin, before, side)
        )
        taken.insert(0, source)
        made.insert(0, Cut(_grown(source.rows), _grown(source.columns)))
        need, side, margin = source, before, 0
    return Cuts(tuple(taken), tuple(made), Cut(rows, columns))


def _source(span: Span, margin: int, before: int, side: int) -> Span:
    """Input of a growing convolution (3 wide, step 2) for a span of its output with a margin.

    Output pixel 2 i comes from input i, pixel 2 i + 1 from inputs i and i + 1.
    """
    first, stop = max(0, span[0] - margin), min(side, span[1] + margin)
    return first // 2, min(before, stop // 2 + 1)


def _grown(span: Span) -> Span:
    return 2 * span[0], 2 * span[1]
