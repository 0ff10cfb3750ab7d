"""Videos: ask for one, look at it, stop it, remove it."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from serve.access.callers import Caller
from serve.api import openapi
from serve.api.idempotent import FAULTS, RepeatKey, is_repeat, once
from serve.api.making import accept_video
from serve.api.schemas import VideoRequest
from serve.api.services import Services, caller_of, owner_of, reach_of, services_of
from serve.api.streaming import stream_video
from serve.api.uploads import received
from serve.api.views import Deleted, Video, VideoList, video_view
from serve.jobs import records, removal
from serve.jobs.models import Job

router = APIRouter(prefix="/v1/videos", tags=["videos"])

FILES: Final = ("audio", "avatar_image")

Using = Annotated[Services, Depends(services_of)]
Calling = Annotated[Caller, Depends(caller_of)]
Owner = Annotated[str, Depends(owner_of)]
Reach = Annotated[str | None, Depends(reach_of)]

_EXAMPLES: Final = {
    "A gallery avatar and a sentence": {
        "avatar": "amara",
        "text": "Hello! Nice to meet you.",
    },
    "A described face": {
        "avatar_prompt": "a smiling young woman with curly red hair",
        "text": "I was a sentence a moment ago.",
        "seed": 7,
        "size": "512x512",
        "metadata": {"campaign": "spring"},
    },
}


@router.post(
    "",
    status_code=202,
    response_model=Video,
    operation_id="create_video",
    summary="Make a video",
    openapi_extra=openapi.body(VideoRequest, files=FILES, examples=_EXAMPLES),
    responses={
        200: {
            "description": "With `stream=true`: the video as a fragmented MP4 that plays while it "
            "is made. A video that fails later ends in a broken connection.",
            **openapi.binary("video/mp4"),
        },
        **openapi.errors(
            *(
                "no_face",
                "many_faces",
                "face_too_small",
                "mouth_covered",
                "unreadable_image",
                "unreadable_audio",
            ),
            *("silent_audio", "empty_text", "text_too_long", "unknown_voice", "unknown_avatar"),
            *("unsafe_image", "content_refused"),
            *("invalid_request", "too_large", "too_many_jobs", "rate_limited", "overloaded"),
            *("weights_missing", *FAULTS),
        ),
    },
)
async def create_video(
    request: Request,
    response: Response,
    services: Using,
    caller: Calling,
    key: RepeatKey,
    stream: Annotated[bool, Query(description="Answer with the video itself.")] = False,
) -> Video | Response:
    """Exactly one way to a face (`avatar`, `avatar_image`, `avatar_prompt`), one to speech.

    The inputs are examined before the answer: what cannot succeed is refused at once. A streamed
    video whose client leaves is cancelled after 10 s, unless somebody follows it by then.
    """
    if not await is_repeat(services, key):
        async with services.database.read() as session:  # before an upload comes in for nothing
            await records.require_room(session, services.settings.max_active_jobs)
    async with received(request, files=FILES, limit=services.settings.max_upload_bytes) as body:
        wanted = body.parse(VideoRequest)
        job, headers = await once(
            services,
            key,
            wanted,
            make=lambda note: accept_video(services, wanted, caller, must_follow=stream, note=note),
            find=lambda job_id: records.get(services.database, job_id, caller.owner),
        )
    if stream:
        answer = await stream_video(services, job)
        answer.headers.update(headers)
        return answer
    response.headers.update(headers)
    response.headers["Location"] = f"/v1/videos/{job.id}"
    return await _view(services, job)


@router.get(
    "",
    operation_id="list_videos",
    summary="List videos",
    responses=openapi.errors("invalid_request"),
)
async def list_videos(
    services: Using,
    owner: Owner,
    after: Annotated[str | None, Query(description="Begin behind this id.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Annotated[Literal["asc", "desc"], Query(description="By age.")] = "desc",
) -> VideoList:
    """Your videos, the newest first unless asked otherwise."""
    jobs, more = await records.page(services.database, owner, after=after, limit=limit, order=order)
    return VideoList(data=[video_view(job) for job in jobs], has_more=more)


@router.get(
    "/{video_id}",
    operation_id="get_video",
    summary="Look at a video's record",
    responses=openapi.errors("not_found"),
)
async def get_video(video_id: str, services: Using, owner: Reach) -> Video:
    """Status, progress, timings and where to fetch what is there."""
    return await _view(services, await records.get(services.database, video_id, owner))


@router.post(
    "/{video_id}/cancel",
    operation_id="cancel_video",
    summary="Stop a video",
    responses=openapi.errors("not_found"),
)
async def cancel_video(video_id: str, services: Using, owner: Reach) -> Video:
    """Stop a queued or running video; a finished one stays as it was."""
    job = await records.cancel(
        services.database, video_id, owner, stopped=lambda: services.cancelled("asked")
    )
    return await _view(services, job)


@router.delete(
    "/{video_id}",
    operation_id="delete_video",
    summary="Remove a video",
    responses=openapi.errors("not_found"),
)
async def delete_video(video_id: str, services: Using, owner: Reach) -> Deleted:
    """Remove the record, the video, the upload and the avatar made for it alone."""
    job = await records.get(services.database, video_id, owner)
    await services.background.finish(
        removal.remove_job(
            services.database,
            services.artifacts,
            job.id,
            owner,
            stopped=lambda: services.cancelled("deleted"),
        )
    )
    return Deleted(id=job.id, object="video.deleted")


async def _view(services: Services, job: Job) -> Video:
    position = None
    if job.status == "queued":
        position = await records.queue_position(services.database, job)
    return video_view(job, position)
