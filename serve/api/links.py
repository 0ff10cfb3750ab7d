"""Signed links: asking for one, letting those in who come by one, and what they find."""

import time
from typing import Annotated, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from media.errors import AvatarError
from serve.access import links
from serve.api import openapi
from serve.api.services import base_of, reach_of
from serve.api.videos import Reach, Using
from serve.api.views import size_of
from serve.jobs import records
from serve.jobs.models import Job, Status
from serve.jobs.urls import job_urls

router = APIRouter(prefix="/v1/videos", tags=["videos"])

STANDS: Final = 7 * 86_400

LinkToken = Annotated[
    str | None,
    Query(
        alias="link", max_length=80, description="The token of a signed link, in place of a key."
    ),
]


class LinkRequest(BaseModel):
    """How long a link is to stand."""

    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(default=STANDS, ge=60, le=links.LONGEST)


class Link(BaseModel):
    """A signed link."""

    object: str = "video.link"
    page_url: str = Field(description="A page to watch it on, for people: also while it is made.")
    url: str = Field(description="The video: whole if it is finished, else as HLS.")
    urls: dict[str, str] = Field(description="All that the link opens.")
    expires_at: int = Field(description="Unix seconds.")


class SharedVideo(BaseModel):
    """A video as those see it who have a link: nothing of who made it, or from what."""

    id: str
    object: str = "video.shared"
    status: Status
    stage: str
    progress: int = Field(ge=0, le=100)
    size: str = Field(description="As asked for until the video is there, then WIDTHxHEIGHT.")
    seconds: float | None = Field(description="Length of the finished video.")
    expires_at: int | None = Field(
        description="When the link or the video ends, whichever is first, in Unix seconds."
    )
    urls: dict[str, str] = Field(description="What the link opens now.")


async def viewer_of(
    request: Request, services: Using, video_id: str, link: LinkToken = None
) -> str | None:
    """Whose videos the request may see: those in its reach, or, by a link, this video's owner's.

    Raises AvatarError `unauthorized` for a link that does not stand, `not_found`.
    """
    if link is None:
        return reach_of(request)
    secrets = await run_sync(links.read_secrets, services.settings)
    if not links.stands(secrets, video_id, link, time.time()):
        raise AvatarError(
            "unauthorized", "This link has ended or is not whole: ask for a new one.", param="link"
        )
    return (await records.get(services.database, video_id)).owner


Viewer = Annotated[str | None, Depends(viewer_of)]
"""In place of `Reach` where a signed link opens the route."""


@router.post(
    "/{video_id}/share",
    operation_id="share_video",
    summary="Make a link that others can watch by",
    responses=openapi.errors("not_found", "invalid_request"),
)
async def share_video(
    video_id: str,
    request: Request,
    services: Using,
    owner: Reach,
    wanted: Annotated[LinkRequest | None, Body()] = None,
) -> Link:
    """Whoever has the link sees this video, its captions and its progress, until it ends.

    It shows nothing else and changes nothing. It ends earlier with the video.
    """
    job = await records.get(services.database, video_id, owner)
    secrets = await run_sync(links.read_secrets, services.settings)
    if not secrets:
        raise AvatarError(
            "not_found", "This service signs no links: its operator has set no AVATAR_LINK_SECRET."
        )
    expires = int(time.time()) + (wanted or LinkRequest()).seconds
    token = links.sign(secrets[0], job.id, expires)
    base = base_of(request, services.settings)
    urls = {name: f"{base}{path}" for name, path in _opened(job, token).items() if name != "self"}
    if first := urls.get("video") or urls.get("hls"):
        page = f"{base}/watch/{job.id}?link={token}"
        return Link(page_url=page, url=first, urls=urls, expires_at=expires)
    ended = "has failed" if job.status == "failed" else f"was {job.status}"
    raise AvatarError("not_found", f"There is nothing to share: this video {ended}.")


@router.get(
    "/{video_id}/share",
    operation_id="get_shared_video",
    summary="Look at a video by a link",
    responses=openapi.errors("unauthorized", "not_found"),
)
async def get_shared_video(
    video_id: str, services: Using, owner: Viewer, link: LinkToken = None
) -> SharedVideo:
    """What a page needs to play it: how far it is, and the addresses that the link opens."""
    job = await records.get(services.database, video_id, owner)
    ends = [at for at in (job.expires_at, links.ends(link) if link else None) if at]
    return SharedVideo.model_validate(
        {
            "id": job.id,
            "status": job.status,
            "stage": job.stage,
            "progress": job.progress,
            "size": size_of(job),
            "seconds": (job.result or {}).get("seconds"),
            "expires_at": int(min(ends)) if ends else None,
            "urls": _opened(job, link),
        }
    )


def _opened(job: Job, token: str | None) -> dict[str, str]:
    """What a link opens of a video, by paths that carry its token; `self` is the video by it."""
    paths = job_urls(job) | {"self": f"/v1/videos/{job.id}/share"}
    if token is None:
        return paths
    return {
        name: f"{path}{'&' if '?' in path else '?'}link={token}" for name, path in paths.items()
    }
