"""What a repairing network adds to one crop, whatever form its file has."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from deployments.lipsync.repair import (
    COLUMNS,
    GIVEN,
    OF_PICTURE,
    ROWS,
    Image,
    Repairer,
    kept_to_lips,
    to_blocks,
)
from deployments.lipsync.repair_crop import HEIGHT, WIDTH, Change
from media.colour import TO_RGB, chroma, halved, to_i420
from media.errors import AvatarError

Network = Callable[[NDArray[np.uint8]], Image]
"""From planes (8, HEIGHT, WIDTH), as `evaluate.given_of` makes them, to (HEIGHT, WIDTH, 3)."""


def open_network(path: Path) -> Network:
    """The network of `train`, or one that `distil`, `quantise` or `fold` made of it."""
    try:
        return _of_blocks(Repairer.load(path, threads=1))
    except AvatarError:
        return _of_planes(path)


def _of_planes(path: Path) -> Network:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def added(given: NDArray[np.uint8]) -> Image:
        (answer,) = session.run(None, {"given": given[None]})
        return np.asarray(answer[0].transpose(1, 2, 0), np.float32)

    return added


def _of_blocks(repairer: Repairer) -> Network:
    def added(given: NDArray[np.uint8]) -> Image:
        luma, halves = repairer.answer(blocks_of(given)[None])
        whole = (0, 0, WIDTH, HEIGHT)
        return in_rgb(kept_to_lips((luma[0], halves[0]), given[6], given[7], whole))

    return added


def in_rgb(change: Change) -> Image:
    """(height, width, 3): what a change of planes adds to red, green and blue."""
    y, *halves = change
    wide = (cv2.resize(half, y.shape[::-1]) for half in halves)
    return np.asarray(cv2.transform(cv2.merge([y, *wide]), TO_RGB), np.float32)


def blocks_of(given: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(GIVEN, ROWS, COLUMNS): what the engine's form of the network sees of planes."""
    blocks = np.empty((GIVEN, ROWS, COLUMNS), np.uint8)
    for first, onto in ((0, blocks[:OF_PICTURE]), (3, blocks[OF_PICTURE : 2 * OF_PICTURE])):
        planes = to_i420(np.ascontiguousarray(given[first : first + 3].transpose(1, 2, 0)))
        to_blocks((planes[:HEIGHT], *chroma(planes, HEIGHT)), onto)
    blocks[-2:] = halved(given[6]), halved(given[7])
    return blocks
