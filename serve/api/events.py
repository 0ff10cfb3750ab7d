"""A video's progress as server-sent events (WHATWG HTML, section 9.2)."""

import json
import re
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.responses import Response, StreamingResponse

from serve.api import openapi
from serve.api.links import Viewer
from serve.api.services import Services
from serve.api.videos import Using
from serve.jobs import events, records
from serve.jobs.models import ACTIVE, Event

router = APIRouter(prefix="/v1/videos", tags=["videos"])

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the connection."""

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_RETRY_MS: Final = 2000
_EXAMPLE: Final = """\
id: 4
event: progress
data: {"stage": "video", "progress": 41, "eta_seconds": 3.2}

"""


@router.get(
    "/{video_id}/events",
    operation_id="follow_video",
    summary="Follow a video",
    response_class=Response,
    responses={
        200: {
            "description": "Events `status`, `stage`, `progress` and `segment`, the past ones "
            "first; the stream ends when the video is over.",
            "content": {"text/event-stream": {"example": _EXAMPLE}},
        },
        204: {"description": "The video is over and `Last-Event-ID` was its last event."},
        **openapi.errors("unauthorized", "not_found"),
    },
)
async def follow_video(
    video_id: str,
    services: Using,
    owner: Viewer,
    last_event_id: Annotated[str, Header(description="Go on behind this event.")] = "",
) -> Response:
    """A client that was cut off goes on where it was by sending `Last-Event-ID`."""
    job = await records.get(services.database, video_id, owner)
    seen = int(last_event_id) if _NUMBER.fullmatch(last_event_id) else 0
    if job.status not in ACTIVE and seen >= job.last_event:
        return Response(status_code=204)  # the one answer that stops an EventSource's retries
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _stream(services, job.id, seen), headers=headers, media_type="text/event-stream"
    )


async def _stream(services: Services, job_id: str, seen: int) -> AsyncIterator[str]:
    yield f"retry: {_RETRY_MS}\n\n"
    while True:
        for event in await events.since(services.database, job_id, seen):
            yield _lines(event)
            seen = event.seq
            if event.type == "status" and event.data["status"] not in ACTIVE:
                return
        if not await services.following.news(job_id, seen, HEARTBEAT):
            yield ": still here\n\n"
        elif job_id not in await events.latest(services.database, (job_id,)):
            yield 'event: status\ndata: {"status": "deleted"}\n\n'
            return


def _lines(event: Event) -> str:
    data = {**event.data, "at": round(event.created_at, 3)}
    return f"id: {event.seq}\nevent: {event.type}\ndata: {json.dumps(data)}\n\n"
