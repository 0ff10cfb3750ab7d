"""A frame with blinking eyes and a moving head, whatever engine made its mouth."""

from collections.abc import Sequence

from deployments.lipsync.eyes import Eye, close_eye
from deployments.lipsync.life import blink, head_pose
from media.colour import to_i420
from media.face import Picture
from media.patch import Frame, Patch


def alive(
    rgb: Picture,
    eyes: Sequence[Eye],
    unit: float,
    mouth: Sequence[Patch],
    seed: int,
    seconds: float,
) -> Frame:
    """The portrait `rgb` with its mouth's patches, its lids and its pose at a time."""
    patches = list(mouth)
    lids = blink(seed, seconds)
    if lids > 0:
        patches += [
            Patch(eye.rectangle.x, eye.rectangle.y, to_i420(close_eye(eye, lids, rgb)))
            for eye in eyes
        ]
    return Frame(tuple(patches), head_pose(seed, seconds, unit))
