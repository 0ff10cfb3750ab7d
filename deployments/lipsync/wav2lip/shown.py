"""The part of the network's picture that is shown: known to what computes it and what pastes it."""

from typing import Final

SIDE: Final = 96
"""Pixels of the face that goes in and comes out."""
SHOWN_ROWS: Final = (46, 96)
SHOWN_COLUMNS: Final = (12, 84)
"""From the middle of the nose down, without ears: rows and columns [first, stop)."""
