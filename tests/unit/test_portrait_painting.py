"""The steered generator on its real weights: what was asked for is seen in the pictures."""

from functools import cache

import cv2
import numpy as np
import pytest

from deployments.portrait.engine import Painting
from deployments.portrait.looks import Looks, measure
from deployments.portrait.steered import Steered
from media.errors import AvatarError
from media.face import Face
from tests.weights import weights

BEARDED = "a man with glasses and a beard in a spacesuit"
SHAVEN = "a serious man, clean-shaven, without glasses"
BLONDE = "a smiling woman with long blonde hair"
BRUNETTE = "a serious woman with glasses and long black hair"


@cache
def engine() -> Steered:
    return Steered.load(weights(*Steered.weights), threads=2)


@cache
def painted(prompt: str, seed: int = 1) -> Painting:
    return engine().paint(prompt, seed)


def only_face(prompt: str) -> Face:
    (face,) = engine()._faces.find(painted(prompt).rgb)
    return face


def looks(prompt: str) -> Looks:
    small = cv2.resize(painted(prompt).rgb, (512, 512), interpolation=cv2.INTER_AREA)
    (face,) = engine()._faces.find(small)
    return measure(small, face)


def test_a_painting_is_one_frontal_face_with_a_closed_mouth() -> None:
    picture = painted("a woman").rgb
    assert (picture.shape, picture.dtype) == ((1024, 1024, 3), np.uint8)
    face = only_face("a woman")
    assert abs(face.pose.yaw) < 6
    assert abs(face.pose.roll) < 4
    assert -16 < face.pose.pitch < 6
    assert face.box[2] - face.box[0] > 350
    assert looks("a woman").lip_gap < 0.03


def test_the_same_words_and_seed_give_the_same_picture() -> None:
    again = engine().paint("a woman", 1)
    np.testing.assert_array_equal(again.rgb, painted("a woman").rgb)
    assert again.seed == 1


def test_another_seed_gives_another_face() -> None:
    other = engine().paint("a woman", -(2**70))
    assert np.abs(other.rgb.astype(int) - painted("a woman").rgb).mean() > 10


def test_glasses_are_on_the_nose_when_asked_for_and_only_then() -> None:
    assert looks(BEARDED).frames > 20
    assert looks(BRUNETTE).frames > 20
    assert looks(SHAVEN).frames < 10
    assert looks(BLONDE).frames < 10


def test_the_glasses_are_not_dark() -> None:
    assert looks(BEARDED).lenses > 0.75
    assert looks(BRUNETTE).lenses > 0.75


def test_a_smile_is_wider_than_a_serious_mouth() -> None:
    assert looks(BLONDE).smile > 0.5
    assert looks(BRUNETTE).smile < 0.3
    assert looks(SHAVEN).smile < 0.3


def test_blonde_hair_is_lighter_than_black_hair() -> None:
    blonde, black = looks(BLONDE).hair, looks(BRUNETTE).hair
    assert blonde[0] > black[0] + 40
    assert blonde[1] > black[1] + 3


def test_a_beard_roughens_the_chin() -> None:
    assert looks(BEARDED).chin_texture > 1.5 * looks(SHAVEN).chin_texture


def test_the_words_come_back_used_and_ignored() -> None:
    assert painted(BEARDED).words_used == ("man", "glasses", "beard")
    assert painted(BEARDED).words_ignored == ("spacesuit",)


def test_a_prompt_without_words_is_refused() -> None:
    with pytest.raises(AvatarError) as refused:
        engine().paint("\N{SMILING FACE WITH SUNGLASSES}", 0)
    assert refused.value.code == "invalid_request"


def test_missing_weights_are_named() -> None:
    files = {k: v for k, v in weights(*Steered.weights).items() if k != "SynthesisNetwork.bin"}
    with pytest.raises(AvatarError, match=r"SynthesisNetwork\.bin") as missing:
        Steered.load(files, threads=1)
    assert missing.value.code == "weights_missing"


def test_options_are_refused() -> None:
    with pytest.raises(TypeError, match="style"):
        Steered.load(weights(*Steered.weights), threads=1, style="oil")
