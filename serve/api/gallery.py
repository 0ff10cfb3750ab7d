"""The gallery's avatars: pictures that come with the project, prepared on first use."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from media.marks import SourceType
from media.picture import decode_picture
from serve.jobs import avatars
from serve.jobs.database import Database
from serve.jobs.faces import keep_portrait, portrait_of
from serve.jobs.models import Avatar
from serve.stages import Stages
from serve.storage import keys
from serve.storage.artifacts import Artifacts

_MAX_PIXELS = 4_000_000


@dataclass(frozen=True, slots=True)
class GalleryAvatar:
    """A face that depicts nobody: its id, its name and its picture's file."""

    id: str
    name: str
    file: Traversable
    description: str | None = None
    """What the picture shows, for people who do not see it."""

    def picture(self) -> bytes:
        """The picture as a WebP file."""
        return self.file.read_bytes()


def load_gallery(folder: Traversable | None = None) -> Mapping[str, GalleryAvatar]:
    """The avatars of a folder (None: the project's own) by id, which is the file's name."""
    folder = files("gallery") if folder is None else folder
    pictures = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".webp")), key=lambda f: f.name
    )
    shown, found = _shown(folder), {}
    for file in pictures:
        name = file.name.removesuffix(".webp")
        title = name.replace("-", " ").title()
        found[name] = GalleryAvatar(name, title, file, shown.get(name))
    return found


def _shown(folder: Traversable) -> dict[str, str]:
    """What the pictures show, by id; a folder of an operator's own need not say."""
    records = folder / "gallery.json"
    if not records.is_file():
        return {}
    return {record["id"]: record["alt"] for record in json.loads(records.read_text("utf-8"))}


async def prepare(
    database: Database, artifacts: Artifacts, stages: Stages, wanted: GalleryAvatar
) -> Avatar:
    """The record of a gallery avatar, its portrait stored; made where this picture has none yet."""
    picture = await asyncio.to_thread(wanted.picture)
    digest = sha256(picture).hexdigest()
    known = await avatars.find(database, wanted.id)
    if (
        known is not None
        and known.portrait is not None
        and known.origin.get("sha256") == digest
        and await artifacts.exists(keys.portrait(known.portrait))
    ):
        return known
    pixels = await asyncio.to_thread(decode_picture, picture, max_pixels=_MAX_PIXELS)
    portrait = await portrait_of(stages, pixels, None, param="avatar")
    name = await keep_portrait(artifacts, wanted.id, portrait, SourceType.MADE)
    avatar = Avatar(
        id=wanted.id,
        owner=avatars.GALLERY_OWNER,
        kind="gallery",
        listed=True,
        name=wanted.name,
        origin={"sha256": digest},
        **avatars.portrait_facts(portrait, name),
    )
    return await avatars.put_gallery(database, avatar)
