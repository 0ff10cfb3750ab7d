"""A finished video's files."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from media.errors import AvatarError
from media.subtitles import from_webvtt, to_srt
from serve.api import marking, openapi
from serve.api.links import Viewer
from serve.api.ranges import answer_file, matches
from serve.api.videos import Using
from serve.jobs import records
from serve.jobs.models import Job

router = APIRouter(prefix="/v1/videos", tags=["videos"])

Variant = Annotated[
    Literal["video", "thumbnail", "captions"], Query(description="Which of the video's files.")
]

Format = Annotated[Literal["vtt", "srt"], Query(description="Of captions: WebVTT or SubRip.")]

_SRT: Final = "application/x-subrip"
_ENDINGS: Final = {"video": ".mp4", "thumbnail": ".webp", "captions": ".vtt"}


@router.get(
    "/{video_id}/content",
    operation_id="get_video_content",
    summary="Fetch the video, its thumbnail or its captions",
    response_class=Response,
    openapi_extra=openapi.HEADERS,
    responses={
        200: openapi.binary("video/mp4", "image/webp", "text/vtt", _SRT),
        **openapi.PARTS,
        **openapi.errors("unauthorized", "not_found", "not_finished", "invalid_request"),
    },
)
@router.head("/{video_id}/content", include_in_schema=False)
async def get_video_content(
    video_id: str,
    request: Request,
    services: Using,
    owner: Viewer,
    variant: Variant = "video",
    format: Format = "vtt",
) -> Response:
    """Answers `Range`, `If-Range` and `If-None-Match`.

    Video and thumbnail carry Content Credentials (C2PA), which say that AI made them and by what.
    """
    if format == "srt" and variant != "captions":
        raise AvatarError(
            "invalid_request", "format=srt goes with variant=captions.", param="format"
        )
    job = await records.get(services.database, video_id, owner)
    await services.following.follow(job)
    file = _file(job, variant)
    try:
        about = await services.artifacts.about(file["key"])
    except FileNotFoundError:
        sentence = "The file is not there: the video is being removed, or it was lost."
        raise AvatarError("not_found", sentence) from None
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "Content-Disposition": f'inline; filename="{job.id}{_ENDINGS[variant]}"',
        "ETag": f'"{about.etag}"',
        "X-Content-Type-Options": "nosniff",
        **marking.header(file.get("source")),
    }
    if format == "srt":
        headers["Content-Disposition"] = f'inline; filename="{job.id}.srt"'
        headers["ETag"] = f'"{about.etag}-srt"'
        del headers["Accept-Ranges"]  # it is short, and made anew
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if format == "srt":
        cues = from_webvtt((await services.artifacts.get(file["key"])).decode())
        return Response(to_srt(cues), headers=headers, media_type=f"{_SRT}; charset=utf-8")
    return answer_file(request, services.artifacts, file["key"], file["type"], about, headers)


def _file(job: Job, variant: str) -> dict[str, Any]:
    """Key, type and source of one of the job's files."""
    if job.status in ("queued", "in_progress"):
        raise AvatarError(
            "not_finished", f"The video is not finished ({job.progress} %): ask again later."
        )
    files: dict[str, dict[str, Any]] = (job.result or {}).get("files", {})
    if variant not in files:
        outcome = "has none" if job.status == "completed" else f"was {job.status}"
        raise AvatarError("not_found", f"There is no {variant}: this video {outcome}.")
    return files[variant]
