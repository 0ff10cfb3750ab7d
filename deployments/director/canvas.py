"""A job's canvas: the avatar's portrait, painted if it is only words yet, framed for this video."""

import asyncio

from deployments.director.run import Run
from deployments.director.warming import awake
from media.face import Portrait
from media.framing import frame_portrait
from media.marks import SourceType
from serve.jobs import avatars, records
from serve.jobs.faces import keep_portrait, portrait_of, restore_portrait
from serve.jobs.models import Avatar
from serve.marking.claims import PAINTED, painter
from serve.storage import keys
from serve.storage.portraits import load_portrait, save_portrait


async def make_canvas(run: Run) -> tuple[Portrait, str]:
    """The canvas and its content hash. It is not stored yet: the record names it first."""
    means = run.means
    avatar = await run.patiently(lambda: avatars.find(means.database, run.job.avatar_id))
    if avatar is None:
        raise records.unknown_avatar()
    stored = avatar.portrait
    if stored is None:
        portrait = await _paint(run, avatar)
    else:
        portrait = await run.patiently(lambda: load_portrait(means.artifacts, stored))
    canvas = await asyncio.to_thread(
        frame_portrait,
        portrait.rgb,
        portrait.face,
        _size(run.job.request.get("size", "auto")),
        means.settings.default_side,
    )
    return canvas, await asyncio.to_thread(canvas.content_hash)


async def keep_canvas(run: Run, canvas: Portrait, name: str) -> None:
    """Store the canvas unless another video has stored the same."""
    artifacts = run.means.artifacts

    async def keep() -> None:
        if not await artifacts.exists(keys.portrait(name)):
            await save_portrait(artifacts, canvas)

    await run.patiently(keep)


async def _paint(run: Run, avatar: Avatar) -> Portrait:
    means = run.means
    prompt, seed = str(avatar.origin["prompt"]), int(avatar.origin["seed"])
    async with run.timed("portrait"), awake(run, "portrait"):
        painting = await run.patiently(lambda: means.stages.paint(prompt, seed))
    painted_by = await run.patiently(means.stages.painter)
    async with run.timed("face"):
        portrait = await run.patiently(
            lambda: portrait_of(means.stages, painting.rgb, None, param="avatar_prompt")
        )
    name = await run.patiently(
        lambda: keep_portrait(means.artifacts, avatar.id, portrait, SourceType.MADE)
    )
    await run.patiently(
        lambda: avatars.fill(
            means.database,
            avatar.id,
            portrait,
            name,
            words_used=list(painting.words_used),
            words_ignored=list(painting.words_ignored),
            **{PAINTED: painter(painted_by)},
        )
    )
    # Another video's removal may have taken it before it had a name.
    await run.patiently(lambda: restore_portrait(means.artifacts, portrait, name))
    return portrait


def _size(size: str) -> tuple[int, int] | None:
    if size == "auto":
        return None
    width, height = size.split("x")
    return int(width), int(height)
