"""A portrait survives storage bit for bit; nothing in it can run code."""

import io
from dataclasses import replace

import numpy as np
import pytest

from media.face import Portrait
from serve.storage import keys
from serve.storage.artifacts import open_artifacts
from serve.storage.portraits import load_portrait, pack, save_portrait, unpack
from tests.fakes import portrait


async def test_a_portrait_comes_back_under_its_content_hash() -> None:
    artifacts = open_artifacts("memory:///")
    saved = portrait()
    name = await save_portrait(artifacts, saved)
    loaded = await load_portrait(artifacts, name)
    assert name == saved.content_hash() == loaded.content_hash()
    np.testing.assert_array_equal(loaded.rgb, saved.rgb)
    np.testing.assert_array_equal(loaded.face.landmarks, saved.face.landmarks)
    np.testing.assert_array_equal(loaded.face.blendshapes, saved.face.blendshapes)
    assert (loaded.face.box, loaded.face.score) == (saved.face.box, saved.face.score)
    assert loaded.face.pose == saved.face.pose


def test_a_face_without_blendshapes_stays_without() -> None:
    saved = portrait()
    bare = Portrait(saved.rgb, replace(saved.face, blendshapes=None))
    assert unpack(pack(bare)).face.blendshapes is None


def test_a_portrait_without_its_mesh_is_not_stored() -> None:
    saved = portrait()
    with pytest.raises(ValueError, match="mesh"):
        pack(Portrait(saved.rgb, replace(saved.face, mesh=None)))


def test_pickled_arrays_are_refused() -> None:
    file = io.BytesIO()
    np.savez(file, rgb=np.array([{"code": "to run"}], dtype=object))
    with pytest.raises((ValueError, KeyError)):
        unpack(file.getvalue())
    with np.load(io.BytesIO(file.getvalue()), allow_pickle=True) as trusted:
        assert trusted["rgb"][0] == {"code": "to run"}  # the refusal above is not for another fault


async def test_a_missing_portrait_is_said_to_be_missing() -> None:
    with pytest.raises(FileNotFoundError):
        await load_portrait(open_artifacts("memory:///"), "0" * 64)


@pytest.mark.parametrize("name", ["../x", "", "a/../../b", "A" * 64])
def test_only_a_hash_names_a_portrait(name: str) -> None:
    with pytest.raises(ValueError, match="key"):
        keys.portrait(name)
