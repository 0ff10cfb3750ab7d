"""BlazeFace, short range: faces in a 128 x 128 picture.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019. The
anchors and the decoding are those of MediaPipe's face detector.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deployments.face.tflite import Network, Tensor

SIDE = 128
"""Width and height of the network's input."""

GRIDS = ((16, 2), (8, 6))
"""(cells per side, anchors per cell): 896 anchors in all."""

SCORE_LIMIT = 80.0
"""Logits are clipped to this before the sigmoid, which overflows in float32 past 88."""

RIGHT_EYE, LEFT_EYE = 0, 1
"""The keypoints used here; right and left are the person's. The others are the tip of the nose,
the mouth and the ears."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """n faces in the pixels of one picture."""

    boxes: NDArray[np.float32]
    """(n, 4): left, top, right, bottom; from the brows to the chin."""
    keypoints: NDArray[np.float32]
    """(n, 6, 2): x, y."""
    scores: NDArray[np.float32]
    """(n,), 0 to 1."""

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, index: NDArray[np.intp]) -> "Detections":
        """The detections at `index`."""
        return Detections(self.boxes[index], self.keypoints[index], self.scores[index])

    def mapped(self, scale: float, left: float, top: float) -> "Detections":
        """The same detections at `coordinate * scale + offset`."""
        offset = np.array([left, top], np.float32)
        return Detections(
            self.boxes * np.float32(scale) + np.tile(offset, 2),
            self.keypoints * np.float32(scale) + offset,
            self.scores,
        )


def join(parts: list[Detections]) -> Detections:
    """All detections of `parts`, in order."""
    if not parts:
        empty = np.zeros((0, 16), np.float32)
        return Detections(empty[:, :4], empty[:, 4:].reshape(0, 6, 2), empty[:, 0])
    return Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.keypoints for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


def anchors() -> NDArray[np.float32]:
    """(896, 2): centres of the anchors in [0, 1], x then y, in the order of the outputs."""
    centres = []
    for cells, per_cell in GRIDS:
        steps = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(steps, steps, indexing="ij")
        centres.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(centres)


ANCHORS = anchors()


def overlap(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 2): intersection over union, and over the smaller area, of one box with n others."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    area = np.prod(np.maximum(box[2:] - box[:2], 0))
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    tiny = np.float32(1e-6)
    return np.stack(
        [shared / (area + areas - shared + tiny), shared / (np.minimum(area, areas) + tiny)], axis=1
    ).astype(np.float32)


def blend(found: Detections, *, threshold: float = 0.3) -> Detections:
    """Weighted non-maximum suppression (BlazeFace, section 3.4), best score first.

    Boxes that overlap the best one by more than `threshold` are averaged with it, by score,
    which jitters less than keeping only the best.
    """
    rest = np.argsort(-found.scores, kind="stable")
    boxes, keypoints, scores = [], [], []
    while len(rest):
        near = overlap(found.boxes[rest[0]], found.boxes[rest])[:, 0] > threshold
        near[0] = True
        group = rest[near]
        weight = found.scores[group] / found.scores[group].sum()
        boxes.append(np.tensordot(weight, found.boxes[group], 1))
        keypoints.append(np.tensordot(weight, found.keypoints[group], 1))
        scores.append(found.scores[rest[0]])
        rest = rest[~near]
    if not scores:
        return found
    return Detections(np.stack(boxes), np.stack(keypoints), np.array(scores, np.float32))


def decode(regressors: Tensor, logits: Tensor, *, min_score: float) -> Detections:
    """Detections in pixels of the 128 x 128 input.

    Args:
        regressors: (896, 16): centre, size and six keypoints in pixels, relative to the anchor.
        logits: (896,).
        min_score: Detections below it are left out.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits, -SCORE_LIMIT, SCORE_LIMIT)))
    kept = np.flatnonzero(scores >= min_score)
    values = regressors[kept].reshape(-1, 8, 2)
    origin = ANCHORS[kept] * SIDE
    centre, half = values[:, 0] + origin, values[:, 1] / 2
    return Detections(
        np.concatenate([centre - half, centre + half], axis=1),
        values[:, 2:] + origin[:, None],
        scores[kept].astype(np.float32),
    )


def detect(network: Network, tile: NDArray[np.uint8], *, min_score: float) -> Detections:
    """Faces of one 128 x 128 RGB tile, in its pixels; best first."""
    tensor = tile[None].astype(np.float32) / np.float32(127.5) - 1
    regressors, logits = network(tensor, ("regressors", "classificators"))
    return blend(decode(regressors[0], logits[0, :, 0], min_score=min_score))
