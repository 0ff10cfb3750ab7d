"""The 478-point face mesh of one region of a picture.

Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020. The
region is MediaPipe's: a square turned with the line of the eyes, 1.5 times the face's size.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deployments.face.tflite import Network
from media.face import Face, Picture

SIDE = 256
"""Width and height of the network's input."""

POINTS = 478
"""468 points of the face, then five of each iris."""

ROOM = 1.5
"""A region's side over the face's longer side."""

RIGHT_CORNER, LEFT_CORNER = 33, 263
"""Outer corners of the eyes; right and left are the person's."""


HOPELESS = 0.02
"""A region less likely than this to show a face is not looked at twice."""


@dataclass(frozen=True, slots=True)
class Region:
    """A turned square of a picture: centre and side in pixels, angle in radians, clockwise."""

    x: float
    y: float
    side: float
    angle: float

    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): from pixels of the network's input to pixels of the picture."""
        scale = self.side / SIDE
        cos, sin = np.cos(self.angle) * scale, np.sin(self.angle) * scale
        linear = np.array([[cos, -sin], [sin, cos]])
        shift = np.array([self.x, self.y]) - linear @ [SIDE / 2, SIDE / 2]
        return np.column_stack([linear, shift])


def region_of_box(box: NDArray[np.float32], angle: float) -> Region:
    """The region round an upright box whose face is turned by `angle`."""
    left, top, right, bottom = (float(v) for v in box)
    side = ROOM * max(right - left, bottom - top)
    return Region((left + right) / 2, (top + bottom) / 2, side, angle)


def angle_between(right_eye: NDArray[np.float32], left_eye: NDArray[np.float32]) -> float:
    """Radians, clockwise, by which the line of the eyes is turned from the horizontal."""
    x, y = left_eye[:2] - right_eye[:2]
    return float(np.arctan2(y, x))


def region_of_mesh(mesh: NDArray[np.float32]) -> Region:
    """The region round a mesh: its extent is taken along its own axes."""
    angle = angle_between(mesh[RIGHT_CORNER], mesh[LEFT_CORNER])
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    along = mesh[:, :2] @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    x, y = ((low + high) / 2) @ axes
    return Region(float(x), float(y), ROOM * float((high - low).max()), angle)


def crop(picture: Picture, region: Region) -> NDArray[np.uint8]:
    """(256, 256, 3): the region, upright. Past the picture's edge its last pixels repeat."""
    part, left, top = _surroundings(picture, region)
    matrix = region.matrix()
    matrix[:, 2] -= [left, top]
    shrink = int(region.side / SIDE)
    if shrink >= 2:
        # Linear sampling alone would skip pixels of a large face: average whole blocks first.
        size = (max(1, part.shape[1] // shrink), max(1, part.shape[0] // shrink))
        step = np.array([part.shape[1] / size[0], part.shape[0] / size[1]])
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Pixel i of the small picture is centred on (i + 0.5) * step - 0.5 of the large one.
        matrix[:, 2] += 0.5
        matrix /= step[:, None]
        matrix[:, 2] -= 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(
        part, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def _surroundings(picture: Picture, region: Region) -> tuple[Picture, int, int]:
    """The upright part of the picture that holds the region, and where it begins.

    At least one pixel; a warp of the part costs the same however large the picture is.
    """
    height, width = picture.shape[:2]
    reach = region.side * (abs(np.cos(region.angle)) + abs(np.sin(region.angle))) / 2 + 2
    left, right = (int(np.clip(v, 0, width - 1)) for v in (region.x - reach, region.x + reach))
    top, bottom = (int(np.clip(v, 0, height - 1)) for v in (region.y - reach, region.y + reach))
    return picture[top : bottom + 1, left : right + 1], left, top


def fit(network: Network, picture: Picture, region: Region) -> tuple[NDArray[np.float32], float]:
    """The mesh found in a region.

    Returns:
        (478, 3) float32 in the picture's pixels, depth in the unit of x (smaller is nearer), and
        the probability that the region shows a face at all.
    """
    tensor = crop(picture, region)[None].astype(np.float32) / np.float32(255)
    points, presence = network(tensor, ("Identity", "Identity_1"))
    local = points.reshape(POINTS, 3)
    matrix = region.matrix()
    mesh = np.empty((POINTS, 3), np.float32)
    mesh[:, :2] = local[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    mesh[:, 2] = local[:, 2] * (region.side / SIDE)
    logit = np.clip(float(presence.reshape(-1)[0]), -80.0, 80.0)
    return mesh, float(1 / (1 + np.exp(-logit)))


def refine(
    network: Network, picture: Picture, region: Region, *, passes: int, min_presence: float
) -> NDArray[np.float32] | None:
    """Fit a mesh, then fit it again in the region that it spans, `passes` times in all.

    The second pass halves the mesh's jitter under small shifts of the picture. None where the
    last pass doubts that there is a face, or the first one rules it out.
    """
    mesh, presence = fit(network, picture, region)
    for _ in range(passes - 1):
        if presence < HOPELESS:
            return None
        mesh, presence = fit(network, picture, region_of_mesh(mesh))
    return mesh if presence >= min_presence else None


def mesh_box(mesh: NDArray[np.float32], picture: Picture) -> tuple[float, float, float, float]:
    """The tight upright box of a mesh, ear to ear and hairline to chin, cut to the picture."""
    height, width = picture.shape[:2]
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    left, right = np.clip([low[0], high[0]], 0, width)
    top, bottom = np.clip([low[1], high[1]], 0, height)
    return float(left), float(top), float(right), float(bottom)


def starting_region(face: Face) -> Region:
    """Where to look for the mesh of a face that some engine found."""
    if face.mesh is not None:
        return region_of_mesh(face.mesh)
    return region_of_box(np.array(face.box, np.float32), float(np.radians(face.pose.roll)))
