"""Faces that depict nobody, ready to pick.

The pictures lie beside this file; `gallery.json` says what they show and `gallery.recipe` paints
them again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from media.errors import AvatarError
from media.face import Picture

FOLDER = Path(__file__).parent
RECORDS = FOLDER / "gallery.json"


@dataclass(frozen=True, slots=True)
class GalleryAvatar:
    """A face of the gallery."""

    id: str
    name: str
    description: str
    """A sentence for people who choose."""
    alt: str
    """What the picture shows, for people who do not see it."""
    file: str
    """Name of its WebP file."""
    sha256: str
    recipe: Mapping[str, Any]
    """`face`, its number, and `bounds` of the probes' scores: see gallery.recipe."""


def avatars() -> tuple[GalleryAvatar, ...]:
    """All avatars of the gallery, by id."""
    records = json.loads(RECORDS.read_text(encoding="utf-8"))
    return tuple(sorted((GalleryAvatar(**record) for record in records), key=lambda a: a.id))


def file(avatar_id: str) -> Path:
    """The WebP file of an avatar. Raises AvatarError `unknown_avatar`."""
    for avatar in avatars():
        if avatar.id == avatar_id:
            return FOLDER / avatar.file
    known = ", ".join(avatar.id for avatar in avatars())
    raise AvatarError(
        "unknown_avatar", f"The gallery has no such avatar: choose one of {known}.", param="avatar"
    )


def picture(avatar_id: str) -> Picture:
    """The picture of an avatar, uint8 sRGB (768, 768, 3). Raises AvatarError `unknown_avatar`."""
    with Image.open(file(avatar_id)) as image:
        return np.asarray(image.convert("RGB"), np.uint8)
