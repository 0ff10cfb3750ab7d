"""A video as HLS: a playlist that grows while the video is made, its init and its segments.

What is listed is published, so it never changes. Where a job begins again (a new version was
rolled out under it), the playlist is that of the new attempt: its segments have other addresses and
lie on the same time line, so a player goes on at the time where it was. A video that failed or was
cancelled has no playlist: a part that ended in ENDLIST would look whole.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from media.errors import AvatarError
from media.fragments import split_init
from media.marks import SourceType, marked_init
from media.timegrid import FRAME_RATES
from serve.api import marking, openapi
from serve.api.errors import STATUS
from serve.api.links import LinkToken, Viewer
from serve.api.playlist import TARGET_SECONDS, playlist
from serve.api.publishing import playable, until_published
from serve.api.services import Services
from serve.api.videos import Using
from serve.jobs import published, records
from serve.jobs.models import Job
from serve.marking.claims import source_of_job

router = APIRouter(prefix="/v1/videos", tags=["videos"])

HOLD: Final = 8.0
"""Seconds that a request for a playlist waits for the first segment, or for the one that it names.

Players give up a server that says nothing for ten."""
FOLLOWS: Final = 1.5 * TARGET_SECONDS
"""Seconds within which a player comes back for the playlist."""

Attempt = Annotated[int, Path(ge=1, le=2**31 - 1)]
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]

_PLAYLIST: Final = "application/vnd.apple.mpegurl"
_EXAMPLE: Final = """\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:10
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-DIGITAL-SOURCE-TYPE:http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia
#EXT-X-MAP:URI="1-init.mp4"
#EXTINF:0.960000,
1-0.m4s
"""


@router.get(
    "/{video_id}/hls/index.m3u8",
    operation_id="get_video_playlist",
    summary="Play a video while it is made",
    response_class=Response,
    responses={
        200: {
            "description": "An HLS playlist of what is there; it ends in ENDLIST when all is.",
            "content": {_PLAYLIST: {"example": _EXAMPLE}},
        },
        **openapi.errors("unauthorized", "not_found", "overloaded", "too_large", "invalid_request"),
    },
)
async def get_video_playlist(
    video_id: str,
    services: Using,
    owner: Viewer,
    msn: Annotated[
        int | None,
        Query(
            alias="_HLS_msn", ge=0, le=2**31, description="Wait until this segment is listed, too."
        ),
    ] = None,
    link: LinkToken = None,
) -> Response:
    """Waits a little for the first segment, or for segment `_HLS_msn` (blocking reload)."""
    job = await records.get(services.database, video_id, owner)
    await services.following.follow(job, FOLLOWS)
    await until_published(services, video_id, msn or 0, HOLD)
    job, segments = await published.published(services.database, video_id, owner)
    _listable(job)
    if not segments:
        # An error of this class is asked again by players; an empty list ends some of them.
        raise AvatarError("overloaded", "The video's first part is not made yet: ask again.")
    source = source_of_job(job.request)
    text = playlist(
        job.attempt,
        segments,
        FRAME_RATES[str(job.request["fps"])],
        source,
        over=job.status == "completed",
        query="" if link is None else f"?link={link}",
    )
    headers = {"Cache-Control": "no-store", **marking.header(source)}
    return Response(text, headers=headers, media_type=_PLAYLIST)


def _listable(job: Job) -> None:
    """Raise what ended the job; but what failed for good is not asked for again, whatever failed.

    A fault of the service's own would be answered as one each time that a player asks.
    """
    try:
        playable(job)
    except AvatarError as error:
        if STATUS.get(error.code, 0) >= 500:
            sentence = "This video failed and has nothing to play: its record says why."
            raise AvatarError("not_found", sentence) from error
        raise


@router.get(
    "/{video_id}/hls/{attempt:int}-init.mp4",
    operation_id="get_video_init",
    summary="What a player reads before the segments",
    response_class=Response,
    responses={200: openapi.binary("video/mp4"), **openapi.errors("unauthorized", "not_found")},
)
@router.head("/{video_id}/hls/{attempt:int}-init.mp4", include_in_schema=False)
async def get_video_init(
    video_id: str, attempt: Attempt, services: Using, owner: Viewer
) -> Response:
    """The same for all segments of an attempt; it says that AI made them (XMP)."""
    source, init, _ = await _stored(services, video_id, attempt, 0, owner)
    return _unchanging(marked_init(init, source), source)


@router.get(
    "/{video_id}/hls/{attempt:int}-{n:int}.m4s",
    operation_id="get_video_segment",
    summary="A segment of a video",
    response_class=Response,
    responses={200: openapi.binary("video/mp4"), **openapi.errors("unauthorized", "not_found")},
)
@router.head("/{video_id}/hls/{attempt:int}-{n:int}.m4s", include_in_schema=False)
async def get_video_segment(
    video_id: str, attempt: Attempt, n: Number, services: Using, owner: Viewer
) -> Response:
    """A segment that the playlist lists: picture and sound, to be appended after the init."""
    source, _, media = await _stored(services, video_id, attempt, n, owner)
    return _unchanging(media, source)


async def _stored(
    services: Services, video_id: str, attempt: int, n: int, owner: str | None
) -> tuple[SourceType, bytes, bytes]:
    """How it came about, its init and its media."""
    job, segment = await published.segment(services.database, video_id, attempt, n, owner)
    await services.following.follow(job, FOLLOWS)
    try:
        init, media = split_init(await services.artifacts.get(segment.key))
    except FileNotFoundError:  # removed by a DELETE that runs just now, or swept
        raise published.not_found() from None
    return source_of_job(job.request), init, media


def _unchanging(data: bytes, source: SourceType) -> Response:
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        **marking.header(source),
    }
    return Response(data, headers=headers, media_type="video/mp4")
