"""What is seen between open lips: own or painted teeth as far as a sound bares them, the tongue."""

from typing import Final

import numpy as np
import pytest

import gallery
from deployments.face.mediapipe import MediaPipe
from deployments.lipsync.interior import Interior, Shown, paint_interior, show_interior, what_shows
from deployments.lipsync.landmarks import face_frame
from deployments.lipsync.mouth_field import MouthField, mouth_field
from deployments.lipsync.mouth_moves import Moved, move
from deployments.lipsync.mouth_shapes import SHAPES
from deployments.lipsync.teeth_seen import TeethEdges, find_edges, teeth_colour, unroll
from media.colour import to_i420, to_rgb
from media.face import Picture, Portrait

SKIN: Final = np.array([190.0, 150.0, 130.0])
ACROSS: Final = np.linspace(20, 120, 11, dtype=np.float32)


def lips(top: float, bottom: float) -> tuple[np.ndarray, np.ndarray]:
    """Two level lip lines."""
    return tuple(np.stack([ACROSS, np.full(11, y, np.float32)], axis=1) for y in (top, bottom))  # type: ignore[return-value]


def mouth(*, upper: int, lower: int) -> Picture:
    """A dark mouth from row 40 to 80 with bright rows of teeth of so many pixels."""
    picture = np.full((120, 140, 3), SKIN, np.uint8)
    picture[40:80] = (50, 20, 20)
    picture[40 : 40 + upper] = (225, 215, 200)
    picture[80 - lower : 80] = (225, 215, 200)
    return picture


@pytest.mark.parametrize(("upper", "lower"), [(20, 0), (10, 10), (30, 5), (0, 15)])
def test_rows_of_teeth_are_found_where_they_end(upper: int, lower: int) -> None:
    inside = unroll(mouth(upper=upper, lower=lower), *lips(40, 79))
    assert teeth_colour(inside, SKIN) == pytest.approx((225, 215, 200), abs=8)
    found = find_edges(inside, SKIN)
    assert found.upper == pytest.approx(upper / 40, abs=0.06)
    assert found.lower == pytest.approx(lower / 40, abs=0.06)


def test_teeth_that_fill_a_mouth_are_the_upper_ones() -> None:
    inside = unroll(mouth(upper=40, lower=0), *lips(40, 79))
    assert find_edges(inside, SKIN) == TeethEdges(1.0, 0.0)


def test_a_dark_mouth_shows_no_teeth() -> None:
    inside = unroll(mouth(upper=0, lower=0), *lips(40, 79))
    assert teeth_colour(inside, SKIN) is None
    assert find_edges(inside, SKIN) == TeethEdges()


@pytest.mark.parametrize("light", [0.3, 0.6, 1.1])
def test_teeth_are_told_from_a_tongue_in_any_light(light: float) -> None:
    picture = mouth(upper=15, lower=0)
    picture[65:80] = (190, 100, 95)
    inside = unroll((picture * light).astype(np.uint8), *lips(40, 79))
    found = find_edges(inside, SKIN * light)
    assert found.upper == pytest.approx(15 / 40, abs=0.06)
    assert found.lower == 0


@pytest.fixture(scope="module")
def clara(face_engine: MediaPipe) -> Portrait:
    picture = gallery.picture("clara")
    (face,) = face_engine.find(picture)
    return Portrait(picture, face)


def opened(portrait: Portrait, by: float) -> tuple[MouthField, Moved, Picture]:
    mesh, (height, width) = portrait.face.mesh, portrait.rgb.shape[:2]
    assert mesh is not None
    field = mouth_field(mesh, face_frame(mesh), (width, height))
    box = field.rectangle
    rgb = portrait.rgb[box.y : box.y + box.height, box.x : box.x + box.width]
    return field, move(field, np.array([by, *[0] * (len(SHAPES) - 1)], np.float32)), rgb


def shown_of(interior: Interior, moved: Moved, shown: Shown, field: MouthField) -> np.ndarray:
    """The unrolled inside of the mouth as it is drawn on grey."""
    grey = np.full((field.rectangle.height, field.rectangle.width, 3), 127, np.uint8)
    mouth = to_i420(grey)
    drop = float(moved.lower_lip[5, 1] - field.lower_lip[5, 1])
    show_interior(interior, moved.upper_lip, moved.lower_lip, drop, shown, mouth)
    return unroll(to_rgb(mouth), moved.upper_lip, moved.lower_lip)


def test_painted_teeth_reach_as_far_as_is_asked(clara: Portrait) -> None:
    field, moved, rgb = opened(clara, 0.2)
    interior = paint_interior(field, rgb)
    gap = float(moved.lower_lip[5, 1] - moved.upper_lip[5, 1]) / field.unit
    for upper in (0.04, 0.08, 0.12):
        edges = find_edges(shown_of(interior, moved, Shown(upper), field), SKIN)
        assert edges.upper * gap == pytest.approx(upper, abs=0.025)
    hidden = shown_of(interior, moved, Shown(), field)
    assert find_edges(hidden, SKIN).upper < 0.05  # one row: the lip's soft edge
    below = shown_of(interior, moved, Shown(0.0, 0.06), field)
    assert below[-5:-2, 8:16].mean() > 1.5 * hidden[-5:-2, 8:16].mean()


def test_a_raised_tongue_brightens_the_middle_under_the_teeth(clara: Portrait) -> None:
    field, moved, rgb = opened(clara, 0.2)
    interior = paint_interior(field, rgb)
    flat, raised = (
        shown_of(
            interior, moved, what_shows(interior, moved.upper_lip, moved.lower_lip, 0.3, t), field
        )
        for t in (0.0, 1.0)
    )
    assert raised[8:14, 8:16].mean() > flat[8:14, 8:16].mean() + 15
    assert np.abs(raised[:2] - flat[:2]).mean() < 4


def test_a_smile_lends_its_own_teeth_and_rounded_lips_cover_them(astronaut: Portrait) -> None:
    field, moved, rgb = opened(astronaut, 0.1)
    interior = paint_interior(field, rgb)
    s, o = (
        what_shows(interior, moved.upper_lip, moved.lower_lip, bared, 0.0) for bared in (1.0, 0.0)
    )
    assert s.upper > 0.07 > 0.03 > o.upper


def test_what_shows_fits_between_the_lips(clara: Portrait) -> None:
    field, _, rgb = opened(clara, 0.0)
    interior = paint_interior(field, rgb)
    for by in (0.0, 0.01, 0.05, 0.2):
        moved = move(field, np.array([by, *[0] * (len(SHAPES) - 1)], np.float32))
        gap = float(moved.lower_lip[5, 1] - moved.upper_lip[5, 1]) / field.unit
        for bared in (0.0, 0.5, 1.0):
            shown = what_shows(interior, moved.upper_lip, moved.lower_lip, bared, 1.0)
            assert min(shown.upper, shown.lower, shown.tongue) >= 0
            assert shown.upper + shown.lower <= max(gap, 0) + 1e-6
