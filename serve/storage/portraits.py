"""Portraits under their content hash, as arrays that any replica can load."""

import asyncio
import io
from typing import Any

import numpy as np

from media.face import Face, HeadPose, Portrait
from serve.storage import keys
from serve.storage.artifacts import Artifacts


async def save_portrait(artifacts: Artifacts, portrait: Portrait) -> str:
    """Store a portrait (its face has a mesh) and return its content hash."""
    name, data = await asyncio.to_thread(_packed, portrait)
    await artifacts.put(keys.portrait(name), data)
    return name


async def load_portrait(artifacts: Artifacts, content_hash: str) -> Portrait:
    """The portrait of that hash. Raises FileNotFoundError."""
    return unpack(await artifacts.get(keys.portrait(content_hash)))


def _packed(portrait: Portrait) -> tuple[str, bytes]:
    return portrait.content_hash(), pack(portrait)


def pack(portrait: Portrait) -> bytes:
    """A portrait as the bytes of an .npz file without pickles."""
    face = portrait.face
    if face.mesh is None:
        raise ValueError("a portrait's face needs its mesh")
    pose = (face.pose.yaw, face.pose.pitch, face.pose.roll)
    arrays: dict[str, Any] = {
        "rgb": portrait.rgb,
        "box": np.asarray(face.box, np.float64),
        "score": np.float64(face.score),
        "pose": np.asarray(pose, np.float64),
        "landmarks": face.landmarks,
        "mesh": face.mesh,
    }
    if face.blendshapes is not None:
        arrays["blendshapes"] = face.blendshapes
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


def unpack(data: bytes) -> Portrait:
    """The portrait in the bytes that `pack` made."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        left, top, right, bottom = (float(v) for v in arrays["box"])
        yaw, pitch, roll = (float(v) for v in arrays["pose"])
        face = Face(
            box=(left, top, right, bottom),
            score=float(arrays["score"]),
            pose=HeadPose(yaw, pitch, roll),
            landmarks=arrays["landmarks"],
            mesh=arrays["mesh"],
            blendshapes=arrays.get("blendshapes"),
        )
        return Portrait(arrays["rgb"], face)
