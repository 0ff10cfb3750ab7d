"""Where on a portrait Wav2Lip looks, and where what it paints is shown."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.lipsync.landmarks import JAW, NOSE_BASE, FaceFrame, face_frame
from deployments.lipsync.mouth_field import Rectangle
from deployments.lipsync.wav2lip.shown import SHOWN_COLUMNS, SHOWN_ROWS, SIDE
from media.face import Picture

Affine = NDArray[np.float64]
"""(2, 3): from pixels of one picture to pixels of another."""

MESH: Final = 468
"""Points of the face; the irises follow."""
PAD_BELOW: Final = 0.04
"""Of the face's height below the chin: the published program's 10 pixels of a face of 250."""
BESIDE_MOUTH: Final = (205, 425)
"""Mesh points on the cheeks, between nose and jaw."""
BEYOND_JAW: Final = 1.1
"""How far out from the mouth the shown part reaches, in distances of the jaw's line."""
FEATHER: Final = 0.16
"""Face units over which the painted mouth passes into the portrait."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A portrait's face as the network takes it, and its mouth's rectangle."""

    face: NDArray[np.float32]
    """(6, SIDE, SIDE), 0 to 1: BGR with the lower half black, then BGR whole."""
    rectangle: Rectangle
    source: Picture
    """(height, width, 3): the portrait's own pixels there."""
    onto: Affine
    """From the shown part of the network's picture onto the rectangle."""
    mask: NDArray[np.float32]
    """(height, width): 1 where the painted mouth shows, 0 where the portrait does."""
    shown: NDArray[np.float32]
    """(rows, columns, 3): the portrait in the shown part, RGB, 0 to 1."""
    skin: NDArray[np.float32]
    """(rows, columns): 1 in the shown part where it passes into the portrait's skin."""


def find_place(rgb: Picture, mesh: NDArray[np.float32]) -> Place:
    """Cut the face out, upright, and lay the mask round the mouth.

    `mesh` is (478, 3) in pixels of `rgb`. The face's box is that of the mesh, along the face's own
    axes: the network has learnt from upright heads.
    """
    frame = face_frame(mesh)
    points = mesh[:MESH, :2].astype(np.float64)
    forward = _to_network(points, frame)
    bgr = _shrunk(rgb, forward)[:, :, ::-1].astype(np.float32) / np.float32(255)
    outline = _outline(points)
    rectangle = _rectangle(outline, rgb.shape)
    corner = np.array([rectangle.x, rectangle.y])
    back = np.asarray(cv2.invertAffineTransform(forward), np.float64)
    back[:, 2] += back[:, :2] @ (SHOWN_COLUMNS[0], SHOWN_ROWS[0]) - corner
    mask = _mask(outline - corner, back, rectangle, FEATHER * frame.unit)
    rows, columns = slice(*SHOWN_ROWS), slice(*SHOWN_COLUMNS)
    box = rectangle
    return Place(
        _network_input(bgr),
        rectangle,
        rgb[box.y : box.y + box.height, box.x : box.x + box.width].copy(),
        back,
        mask,
        np.ascontiguousarray(bgr[rows, columns, ::-1]),
        _skin(mask, back, points - corner),
    )


def _to_network(points: NDArray[np.float64], frame: FaceFrame) -> Affine:
    """From the portrait to the network's picture, whose edges are those of the face's box."""
    uv = frame.coordinates(points)
    low, high = uv.min(axis=0), uv.max(axis=0)
    high[1] += PAD_BELOW * (high[1] - low[1])
    scale = np.diag(SIDE / (high - low))
    axes = scale @ np.stack([frame.u, frame.v]) / frame.unit
    # Half a pixel at either end: edges fall on edges, not middles on middles.
    offset = -axes @ (frame.origin - 0.5) - scale @ low - 0.5
    return np.column_stack([axes, offset])


def _shrunk(rgb: Picture, forward: Affine) -> Picture:
    """(SIDE, SIDE, 3); large faces are made whole times smaller first, not to alias."""
    shrink = max(1, int(1 / np.sqrt(np.linalg.det(forward[:, :2]))))
    if shrink > 1:
        height, width = (side // shrink for side in rgb.shape[:2])
        whole = rgb[: height * shrink, : width * shrink]
        rgb = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        offset = forward[:, 2] + (shrink - 1) / 2 * forward[:, :2].sum(axis=1)
        forward = np.column_stack([forward[:, :2] * shrink, offset])
    crop = cv2.warpAffine(rgb, forward, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def _network_input(bgr: NDArray[np.float32]) -> NDArray[np.float32]:
    whole = bgr.transpose(2, 0, 1)
    masked = whole.copy()
    masked[:, SIDE // 2 :] = 0
    return np.ascontiguousarray(np.concatenate([masked, whole]), np.float32)


def _outline(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2): round mouth and jaw, from under the nose; a little beyond the jaw, which moves."""
    mouth = points[[13, 14]].mean(axis=0)
    jaw = mouth + BEYOND_JAW * (points[list(JAW)] - mouth)
    inner = points[[*NOSE_BASE, *BESIDE_MOUTH]]
    hull = cv2.convexHull(np.vstack([jaw, inner]).astype(np.float32))
    return np.asarray(hull, np.float64)[:, 0]


def _rectangle(outline: NDArray[np.float64], shape: tuple[int, ...]) -> Rectangle:
    """Round the outline and a rim, so that a feather has where to end unless the picture does."""
    low, high = outline.min(axis=0) - 2, outline.max(axis=0) + 3
    x0, y0 = (max(0, int(v)) // 2 * 2 for v in low)
    x1, y1 = (
        min(side, -(-int(np.ceil(v)) // 2) * 2)
        for v, side in zip(high, (shape[1], shape[0]), strict=True)
    )
    return Rectangle(x0, y0, x1 - x0, y1 - y0)


def _mask(
    outline: NDArray[np.float64], back: Affine, box: Rectangle, feather: float
) -> NDArray[np.float32]:
    inside = np.zeros((box.height, box.width), np.uint8)
    cv2.fillPoly(inside, [np.rint(outline).astype(np.int32)], 1)
    height, width = SHOWN_ROWS[1] - SHOWN_ROWS[0], SHOWN_COLUMNS[1] - SHOWN_COLUMNS[0]
    corners = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)])
    made = np.zeros_like(inside)
    cv2.fillConvexPoly(made, np.rint(corners @ back[:, :2].T + back[:, 2]).astype(np.int32), 1)
    share = cv2.distanceTransform(inside & made, cv2.DIST_L2, 5) / feather
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _skin(
    mask: NDArray[np.float32], back: Affine, points: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Where the mask passes into the face itself: neither neck nor background, nor the mouth."""
    face = np.zeros(mask.shape, np.uint8)
    hull = cv2.convexHull(points.astype(np.float32))
    cv2.fillConvexPoly(face, np.rint(hull).astype(np.int32), 1)
    passing = ((mask > 0.02) & (mask < 0.6) & (face > 0)).astype(np.float32)
    size = (SHOWN_COLUMNS[1] - SHOWN_COLUMNS[0], SHOWN_ROWS[1] - SHOWN_ROWS[0])
    small = cv2.warpAffine(passing, back, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.asarray(np.asarray(small) > 0.5, np.float32)
