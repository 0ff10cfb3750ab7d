# ruff: noqa: RUF001 - phonetic symbols are meant
"""A contact sheet: every face at rest and in the mouths that tell most."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench.lips_scores.clip import Clip
from bench.lips_scores.look import Look
from bench.lips_scores.timing import SHUT, silence
from media.face import Picture

SIDE: Final = 120
LABEL: Final = 14
BLOCKS: Final = 2
"""Faces side by side."""
COLUMNS: Final[tuple[tuple[str, str], ...]] = (
    ("photo", ""),
    ("silence", ""),
    ("m b p", "mbp"),
    ("a", "ɑæaIW"),
    ("o u w", "uwOoʊɔ"),
    ("ee", "iA"),
    ("f v", "fv"),
    ("l th", "lθð"),
)


def contact_sheet(looks: Sequence[tuple[Clip, Look]], target: Path) -> None:
    """Write a WebP of all clips, two to a row, the names over each."""
    rows = -(-len(looks) // BLOCKS)
    wide = SIDE * len(COLUMNS)
    sheet = Image.new("RGB", (wide * BLOCKS, rows * (SIDE + LABEL)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (clip, look) in enumerate(looks):
        top, left = place // BLOCKS * (SIDE + LABEL), place % BLOCKS * wide
        for column, ((title, _), tile) in enumerate(zip(COLUMNS, tiles(clip, look), strict=True)):
            name = clip.name if column == 0 else title
            draw.text((left + column * SIDE + 3, top + 1), name, fill="black")
            sheet.paste(Image.fromarray(tile), (left + column * SIDE, top + LABEL))
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target, quality=80, method=6)


def tiles(clip: Clip, look: Look) -> list[Picture]:
    """The whole face, then the lower face at each of COLUMNS; grey where no such phone is said."""
    axes = clip.axes
    found = [_tile(clip.still, axes.origin + axes.v * 0.45 * axes.unit, 1.45 * axes.unit)]
    for title, symbols in COLUMNS[1:]:
        number = _quiet(clip) if title == "silence" else moment(clip, look, symbols)
        if number is None:
            found.append(np.full((SIDE, SIDE, 3), 200, np.uint8))
        else:
            middle = axes.origin + axes.v * 1.05 * axes.unit
            found.append(_tile(clip.frames[number], middle, 0.75 * axes.unit))
    return found


def moment(clip: Clip, look: Look, symbols: str) -> int | None:
    """The frame in the middle of the longest phone of some symbols, the mouth ahead of the sound.

    The middle is not moved to where the mouth looks best, but for lips that close for a moment: of
    the two frames nearest to it the one that is more shut.
    """
    phones = [p for p in clip.track.phones if p.symbol in symbols]
    if not phones:
        return None
    longest = max(phones, key=lambda p: p.end - p.start)
    at = ((longest.start + longest.end) / 2) * float(clip.fps)
    near = [min(len(clip.frames) - 1, max(0, int(np.floor(at)) + n)) for n in (0, 1)]
    if longest.symbol in "mbp" and min(look.opening[near]) < SHUT:
        return min(near, key=lambda n: float(look.opening[n]))
    return min(near, key=lambda n: abs(n - at))


def _quiet(clip: Clip) -> int | None:
    frames = np.flatnonzero(silence(clip))
    return int(frames[len(frames) // 4]) if len(frames) else None


def _tile(picture: Picture, middle: np.ndarray, reach: float) -> Picture:
    scale = SIDE / (2 * reach)
    shift = SIDE / 2 - scale * middle
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    if scale < 1:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 / scale), np.uint8)
    out = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    return np.asarray(out, np.uint8)
