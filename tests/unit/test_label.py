"""The visible label: legible, still, and in the pictures of those who asked for it only."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from deployments.encode.canvas import Painter, make_canvas
from deployments.encode.engine import SegmentTask
from media.colour import to_i420, to_rgb
from media.face import Portrait
from media.label import label_for
from media.patch import Frame, Pose
from media.sound import Sound
from media.timegrid import SOUND_RATE
from tests.encoders import BOTH, Engine, patches

SIZES = [(128, 128), (512, 512), (720, 1280), (1280, 720), (1920, 1080), (130, 1920)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_it_is_small_inside_the_picture_and_read_on_any_ground(
    width: int, height: int, shade: int
) -> None:
    label = label_for(width, height)
    x, y, wide, tall = label.rectangle
    assert all(side % 2 == 0 for side in label.rectangle)
    assert x >= 0 <= y
    assert x + wide <= width
    assert y + tall <= height
    assert tall < 0.2 * min(width, height)
    ground = np.full((height, width, 3), shade, np.uint8)
    shown = label.drawn(ground)[y : y + tall, x : x + wide].astype(int)
    words, plate = shown[label.white > 0.9], shown[(label.white == 0) & (label.kept < 0.5)]
    assert len(words) > 20
    assert words.min() - plate.max() > 80
    outside = label.drawn(ground)
    outside[y : y + tall, x : x + wide] = shade
    assert np.array_equal(outside, ground)


def test_frames_and_pictures_show_the_same(astronaut: Portrait) -> None:
    label = label_for(512, 512)
    planes = to_i420(astronaut.rgb)
    label.paste(planes)
    error = np.abs(to_rgb(planes).astype(int) - label.drawn(astronaut.rgb))
    x, y, wide, tall = label.rectangle
    assert error[y : y + tall, x : x + wide].mean() < 6


def test_it_stands_still_while_the_head_moves_and_patches_change(astronaut: Portrait) -> None:
    canvas = make_canvas(astronaut)
    plain, labelled = Painter(canvas), Painter(canvas, labelled=True)
    label = label_for(512, 512)
    for n, frame in enumerate(patches(astronaut, 0, 6)):
        moved = Frame(frame.patches, Pose(dx=3.0 * n, roll=0.01 * n) if n % 2 else Pose())
        meant = plain.paint(moved).copy()
        label.paste(meant)
        assert np.array_equal(labelled.paint(moved), meant)


@BOTH
def test_both_engines_show_it_to_who_asked_and_to_nobody_else(
    engine: Engine, astronaut: Portrait
) -> None:
    encoder = engine.load({}, threads=1)
    canvas = encoder.prepare(astronaut)
    sound = Sound(np.zeros(SOUND_RATE, np.float32), SOUND_RATE)
    shown = {}
    for label in (False, True):
        task = SegmentTask("", Fraction(25), 0, 3, True, sound, label=label)
        data = encoder.encode(canvas, task, patches(astronaut, 0, 3))
        with av.open(io.BytesIO(data)) as file:
            shown[label] = [frame.to_ndarray().astype(int) for frame in file.decode(video=0)]
    x, y, wide, tall = label_for(512, 512).rectangle
    spot = np.s_[y : y + tall, x : x + wide]
    white = label_for(512, 512).white > 0.9
    for plain, labelled in zip(shown[False], shown[True], strict=True):
        assert labelled[spot][white].mean() > 200
        rest = np.abs(plain - labelled)
        rest[spot] = 0
        assert rest[: y - 8].mean() < 1
    assert np.abs(shown[False][0][spot] - to_i420(astronaut.rgb)[spot]).mean() < 4
