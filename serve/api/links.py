"""Signed links: asking for one, and letting those in who come by one."""

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
from serve.jobs import records
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
    url: str = Field(description="The video: whole if it is finished, else as HLS.")
    urls: dict[str, str] = Field(description="All that the link opens.")
    expires_at: int = Field(description="Unix seconds.")


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
    urls = {
        name: f"{base}{path}{'&' if '?' in path else '?'}link={token}"
        for name, path in job_urls(job).items()
        if name != "self"
    }
    if first := urls.get("video") or urls.get("hls"):
        return Link(url=first, urls=urls, expires_at=expires)
    raise AvatarError("not_found", f"There is nothing to share: this video was {job.status}.")
