"""A face found in a picture, the choice of one, and the portrait made of both."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.errors import AvatarError

Picture = NDArray[np.uint8]
"""sRGB pixels of shape (height, width, 3)."""

MIN_EYE_DISTANCE = 16.0
"""Pixels between the eyes below which no lips can be read (a face of about 40 px)."""

MOST_COVERED = 0.25
"""Share of the lips that may be covered."""

CLEARLY_LARGEST = 1.8
"""A face counts as the one meant when its area is this many times the next one's."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Turn of the head in degrees: yaw to the picture's right, pitch up, roll clockwise."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face. All coordinates are pixels of the picture it was found in."""

    box: tuple[float, float, float, float]
    """Left, top, right, bottom."""
    score: float
    pose: HeadPose
    landmarks: NDArray[np.float32]
    """(n, 2): the engine's own landmarks (478 of the mesh, or 106)."""
    mesh: NDArray[np.float32] | None = None
    """(478, 3): the MediaPipe mesh with irises; depth in the unit of x."""
    blendshapes: NDArray[np.float32] | None = None
    """(52,) ARKit-like coefficients, in MediaPipe's order."""
    covered: float = 0.0
    """Share of the lips with something in front of them, where the engine looked."""

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        left, top, right, bottom = self.box
        return max(0.0, right - left) * max(0.0, bottom - top)

    def summary(self) -> dict[str, Any]:
        """Plain data for the API: box as [left, top, width, height], score and pose."""
        left, top, right, bottom = (round(v, 1) for v in self.box)
        return {
            "box": [left, top, round(right - left, 1), round(bottom - top, 1)],
            "score": round(self.score, 3),
            "pose": {
                "yaw": round(self.pose.yaw, 1),
                "pitch": round(self.pose.pitch, 1),
                "roll": round(self.pose.roll, 1),
            },
        }


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """The canvas of a video: a picture of even size and its one chosen face (mesh filled)."""

    rgb: Picture
    face: Face

    def content_hash(self) -> str:
        """sha256 over pixels and landmarks: the portrait's id everywhere."""
        if self.face.mesh is None:
            raise ValueError("a portrait's face needs its mesh")
        digest = hashlib.sha256(repr(self.rgb.shape).encode())
        digest.update(np.ascontiguousarray(self.rgb).data)
        digest.update(np.ascontiguousarray(self.face.mesh, dtype=np.float32).data)
        return digest.hexdigest()


def left_to_right(faces: Sequence[Face]) -> list[Face]:
    """Faces in the order in which they are numbered."""
    return sorted(faces, key=lambda face: (face.box[0] + face.box[2]) / 2)


def choose(faces: Sequence[Face], face_index: int | None, *, param: str = "avatar_image") -> int:
    """Index of the face meant: the one asked for, the only one, or the clearly largest one.

    Raises AvatarError `no_face`, `many_faces` (details: the boxes) or `invalid_request`.
    """
    if not faces:
        raise AvatarError(
            "no_face",
            "No face was found in the picture: use one that shows a face from the front, well lit.",
            param=param,
        )
    if face_index is not None:
        if not 0 <= face_index < len(faces):
            raise AvatarError(
                "invalid_request",
                f"face_index must lie between 0 and {len(faces) - 1}: "
                f"{len(faces)} face(s) were found, numbered from the left.",
                param="face_index",
                details={"faces": [face.summary() for face in faces]},
            )
        return face_index
    order = sorted(range(len(faces)), key=lambda i: faces[i].area, reverse=True)
    if len(faces) > 1 and faces[order[0]].area < CLEARLY_LARGEST * faces[order[1]].area:
        raise AvatarError(
            "many_faces",
            f"{len(faces)} faces were found: choose one by face_index, numbered from the left.",
            param="face_index",
            details={"faces": [face.summary() for face in faces]},
        )
    return order[0]


def eye_distance(mesh: NDArray[np.float32]) -> float:
    """Pixels between the centres of the eyes of a (478, 3) mesh."""
    right = mesh[[33, 133], :2].mean(axis=0)
    left = mesh[[362, 263], :2].mean(axis=0)
    return float(np.hypot(*(left - right)))


def require_large_enough(face: Face, *, param: str = "avatar_image") -> None:
    """Raise `face_too_small` where the mesh's eyes are nearer than MIN_EYE_DISTANCE pixels."""
    if face.mesh is not None and eye_distance(face.mesh) < MIN_EYE_DISTANCE:
        raise AvatarError(
            "face_too_small",
            "The face is too small to animate: use a picture where it is at least 80 pixels wide.",
            param=param,
            details={"faces": [face.summary()]},
        )


def require_free_mouth(face: Face, *, param: str = "avatar_image") -> None:
    """Raise `mouth_covered` where something is in front of more than MOST_COVERED of the lips."""
    if face.covered > MOST_COVERED:
        raise AvatarError(
            "mouth_covered",
            "Something covers the mouth: use a picture where no hand, microphone or other thing "
            "is in front of it.",
            param=param,
            details={"faces": [face.summary()]},
        )
