"""What a mouth's picture is judged by, and where its likeness is lost."""

import cv2
import numpy as np
import pytest

from training.lips.ceiling import told
from training.lips.comparison import Table
from training.lips.evaluate import Image, scores
from training.lips.losses import CAUSES, losses
from training.lips.regions import Mask, mean_over, repair_towards, shares
from training.lips.registration import MOST, brought_onto, moved, shaken

HEIGHT, WIDTH = 88, 128


def ellipse(across: int, down: int) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    return np.asarray(cv2.ellipse(mask, (64, 44), (across, down), 0, 0, 360, 255, -1), np.uint8)


INNER, OUTER = ellipse(28, 12), ellipse(40, 22)


@pytest.fixture
def truth() -> Image:
    """A textured mouth of red lips and a dark inside with lines for teeth."""
    chance = np.random.default_rng(0)
    image = np.full((HEIGHT, WIDTH, 3), (200, 150, 130), np.float32)
    image[OUTER > 0] = (170, 80, 80)
    image[INNER > 0] = (60, 30, 30)
    image[38:44, 42:86:4] = 220
    texture = cv2.GaussianBlur(chance.normal(size=(HEIGHT, WIDTH)), (0, 0), 1.0)
    return np.asarray(np.clip(image + 60 * texture[..., None], 0, 255), np.float32)


def test_the_parts_of_a_mouth_add_up(truth: Image) -> None:
    parts = shares(INNER, OUTER)
    assert sum(parts.values()) == pytest.approx(np.ones((HEIGHT, WIDTH, 1)))
    assert all(part.min() >= 0 for part in parts.values())
    places = {"inside": (44, 64), "lips": (44, 98), "skin": (4, 4)}
    assert all(parts[name][place] == pytest.approx(1) for name, place in places.items())


def test_means_are_taken_of_what_lies_in_the_picture() -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4, 1)
    assert mean_over(image, 3)[0, 0, 0] == pytest.approx(image[:2, :2].mean())
    assert mean_over(image, 3)[1, 1, 0] == pytest.approx(image[:, :3].mean())


def test_a_network_that_knows_the_truth_shows_it_inside_and_its_means_on_the_lips(
    truth: Image,
) -> None:
    warp = np.full_like(truth, 128)
    made = repair_towards(warp, truth, INNER, OUTER)
    assert made[44, 50:78] == pytest.approx(truth[44, 50:78], abs=1)
    assert made[:4] == pytest.approx(warp[:4])
    lips = np.s_[42:47, 96:101]
    assert made[lips].std(axis=(0, 1)).max() < 0.6 * truth[lips].std(axis=(0, 1)).min()


def test_a_network_that_may_change_more_comes_nearer(truth: Image) -> None:
    warp = np.asarray(cv2.GaussianBlur(truth, (0, 0), 3), np.float32)
    inside, built, free = (
        scores(image, truth, OUTER)[1] for image in told(warp, truth, INNER, OUTER).values()
    )
    assert scores(warp, truth, OUTER)[1] < min(inside, built)
    assert max(inside, built) < free < 1


def test_a_moved_picture_is_brought_back(truth: Image) -> None:
    aside = moved(truth, np.full((HEIGHT, WIDTH, 2), 1.5))
    back = brought_onto(aside, truth)
    assert scores(aside, truth, OUTER)[1] < 0.7
    assert scores(back, truth, OUTER)[1] > 0.95
    assert brought_onto(truth, truth) == pytest.approx(truth, abs=0.5)


def test_nothing_is_brought_further_than_a_few_pixels(truth: Image) -> None:
    far = moved(truth, np.full((HEIGHT, WIDTH, 2), 4 * MOST))
    assert scores(brought_onto(far, truth), truth, OUTER)[1] < 0.7


def test_a_shaken_picture_is_less_like_itself_the_more_it_is_shaken(truth: Image) -> None:
    chance = np.random.default_rng(0)
    like = [scores(shaken(truth, far, chance), truth, OUTER)[1] for far in (0.1, 0.5, 1.5)]
    assert 1 > like[0] > like[1] > like[2]


def test_the_truth_loses_nothing(truth: Image) -> None:
    assert losses(truth, truth, INNER, OUTER) == pytest.approx(dict.fromkeys(CAUSES, 0), abs=2e-3)


def spoilt(truth: Image, cause: str) -> Image:
    """The truth with one thing wrong."""
    if cause == "place":
        return moved(truth, np.full((HEIGHT, WIDTH, 2), 1.0))
    if cause == "light":
        ramp = np.linspace(0.5, 1.0, WIDTH, dtype=np.float32)[None, :, None]
        return truth * ramp
    noise = np.random.default_rng(1).normal(size=truth.shape) * 30
    return np.asarray(truth + shares(INNER, OUTER)[cause] * noise, np.float32)


@pytest.mark.parametrize("cause", CAUSES)
def test_what_is_wrong_is_what_loses_most_and_losses_add_up(truth: Image, cause: str) -> None:
    made = spoilt(truth, cause)
    found = losses(made, truth, INNER, OUTER)
    assert max(found, key=lambda name: found[name]) == cause
    assert sum(found.values()) == pytest.approx(1 - scores(made, truth, OUTER)[1])


def test_means_are_shown_for_all_mouths_and_for_each_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = Table(("SSIM", "sharpness"))
    table.add("warp", "shut", (0.5, 1.0))
    table.add("warp", "wide", (0.7, 0.8))
    assert table.mean("warp") == pytest.approx([0.6, 0.9])
    assert table.mean("warp", "open") == pytest.approx([0.7, 0.8])
    table.show()
    assert "| warp | 2 | 0.600 | 0.900 | 0.500 | nan | 0.700 |" in capsys.readouterr().out
    table.show_kinds()
    assert "| warp | open | 1 | 0.700 | 0.800 |" in capsys.readouterr().out
