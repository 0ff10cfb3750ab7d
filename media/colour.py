"""sRGB pixels to and from I420, BT.709 limited range (ITU-R BT.709-6, BT.2100 code ranges)."""

from typing import Final

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
    return np.hstack([scaled, [[16], [128], [128]]])


TO_YUV: Final = _rows()
TO_RGB: Final = np.linalg.inv(TO_YUV[:, :3])


def to_i420(rgb: Picture) -> Planes:
    """(height, width, 3) of even size to I420 planes (height * 3 / 2, width)."""
    height, width = rgb.shape[:2]
    if height % 2 or width % 2:
        raise ValueError(f"I420 needs an even size, got {width}x{height}")
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = cv2.transform(rgb, TO_YUV[:1])
    half = cv2.resize(rgb, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    u, v = chroma(planes, height)
    u[:], v[:] = cv2.split(cv2.transform(half, TO_YUV[1:]))
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
    return yuv_to_rgb(np.asarray(cv2.merge([planes[:height], u, v]), np.uint8))


def yuv_to_rgb(yuv: NDArray[np.uint8]) -> Picture:
    """(height, width, 3) of Y, Cb, Cr to pixels."""
    offset = -TO_RGB @ TO_YUV[:, 3:]
    return np.asarray(cv2.transform(yuv, np.hstack([TO_RGB, offset])), np.uint8)


def blend(
    planes: Planes,
    box: tuple[int, int, int, int],
    painted: NDArray[np.float32],
    mask: NDArray[np.uint8],
) -> None:
    """Lay pixels (height, width, 3) over an even box of planes, in place, as far as a mask says.

    `box`: left, top, width, height. `painted`: 0 to 255. `mask`: (height, width), 255 covers.
    """
    x, y, width, height = box
    size = (width // 2, height // 2)
    yuv = np.asarray(cv2.transform(painted, TO_YUV), np.float32)
    half = np.asarray(cv2.resize(yuv, size, interpolation=cv2.INTER_AREA), np.float32)
    thin = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)
    tall = planes.shape[0] * 2 // 3
    _blend(planes[y : y + height, x : x + width], yuv[..., 0], mask)
    for channel, plane in enumerate(chroma(planes, tall), 1):
        part = plane[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2]
        _blend(part, half[..., channel], thin)


def _blend(part: Planes, painted: NDArray[np.float32], mask: NDArray[np.uint8]) -> None:
    blended = part + (painted - part) * (mask * np.float32(1 / 255))
    part[:] = np.clip(blended + 0.5, 0, 255)
