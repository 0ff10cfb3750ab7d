"""The gallery's faces: usable as avatars, and painted by the recipe that lies beside them."""

from functools import cache
from hashlib import sha256

import numpy as np
import pytest

import gallery
from deployments.face.mediapipe import MediaPipe
from deployments.portrait.generator import Generator
from deployments.portrait.looks import measure
from deployments.portrait.probes import Probes
from gallery import GalleryAvatar
from gallery.recipe import alike, encode, paint
from media.errors import AvatarError
from tests.weights import weights

AVATARS = gallery.avatars()
each_avatar = pytest.mark.parametrize("avatar", AVATARS, ids=lambda avatar: avatar.id)


@cache
def faces() -> MediaPipe:
    return MediaPipe.load(weights(*MediaPipe.weights), threads=1)


@cache
def generator() -> Generator:
    return Generator.load(weights("mobilestylegan-ffhq"), threads=2)


def test_there_are_at_least_eight_avatars_with_names_as_ids() -> None:
    assert len(AVATARS) >= 8
    assert len({avatar.id for avatar in AVATARS}) == len(AVATARS)
    assert len({avatar.recipe["face"] for avatar in AVATARS}) == len(AVATARS)
    for avatar in AVATARS:
        assert avatar.id.isascii()
        assert avatar.id.isalpha()
        assert avatar.name == avatar.id.title()
        assert avatar.description.endswith(".")
        assert avatar.alt.startswith("Portrait of ")


def test_every_picture_in_the_folder_is_an_avatar() -> None:
    files = {path.name for path in gallery.FOLDER.glob("*.webp")}
    assert files == {f"{avatar.id}.webp" for avatar in AVATARS}


@each_avatar
def test_a_file_is_small_and_the_one_that_was_painted(avatar: GalleryAvatar) -> None:
    data = gallery.file(avatar.id).read_bytes()
    assert sha256(data).hexdigest() == avatar.sha256
    assert len(data) < 150_000
    assert gallery.picture(avatar.id).shape == (768, 768, 3)


@each_avatar
def test_a_picture_shows_one_frontal_face_with_a_closed_mouth(avatar: GalleryAvatar) -> None:
    picture = gallery.picture(avatar.id)
    (face,) = faces().find(picture)
    found = measure(picture, face)
    assert abs(found.yaw) < 6
    assert -16 < found.pitch < 6
    assert found.lip_gap < 0.02
    assert found.eyes_closed < 0.4
    assert found.lenses > 0.75


@pytest.mark.parametrize("avatar", AVATARS[:2], ids=lambda avatar: avatar.id)
def test_the_recipe_paints_what_the_file_shows(avatar: GalleryAvatar) -> None:
    again = paint(avatar, generator(), Probes.read())
    assert alike(again, gallery.picture(avatar.id))


def test_the_tolerance_tells_a_change_of_a_few_pixels() -> None:
    picture = gallery.picture(AVATARS[0].id)
    changed = picture.copy()
    changed[400:424, 300:324] = 255 - changed[400:424, 300:324]
    assert not alike(changed, picture)
    assert not alike(np.clip(picture.astype(int) + 8, 0, 255).astype(np.uint8), picture)
    assert not alike(picture[:512, :512], picture)


def test_the_tolerance_forgives_another_encoder() -> None:
    picture = gallery.picture(AVATARS[0].id)
    noise = np.random.RandomState(0).normal(0, 2, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    assert alike(noisy, picture)
    assert encode(noisy)[8:12] == b"WEBP"


@pytest.mark.parametrize("avatar_id", ["nobody", "", "../gallery/amara", "AMARA"])
def test_an_unknown_avatar_is_refused_with_the_known_ones(avatar_id: str) -> None:
    with pytest.raises(AvatarError, match="amara") as unknown:
        gallery.file(avatar_id)
    assert unknown.value.code == "unknown_avatar"
