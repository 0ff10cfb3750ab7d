"""How the head is turned, by a rigid fit of MediaPipe's canonical face to a mesh."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.face import HeadPose

MESH, BASIS = 1, 2
"""Fields of GeometryPipelineMetadata (protocol buffer): canonical mesh, and weighted points."""

VERTICES = 3
"""Field of Mesh3d: floats, five a vertex: x to the person's left, y up, z forward, u, v."""

VERTEX_FLOATS = 5


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalFace:
    """An average face that looks straight ahead."""

    mesh: NDArray[np.float64]
    """(468, 3) in centimetres; x to the picture's right, y down, z away from the viewer."""
    basis: NDArray[np.intp]
    """(n,): the mesh's points that a fit uses: those that move least with the expression."""
    weights: NDArray[np.float64]
    """(n,): how much each counts, their sum 1."""

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
        weights = np.array([basis[index] for index in sorted(basis)])
        # Canonical y points up and z to the viewer, the picture's y down and z away.
        turned = mesh.astype(np.float64) * [1.0, -1.0, -1.0]
        return cls(turned, np.array(sorted(basis), np.intp), weights / weights.sum())


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


def head_pose(mesh: NDArray[np.float32], face: CanonicalFace) -> HeadPose:
    """Angles of a (478, 3) mesh in pixels, by weighted Procrustes (Kabsch, 1976)."""
    target = mesh[face.basis].astype(np.float64)
    source = face.mesh[face.basis]
    source = source - face.weights @ source
    target = target - face.weights @ target
    return angles(_rotation((source * face.weights[:, None]).T @ target))


def flat_head_pose(
    points: NDArray[np.float32], indices: Sequence[int], face: CanonicalFace
) -> HeadPose:
    """Angles from (n, 2) pixels of the mesh's points `indices`, where no depth is known.

    The scaled orthographic camera that takes the canonical face to the points, by least squares
    (DeMenthon and Davis, "Model-based object pose in 25 lines of code", 1995, first step).
    """
    source = face.mesh[list(indices)]
    target = points.astype(np.float64)
    camera, *_ = np.linalg.lstsq(source - source.mean(axis=0), target - target.mean(axis=0))
    # The nearest rotation: the camera's two rows made orthonormal, the third across them.
    left, _, right = np.linalg.svd(camera.T, full_matrices=False)
    across, down = left @ right
    return angles(np.stack([across, down, np.cross(across, down)]))


def angles(turn: NDArray[np.float64]) -> HeadPose:
    """Angles of a (3, 3) turn of the canonical face, axes right, down and away from the viewer.

    A head that looks to the picture's right has a positive yaw, one that looks up a positive
    pitch, one tilted clockwise, as the viewer sees it, a positive roll. Roll is applied last, so
    that turning the picture changes nothing else.
    """
    yaw = np.arcsin(np.clip(turn[2, 0], -1.0, 1.0))
    pitch = -np.arctan2(turn[2, 1], turn[2, 2])
    roll = np.arctan2(turn[1, 0], turn[0, 0])
    return HeadPose(
        yaw=float(np.degrees(yaw)), pitch=float(np.degrees(pitch)), roll=float(np.degrees(roll))
    )


def _rotation(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The turn that takes source to target, from the (3, 3) sum of source times target."""
    left, _, right = np.linalg.svd(covariance)
    # A reflection would fit a mirrored face: the last axis is flipped back where it is one.
    upright = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return np.asarray((left @ upright @ right).T)
