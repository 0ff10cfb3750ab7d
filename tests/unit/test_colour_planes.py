"""Pixels to planes and back: BT.709, limited range, nothing shifted."""

import numpy as np
import pytest

from media.colour import to_i420, to_rgb


def flat(rgb: tuple[int, int, int]) -> np.ndarray:
    return np.full((8, 8, 3), rgb, np.uint8)


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_primaries_have_the_codes_of_bt_709(
    rgb: tuple[int, int, int], yuv: tuple[int, int, int]
) -> None:
    planes = to_i420(flat(rgb))
    assert planes.shape == (12, 8)
    assert (planes[0, 0], planes[8, 0], planes[11, 7]) == yuv


def test_a_soft_picture_comes_back_within_two_steps() -> None:
    ramp = np.linspace(20, 230, 64).astype(np.uint8)
    picture = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], ramp[::-1][None]), axis=-1)
    back = to_rgb(to_i420(np.ascontiguousarray(picture)))
    assert np.abs(back.astype(int) - picture)[2:-2, 2:-2].max() <= 4
    assert np.abs(back.astype(int) - picture).mean() < 1


def test_an_odd_size_is_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        to_i420(np.zeros((7, 8, 3), np.uint8))
