"""What a repairing network adds to one crop, whatever form its file has."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from deployments.lipsync.repair import COLUMNS, ROWS, Image, Repairer, kept_to_lips, to_blocks
from deployments.lipsync.repair_crop import HEIGHT, WIDTH
from media.errors import AvatarError

Network = Callable[[NDArray[np.uint8]], Image]
"""From planes (8, HEIGHT, WIDTH), as `evaluate.given_of` makes them, to (HEIGHT, WIDTH, 3)."""


def open_network(path: Path) -> Network:
    """The network of `train` and `quantise`, or the one that `fold` made of it."""
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
        blocks = np.empty((1, 32, ROWS, COLUMNS), np.uint8)
        to_blocks(given.transpose(1, 2, 0), blocks[0])
        whole = (0, 0, WIDTH, HEIGHT)
        return kept_to_lips(repairer.answer(blocks)[0], given[6], given[7], whole)

    return added
