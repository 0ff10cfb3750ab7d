"""Is something in front of the mouth? A small network looks at the mouth's crop.

`training/covered` made it; the crop is the one that the lip sync works on, at half its size.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # ships no types
from numpy.typing import NDArray

from deployments.lipsync import repair_crop
from deployments.lipsync.landmarks import LOWER_OUTER, UPPER_OUTER, face_frame
from deployments.lipsync.mouth_geometry import lip_mask
from media.face import Picture
from media.shipped import read_shipped

SHIPPED: Final = Path(__file__).with_name("covered.onnx")
SHIPPED_SHA256: Final = "70fae572adf2e1887e41364024d3498889c6591e7e33afaac70ab6c46b737fc6"
SCALE: Final = repair_crop.SCALE / 2
"""Pixels of the crop a face unit."""
WIDTH, HEIGHT = repair_crop.WIDTH // 2, repair_crop.HEIGHT // 2


@dataclass(frozen=True, slots=True)
class MouthCover:
    """The network. Thread-safe."""

    session: Any

    @classmethod
    def load(cls) -> Self:
        """Open the network that ships with the project. Raises ValueError where it was changed."""
        model = read_shipped(SHIPPED, SHIPPED_SHA256)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return cls(onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]))

    def share(self, picture: Picture, mesh: NDArray[np.float32]) -> float:
        """How much of the lips of a (478, 3) mesh is covered, 0 to 1."""
        crop = mouth_crop(picture, mesh)
        (pieces,) = self.session.run(None, {"given": crop[None]})
        step = HEIGHT // pieces.shape[1]
        lips = crop[3].reshape(pieces.shape[1], step, pieces.shape[2], step).mean(axis=(1, 3))
        return float((pieces[0] * lips).sum() / max(float(lips.sum()), 1.0))


def mouth_crop(picture: Picture, mesh: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(4, HEIGHT, WIDTH): the mouth upright in one scale, and a mask of its lips."""
    frame = face_frame(mesh)
    middle = (mesh[13, :2] + mesh[14, :2]) / 2
    place = np.array([WIDTH / 2, HEIGHT / 2 - repair_crop.BELOW * SCALE])
    # Four samples a pixel, so that large faces don't alias; beyond that the lens blurs anyway.
    fine = frame.upright(4 * SCALE, middle, 4 * place + 1.5)
    drawn = cv2.warpAffine(picture, fine, (4 * WIDTH, 4 * HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    crop = cv2.resize(drawn, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    upright = frame.upright(SCALE, middle, place)
    upper, lower = (
        (mesh[list(line), :2] @ upright[:, :2].T + upright[:, 2]).astype(np.float32)
        for line in (UPPER_OUTER, LOWER_OUTER)
    )
    lips = lip_mask(upper, lower, (0, 0, WIDTH, HEIGHT))
    return np.ascontiguousarray(np.dstack([crop, lips]).transpose(2, 0, 1))
