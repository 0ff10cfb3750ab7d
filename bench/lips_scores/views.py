"""Drawn and resized faces of the fixed set: heads turned to 25 degrees, very small, very large."""

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np

import gallery
from deployments.portrait.generator import LATENT, Generator
from deployments.portrait.probes import Probes
from media.face import Picture
from serve.settings import Settings
from serve.weights.store import open_store

TURNED: Final = {
    "26 degrees left": (3, -2.1),
    "24 degrees right": (3, 2.2),
    "25 degrees left, shut mouth": (8, -1.25),
    "24 degrees right, shut mouth": (8, 1.6),
}
"""Seed and yaw in the probe's deviations; the degrees are what the face stage then measured."""
TRUNCATION: Final = 0.7
SIZED: Final = {"face of 80 px": ("walter", 80), "face of 1500 px": ("lucia", 1500)}
"""A face of the gallery and how many pixels wide it is made."""
FACE_SHARE: Final = 0.53
"""Width of the face in a picture of the gallery, about."""


def turned_pictures() -> Mapping[str, Picture]:
    """Faces that are turned to the side."""
    generator = Generator.load(open_store(Settings()).paths("mobilestylegan-ffhq"), threads=1)
    probes = Probes.read()
    pictures: dict[str, Picture] = {}
    for name, (seed, yaw) in TURNED.items():
        drawn = generator.latents(np.random.RandomState(seed).randn(1, LATENT))
        latent = probes.mean + TRUNCATION * (drawn - probes.mean)
        bounds = {"yaw": (yaw, yaw), "hat": (-1.0, -0.3), "age": (0.0, 2.0)}
        pictures[name] = generator.picture(probes.steer(latent, bounds)[0][0])
    return pictures


def sized_pictures() -> Mapping[str, Picture]:
    """One face very small, one very large."""
    pictures: dict[str, Picture] = {}
    for name, (avatar, wide) in SIZED.items():
        picture = gallery.picture(avatar)
        side = round(wide / FACE_SHARE)
        way = cv2.INTER_AREA if side < len(picture) else cv2.INTER_CUBIC
        pictures[name] = np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.uint8)
    return pictures
