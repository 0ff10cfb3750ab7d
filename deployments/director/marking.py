"""What a job's files say of how they were made, and the last step of each: it is signed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployments.director.run import Run
from media.credentials import Claim
from media.marks import SourceType, xmp_box
from serve.jobs import avatars, records
from serve.marking.claims import portrait_claim, video_claim
from serve.marking.signer import open_credentials
from serve.settings import Settings


@dataclass(frozen=True, slots=True)
class Marking:
    """What is said of a job's video and of its thumbnail, and whose settings tell who signs."""

    settings: Settings
    video: Claim
    thumbnail: Claim
    label: bool
    """Whether the pictures show it, too."""

    async def sign_video(self, video: Path, signed: Path) -> None:
        """Mark a whole MP4, which ends up in `signed`. Raises AvatarError."""
        await asyncio.to_thread(self._sign_video, video, signed)

    async def sign_thumbnail(self, webp: bytes) -> bytes:
        """The thumbnail with its credentials. Raises AvatarError."""
        return await asyncio.to_thread(
            lambda: open_credentials(self.settings).sign(webp, "image/webp", self.thumbnail)
        )

    def _sign_video(self, video: Path, signed: Path) -> None:
        with video.open("ab") as file:  # behind everything: no offset in it changes
            file.write(xmp_box(self.video.source or SourceType.COMPOSITE))
        open_credentials(self.settings).sign_file(video, signed, "video/mp4", self.video)


async def marking_of(run: Run, stages: Mapping[str, Mapping[str, Any]]) -> Marking:
    """What a claimed job's files will say. `stages` is what the engines tell of themselves."""
    job, means = run.job, run.means
    avatar = await run.patiently(lambda: avatars.find(means.database, job.avatar_id))
    if avatar is None:
        raise records.unknown_avatar()
    return Marking(
        means.settings,
        video_claim(job.request, avatar, stages),
        portrait_claim(avatar.kind, avatar.origin),
        bool(job.request.get("label")),
    )
