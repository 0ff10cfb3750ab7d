"""The messages that clients' servers get, for the API's description."""

from typing import Final, Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field

from serve.api.views import ErrorBody
from serve.jobs.models import Status

_MESSAGES: Final = {
    "video.in_progress": "The video is being made.",
    "video.progress": "Stage or progress changed. At most one every half second and video, sent "
    "once: an older one gives way to a newer one.",
    "video.completed": "The video is there: fetch it from `urls`.",
    "video.failed": "The video could not be made; `error` says why.",
    "video.cancelled": "The video was stopped.",
}

_DELIVERY: Final = """\
Sent to the `webhook_url` of `POST /v1/videos`, signed as
[Standard Webhooks](https://www.standardwebhooks.com) says by `webhook-id`, `webhook-timestamp` and
`webhook-signature`. Answer with any 2xx within 10 seconds. 410 stops the video's messages; after
any other answer a message is sent again, later and later, ten times within a day. Messages of a
status come in order, each possibly more than once, then under the same `webhook-id`.
"""


class VideoState(BaseModel):
    """A video when the message was written; no text and no picture."""

    id: str
    status: Status
    stage: str
    progress: int = Field(ge=0, le=100)
    error: ErrorBody | None
    urls: dict[str, str] = Field(description="What could be fetched, below this service's address.")
    metadata: dict[str, str]


class WebhookMessage(BaseModel):
    """What became of a video."""

    type: Literal[
        "video.in_progress", "video.progress", "video.completed", "video.failed", "video.cancelled"
    ]
    timestamp: str = Field(examples=["2030-01-01T12:00:00.000+00:00"], description="ISO 8601.")
    data: VideoState


def describe(app: FastAPI) -> None:
    """Add the messages to the application's description."""
    for name, summary in _MESSAGES.items():
        app.webhooks.post(
            name,
            summary=summary.split(". ")[0].rstrip("."),
            description=f"{summary}\n\n{_DELIVERY}",
            operation_id=name.replace(".", "_"),
            status_code=204,
            response_description="Any 2xx: the message was taken.",
            responses={
                410: {"description": "No more messages about this video are wanted."},
                "default": {"description": "The message is sent again later."},
            },
            tags=["videos"],
        )(_received)


def _received(body: WebhookMessage) -> None:
    """Only its signature is used: it is the receiver who is called."""
