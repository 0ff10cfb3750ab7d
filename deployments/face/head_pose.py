"""How the head is turned, by a rigid fit of MediaPipe's canonical face to a mesh."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.face import HeadPose

MESH, BASIS = 1, 2
"""Fields of GeometryPipelineMetadata (protocol buffer): canonical mesh, and weighted points."""

VERTICES = 3
"""Field of Mesh3d: floats, five a vertex: x to the left of the person, y up, z forward, u, v."""

VERTEX_FLOATS = 5


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalFace:
    """Points of an average face that looks straight ahead, and how much each counts in a fit."""

    indices: NDArray[np.intp]
    """(n,) into the mesh."""
    points: NDArray[np.float64]
    """(n, 3) in centimetres; x to the picture's right, y down, z away from the viewer."""
    weights: NDArray[np.float64]
    """(n,), their sum 1."""

    @classmethod
    def parse(cls, metadata: bytes) -> "CanonicalFace":
        """Read the geometry member of MediaPipe's face bundle. Raises ValueError if it is not."""
        vertices = b""
        basis: dict[int, float] = {}
        for number, value in _fields(metadata):
            if number == MESH and isinstance(value, bytes):
                vertices = b"".join(
                    part
                    for field, part in _fields(value)
                    if field == VERTICES and isinstance(part, bytes)
                )
            elif number == BASIS and isinstance(value, bytes):
                point = dict(_fields(value))
                index, weight = point.get(1), point.get(2)
                if isinstance(index, int) and isinstance(weight, bytes):
                    basis[index] = float(struct.unpack("<f", weight)[0])
        mesh = np.frombuffer(vertices, "<f4").reshape(-1, VERTEX_FLOATS)[:, :3]
        if not basis or max(basis) >= len(mesh):
            raise ValueError("the bundle's geometry has no canonical face")
        indices = np.array(sorted(basis), np.intp)
        weights = np.array([basis[index] for index in sorted(basis)])
        # Canonical y points up and z to the viewer, the picture's y down and z away.
        points = mesh[indices].astype(np.float64) * [1.0, -1.0, -1.0]
        return cls(indices, points, weights / weights.sum())


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protocol buffer message (wire format)."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"unknown wire type {kind}")
        if at + size > len(message):
            raise ValueError("the message is cut short")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("the message is cut short")


def rotation(mesh: NDArray[np.float32], face: CanonicalFace) -> NDArray[np.float64]:
    """(3, 3) turn from the canonical face to the mesh: weighted Procrustes (Kabsch, 1976)."""
    target = mesh[face.indices].astype(np.float64)
    source = face.points - face.weights @ face.points
    target = target - face.weights @ target
    left, _, right = np.linalg.svd((source * face.weights[:, None]).T @ target)
    # A reflection would fit a mirrored face: the last axis is flipped back where it is one.
    upright = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return np.asarray((left @ upright @ right).T)


def head_pose(mesh: NDArray[np.float32], face: CanonicalFace) -> HeadPose:
    """Angles of a (478, 3) mesh in pixels.

    A head that looks to the picture's right has a positive yaw, one that looks up a positive
    pitch, one tilted clockwise, as the viewer sees it, a positive roll. Roll is applied last, so
    that turning the picture changes nothing else.
    """
    turn = rotation(mesh, face)
    yaw = np.arcsin(np.clip(turn[2, 0], -1.0, 1.0))
    pitch = -np.arctan2(turn[2, 1], turn[2, 2])
    roll = np.arctan2(turn[1, 0], turn[0, 0])
    return HeadPose(
        yaw=float(np.degrees(yaw)), pitch=float(np.degrees(pitch)), roll=float(np.degrees(roll))
    )
