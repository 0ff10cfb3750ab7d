"""Made-up things in front of mouths: fingers, microphones, cups, cloth, scraps of other pictures.

Each maker takes a crop (height, width, 3) and gives the same crop with the thing, and a mask.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.uint8]
Mask = NDArray[np.float32]
"""(height, width), 0 to 1."""
Maker = Callable[[Crop, np.random.Generator], tuple[Crop, Mask]]


def lay_over(crop: Crop, thing: NDArray[np.floating], mask: Mask) -> Crop:
    """The thing (height, width, 3) where the mask is, with a soft shadow round it."""
    shadow = cv2.GaussianBlur(mask, (0, 0), 2.0) * (1 - mask) * 0.35
    dark = crop * (1 - shadow[..., None])
    return np.asarray(np.clip(dark + (thing - dark) * mask[..., None], 0, 255), np.uint8)


def soft(shape: NDArray[np.uint8], chance: np.random.Generator) -> Mask:
    """A shape with the softness of a lens."""
    blurred = cv2.GaussianBlur(shape.astype(np.float32) / 255, (0, 0), chance.uniform(0.3, 0.9))
    return np.asarray(blurred, np.float32)


def place(crop: Crop, chance: np.random.Generator) -> tuple[float, float]:
    """Where a thing is centred: mostly about the mouth."""
    height, width = crop.shape[:2]
    return (
        float(width * (0.5 + 0.25 * chance.normal())),
        float(height * (0.45 + 0.25 * chance.normal())),
    )


def fingers(crop: Crop, chance: np.random.Generator) -> tuple[Crop, Mask]:
    """One to four fingers in the skin's own colour, shaded round, with nails and folds."""
    height, width = crop.shape[:2]
    skin = crop[: height // 4, width // 8 : width // 3].reshape(-1, 3).mean(axis=0)
    skin = skin * chance.uniform(0.8, 1.2) + chance.normal(size=3) * 5
    angle, thick = chance.uniform(0, 2 * np.pi), chance.uniform(0.09, 0.2) * width
    along = np.array([np.cos(angle), np.sin(angle)])
    aside = np.array([-along[1], along[0]])
    tip = np.array(place(crop, chance))
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    drawn, whole = crop, np.zeros((height, width), np.float32)
    for n in range(int(chance.integers(1, 5))):
        end = tip + aside * thick * 0.95 * n - along * thick * chance.uniform(0, 0.8)
        back = (end[0] - xs) * along[0] + (end[1] - ys) * along[1]
        off = (xs - end[0]) * aside[0] + (ys - end[1]) * aside[1]
        round_off = np.where(back < 0, np.hypot(back, off), np.abs(off)) / (thick / 2)
        shape = ((round_off < 1) * 255).astype(np.uint8)
        light = 1.08 - 0.4 * np.clip(round_off, 0, 1) ** 2 + 0.12 * off / thick
        folds = 1 - 0.12 * np.exp(-(((back / thick) % 1.3 - 0.65) ** 2) / 0.004)
        nail = (np.hypot(back - 0.25 * thick, off * 1.3) < 0.33 * thick) * (n % 2) * 18.0
        thing = skin * (light * folds)[..., None] + nail[..., None]
        thing += chance.normal(size=(height, width, 1)) * 2
        mask = soft(shape, chance)
        drawn, whole = lay_over(drawn, thing, mask), np.maximum(whole, mask)
    return drawn, whole


def microphone(crop: Crop, chance: np.random.Generator) -> tuple[Crop, Mask]:
    """A round or long head of wire or foam on a stick."""
    height, width = crop.shape[:2]
    x, y = place(crop, chance)
    y += 0.15 * height
    wide, tall = (chance.uniform(0.1, 0.28) * width for _ in range(2))
    shape = np.zeros((height, width), np.uint8)
    turn = chance.uniform(-60, 60)
    cv2.ellipse(shape, ((x, y), (2 * wide, 2 * tall), turn), 255, -1)
    lean = np.radians(turn + chance.uniform(-30, 30))
    foot = (x - 2 * height * np.sin(lean), y + 2 * height * np.cos(lean))
    stick = tuple(round(v) for v in foot)
    thick = max(2, int(wide * chance.uniform(0.4, 0.9)))
    cv2.line(shape, (round(x), round(y)), stick, 255, thick)
    ys, xs = np.mgrid[0:height, 0:width]
    pitch = chance.uniform(1.5, 4)
    mesh = np.sin(xs * 2 * np.pi / pitch) * np.sin(ys * 2 * np.pi / pitch)
    grain = cv2.GaussianBlur(chance.normal(size=(height, width)), (0, 0), chance.uniform(0.5, 2))
    tone = chance.uniform(10, 150)
    light = 1 - 0.5 * np.hypot((xs - x + wide / 3) / wide, (ys - y + tall / 3) / tall)
    thing = tone * np.clip(light, 0.3, 1.2) + 14 * mesh * chance.random() + 16 * grain
    colour = 1 + 0.08 * chance.normal(size=3)
    mask = soft(shape, chance)
    return lay_over(crop, thing[..., None] * colour, mask), mask


def cup(crop: Crop, chance: np.random.Generator) -> tuple[Crop, Mask]:
    """A cup, a bottle, a telephone: a slab of one colour, shaded, with a rim or a stripe."""
    height, width = crop.shape[:2]
    x, y = place(crop, chance)
    wide, tall = chance.uniform(0.2, 0.7) * width, chance.uniform(0.4, 1.6) * height
    box = ((x, y + 0.4 * tall), (wide, tall), chance.uniform(-35, 35))
    shape = np.zeros((height, width), np.uint8)
    cv2.fillPoly(shape, [np.rint(cv2.boxPoints(box)).astype(np.int32)], 255)
    angle = np.radians(box[2])
    ys, xs = np.mgrid[0:height, 0:width]
    off = ((xs - x) * np.cos(angle) + (ys - y) * np.sin(angle)) / (wide / 2)
    down = -(xs - x) * np.sin(angle) + (ys - y) * np.cos(angle)
    bend = chance.uniform(0, 0.7)
    colour = chance.uniform(10, 245, 3)
    thing = colour * (1 - bend * off**2 + 0.2 * off)[..., None]
    other = chance.uniform(10, 245, 3)
    stripe = np.abs(down - chance.uniform(-0.1, 0.6) * tall) < chance.uniform(0, 0.12) * tall
    thing = np.where(stripe[..., None], other, thing) + chance.normal(size=(height, width, 1)) * 2
    mask = soft(shape, chance)
    return lay_over(crop, thing, mask), mask


def cloth(crop: Crop, chance: np.random.Generator) -> tuple[Crop, Mask]:
    """A scarf, a mask, a collar: folds of one colour below a line."""
    height, width = crop.shape[:2]
    xs = np.arange(width) / width
    edge = height * (chance.uniform(0.0, 0.6) + 0.1 * np.sin(xs * chance.uniform(2, 7)))
    ys = np.arange(height)[:, None]
    shape = ((ys > edge) * 255).astype(np.uint8)
    turn = chance.uniform(0, np.pi)
    wave = np.sin((xs * width * np.cos(turn) + ys * np.sin(turn)) / chance.uniform(2, 9))
    folds = cv2.GaussianBlur(chance.normal(size=(height, width)), (0, 0), 5) * 8
    colour = chance.uniform(10, 245, 3)
    thing = colour * (1 + 0.1 * wave[..., None]) + 12 * folds[..., None]
    mask = soft(shape, chance)
    return lay_over(crop, thing, mask), mask


def scrap_of(others: Crop) -> Maker:
    """A blob or strip with what another picture shows, from (n, height, width, 3)."""

    def scrap(crop: Crop, chance: np.random.Generator) -> tuple[Crop, Mask]:
        height, width = crop.shape[:2]
        other = others[int(chance.integers(len(others)))]
        other = other[:: int(chance.choice([-1, 1]))]
        scale = chance.uniform(1.0, 3.0)
        big = cv2.resize(other, None, fx=scale, fy=scale)
        top, left = (
            int(chance.integers(0, n - m + 1))
            for n, m in zip(big.shape, crop.shape[:2], strict=False)
        )
        thing = big[top : top + height, left : left + width].astype(np.float64)
        points = np.array(place(crop, chance)) + chance.normal(size=(6, 2)) * (
            chance.uniform(0.1, 0.25) * width
        )
        shape = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(shape, cv2.convexHull(np.rint(points).astype(np.int32)), 255)
        mask = soft(shape, chance)
        return lay_over(crop, thing * chance.uniform(0.6, 1.3), mask), mask

    return scrap


MAKERS: Final[dict[str, Maker]] = {
    "fingers": fingers,
    "microphone": microphone,
    "cup": cup,
    "cloth": cloth,
}
