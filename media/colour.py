"""sRGB pixels to and from I420, BT.709 limited range (ITU-R BT.709-6, BT.2100 code ranges)."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from media.face import Picture
from media.patch import Planes

_KR: Final = 0.2126
_KB: Final = 0.0722
_KG: Final = 1 - _KR - _KB


def _rows() -> NDArray[np.float64]:
    """(3, 4): Y, Cb, Cr as affine functions of 8-bit R, G, B."""
    luma = np.array([_KR, _KG, _KB])
    blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - _KB))
    red = (np.array([1, 0, 0]) - luma) / (2 * (1 - _KR))
    scaled = np.stack([luma * 219, blue * 224, red * 224]) / 255
    return np.hstack([scaled, [[BLACK], [GREY], [GREY]]])


BLACK: Final = np.float32(16)
GREY: Final = np.float32(128)
"""Y of black; U and V of what has no colour."""
TO_YUV: Final = _rows()
TO_RGB: Final = np.linalg.inv(TO_YUV[:, :3])


def to_i420(rgb: Picture) -> Planes:
    """(height, width, 3) of even size to I420 planes (height * 3 / 2, width)."""
    height, width = rgb.shape[:2]
    if height % 2 or width % 2:
        raise ValueError(f"I420 needs an even size, got {width}x{height}")
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = cv2.transform(rgb, TO_YUV[:1])
    u, v = chroma(planes, height)
    u[:], v[:] = cv2.split(cv2.transform(halved(rgb), TO_YUV[1:]))
    return planes


def chroma(planes: Planes, height: int) -> tuple[Planes, Planes]:
    """Views (height / 2, width / 2) of the U and V planes."""
    width = planes.shape[1]
    flat = planes[height:].reshape(2, height // 2, width // 2)
    return flat[0], flat[1]


def to_rgb(planes: Planes) -> Picture:
    """I420 planes back to (height, width, 3) pixels; chroma enlarged linearly."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    u, v = (
        cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
        for plane in chroma(planes, height)
    )
    yuv = np.asarray(cv2.merge([planes[:height], u, v]), np.uint8)
    offset = -TO_RGB @ TO_YUV[:, 3:]
    return np.asarray(cv2.transform(yuv, np.hstack([TO_RGB, offset])), np.uint8)


def blend(
    planes: Planes,
    box: tuple[int, int, int, int],
    luma: NDArray[np.float32],
    halves: NDArray[np.float32],
    mask: NDArray[np.uint8],
) -> None:
    """Lay Y (height, width), U and V (2, height / 2, width / 2) over a box, as far as a mask says.

    In place. `box`: left, top, width, height of planes, all even. `mask`: 255 covers.
    """
    x, y, width, height = box
    _blend(planes[y : y + height, x : x + width], luma, mask)
    thin = halved(mask)
    tall = planes.shape[0] * 2 // 3
    for half, plane in zip(halves, chroma(planes, tall), strict=True):
        _blend(plane[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2], half, thin)


def halved(image: NDArray[Any]) -> NDArray[Any]:
    """Of half the height and width, which are even: means of 2 x 2."""
    size = (image.shape[1] // 2, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _blend(part: Planes, painted: NDArray[np.float32], mask: NDArray[np.uint8]) -> None:
    blended = painted - part
    blended *= mask * np.float32(1 / 255)
    cv2.add(part, blended, dst=part, dtype=cv2.CV_8U)
