"""Can a painted picture become an avatar? It must show one face, large, frontal, mouth free."""

from typing import Final, Protocol

from media.face import MOST_COVERED, Face, Picture

LEAST_WIDTH: Final = 0.2
"""Of the picture's width: a narrower face has too few pixels for its lips."""

MOST_YAW, MOST_PITCH, MOST_ROLL = 18.0, 25.0, 15.0
"""Degrees; a camera slightly above makes an ordinary portrait's pitch about -6."""


class FaceFinder(Protocol):
    """What is needed of a face engine."""

    def find(self, picture: Picture) -> list[Face]:
        """All faces, numbered left to right."""

    def mesh(self, picture: Picture, face: Face) -> Face:
        """The same face with its mesh filled, and how much of its mouth is covered."""


def what_is_wrong(picture: Picture, faces: FaceFinder) -> str | None:
    """Why the picture cannot be used, in words; None where it can."""
    found = faces.find(picture)
    if len(found) != 1:
        return "there are several faces" if found else "there is no face"
    (face,) = found
    height, width = picture.shape[:2]
    left, top, right, bottom = face.box
    if right - left < LEAST_WIDTH * width:
        return "the face is too small"
    if left <= 0 or top <= 0 or right >= width or bottom >= height:
        return "the face is cut off"
    pose = face.pose
    if abs(pose.yaw) > MOST_YAW or abs(pose.pitch) > MOST_PITCH or abs(pose.roll) > MOST_ROLL:
        return "the head is turned away"
    if faces.mesh(picture, face).covered > MOST_COVERED:
        return "the mouth is covered"
    return None
