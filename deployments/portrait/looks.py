"""What can be measured of a painted face: where it looks, its mouth, glasses, light and hair.

Colours are CIE L*a*b* in OpenCV's 8-bit units: lightness 0 to 255, a and b with 128 for neutral.
Lengths are in eye distances. The points are those of MediaPipe's face mesh; "right" is the
person's right, on the picture's left.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from media.face import Face, Picture, eye_distance

Lab = NDArray[Any]
Points = NDArray[np.floating[Any]]

CHEEKS: Final = (50, 280)
UNDER_EYES: Final = (118, 119, 347, 348)
INNER_LIPS: Final = (13, 14)
BRIDGE_TOP, BRIDGE, BRIDGE_END = 9, 6, 195
"""Along the nose from between the eyebrows to below the eyes."""
ROUND_MOUTH: Final = (164, 18, 200, 199)
CHIN: Final = (200, 199, 208, 428, 169, 394)
BESIDE_MOUTH: Final = (205, 425)
"""Cheeks below any glasses and above most beards."""
HAIRLINE: Final = ((54, -0.2, 0.2), (284, 0.2, 0.2), (103, -0.15, 0.5), (333, 0.15, 0.5))
"""Point of the mesh, and how far right and up of it hair is looked for."""

EYES_CLOSED: Final = (9, 10)
SMILE: Final = (44, 45)
"""Left and right of `eyeBlink` and `mouthSmile` among MediaPipe's 52 blendshapes."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Measures of one face of a picture."""

    yaw: float
    pitch: float
    """Degrees, as in HeadPose; a camera slightly above makes an ordinary portrait about -6."""
    lip_gap: float
    smile: float
    eyes_closed: float
    """0 to 1."""
    frames: float
    """Strongest edge across the bridge of the nose, in lightness per hundredth of the eye distance:
    below 8 in 95 of 100 faces without glasses, above 20 in 3 of 4 with."""
    lenses: float
    """Lightness under the eyes over that of the cheeks: below 0.75 behind dark glasses."""
    skin_hue: float
    """Degrees, for skin of any shade about 25 to 60 in white light."""
    skin_lightness: float
    hair: tuple[float, float]
    """Lightness and b of the hair beside and above the forehead."""
    covered: float
    """Greatest difference of colour (a, b) between the cheeks and the skin round the mouth: rarely
    above 16 unless something is held before it."""
    chin_texture: float
    """Fine detail of the chin over that of the cheeks: about 1.7 without a beard, 2.9 with one."""
    sharpness: float
    """Standard deviation of the Laplacian of lightness over a face of some 250 pixels: 9 to 22 in
    ordinary ones."""


def measure(picture: Picture, face: Face) -> Looks:
    """Measure a face whose mesh and blendshapes are filled."""
    if face.mesh is None or face.blendshapes is None:
        raise ValueError("a face is measured by its mesh and blendshapes")
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    points = face.mesh[:, :2]
    eyes = eye_distance(face.mesh)
    cheeks = colour(lab, points[list(CHEEKS)], 0.12 * eyes)
    under = colour(lab, points[list(UNDER_EYES)], 0.06 * eyes)
    beside = np.array([points[i] + (right * eyes, -up * eyes) for i, right, up in HAIRLINE])
    hair = colour(lab, beside, 0.08 * eyes)
    upper, lower = points[list(INNER_LIPS)]
    return Looks(
        yaw=face.pose.yaw,
        pitch=face.pose.pitch,
        lip_gap=float(np.hypot(*(upper - lower))) / eyes,
        smile=float(face.blendshapes[list(SMILE)].mean()),
        eyes_closed=float(face.blendshapes[list(EYES_CLOSED)].max()),
        frames=_edge_across_bridge(lab, points, eyes),
        lenses=float(under[0] / max(1.0, cheeks[0])),
        skin_hue=float(np.degrees(np.arctan2(cheeks[2] - 128, cheeks[1] - 128))),
        skin_lightness=float(cheeks[0]),
        hair=(float(hair[0]), float(hair[2])),
        covered=max(
            float(np.hypot(*(_here(lab, points, n, eyes) - cheeks)[1:])) for n in ROUND_MOUTH
        ),
        chin_texture=_chin_texture(lab, points, eyes),
        sharpness=_sharpness(lab, points),
    )


def colour(lab: Lab, centres: Points, radius: float) -> NDArray[np.float64]:
    """(3,) median over squares round the centres, as far as they lie in the picture."""
    found = _patches(lab, centres, radius)
    return np.median(found, axis=0) if len(found) else np.full(3, 128.0)


def _here(lab: Lab, points: Points, n: int, eyes: float) -> NDArray[np.float64]:
    """Colour at one point of the mesh."""
    return colour(lab, points[[n]], 0.06 * eyes)


def _patches(image: Lab, centres: Points, radius: float) -> Lab:
    """(n, channels) pixels of squares round the centres."""
    height, width = image.shape[:2]
    pixels = []
    for x, y in centres:
        left, right = np.clip([x - radius, x + radius + 1], 0, width).astype(int)
        top, bottom = np.clip([y - radius, y + radius + 1], 0, height).astype(int)
        pixels.append(image[top:bottom, left:right].reshape(-1, image.shape[2]))
    return np.concatenate(pixels)


def _edge_across_bridge(lab: Lab, points: Points, eyes: float) -> float:
    height, width = lab.shape[:2]
    rows = [points[BRIDGE_TOP][1], points[BRIDGE_END][1]]
    columns = points[BRIDGE][0] + np.array([-0.05, 0.05]) * eyes
    top, bottom = np.clip(rows, 0, height).astype(int)
    left, right = np.clip(columns, 0, width - 1).astype(int)
    strip = lab[top:bottom, left : right + 1, 0].astype(np.float32)
    if len(strip) < 2:
        return 0.0
    column = cv2.GaussianBlur(strip, (0, 0), 0.01 * eyes).mean(axis=1)
    return float(np.abs(np.diff(column)).max()) * eyes / 100


def _chin_texture(lab: Lab, points: Points, eyes: float) -> float:
    lightness = lab[..., :1].astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(lightness, (0, 0), 0.008 * eyes * n) for n in (1, 4))
    detail = np.abs(fine - coarse)[..., None]
    chin = _patches(detail, points[list(CHIN)], 0.06 * eyes)
    cheeks = _patches(detail, points[list(BESIDE_MOUTH)], 0.1 * eyes)
    if not (len(chin) and len(cheeks)):
        return 0.0
    return float(chin.mean() / max(0.1, cheeks.mean()))


def _sharpness(lab: Lab, points: Points) -> float:
    height, width = lab.shape[:2]
    left, top = np.clip(points.min(axis=0), 0, [width, height]).astype(int)
    right, bottom = np.clip(points.max(axis=0), 0, [width, height]).astype(int)
    lightness = np.ascontiguousarray(lab[top:bottom, left:right, 0])
    return float(cv2.Laplacian(lightness, cv2.CV_32F).std()) if lightness.size else 0.0
