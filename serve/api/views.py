"""What clients get to see: records as the API shows them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serve.api.gallery import GalleryAvatar
from serve.jobs.models import Avatar, Job, Status, Voice
from serve.jobs.urls import job_urls

_EXCERPT = 120


class ErrorBody(BaseModel):
    """What went wrong and what to do about it."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(examples=["many_faces"])
    message: str = Field(
        examples=["2 faces were found: choose one by face_index, numbered from the left."]
    )
    param: str | None = Field(None, description="The input at fault.", examples=["face_index"])
    retryable: bool = Field(description="True when the same request may succeed later.")


class ErrorAnswer(BaseModel):
    """Every error has this shape."""

    error: ErrorBody


class Consent(BaseModel):
    """The statement that came with a person's sample or photo."""

    statement: str
    given_at: int = Field(description="Unix seconds.")


def consent_of(record: Avatar | Job | Voice) -> dict[str, Any] | None:
    """The statement of a record as the client sees it: it was given when the record was made."""
    if record.consent is None:
        return None
    return {"statement": record.consent, "given_at": int(record.created_at)}


class VideoSpeech(BaseModel):
    """What is heard: a text in a voice, or a recording."""

    source: Literal["text", "audio"]
    excerpt: str | None = Field(description="How the text begins.")
    voice: str | None
    speed: float
    seconds: float | None = Field(description="Length of the recording.")


class VideoSegments(BaseModel):
    """How many pieces of the video are there, in an unbroken row from its start."""

    published: int
    total: int | None


class Video(BaseModel):
    """A video, from accepted to deleted."""

    id: str
    object: Literal["video"] = "video"
    status: Status
    stage: str
    progress: int = Field(ge=0, le=100)
    queue_position: int | None = Field(None, description="1: it is started next.")
    created_at: int = Field(description="Unix seconds, like all times.")
    started_at: int | None
    completed_at: int | None
    expires_at: int | None
    avatar: str
    speech: VideoSpeech
    seed: int
    size: str = Field(description="As asked for until the video is there, then WIDTHxHEIGHT.")
    fps: float
    life: bool
    seconds: float | None = Field(description="Length of the finished video.")
    frames: int | None
    segments: VideoSegments
    timings: dict[str, float] = Field(description="Milliseconds by stage.")
    error: ErrorBody | None
    metadata: dict[str, str]
    consent: Consent | None = Field(default=None, description="What came with `avatar_image`.")
    urls: dict[str, str] = Field(description="What can be fetched now.")


class VideoList(BaseModel):
    """A page of videos."""

    object: Literal["list"] = "list"
    data: list[Video]
    has_more: bool


class Deleted(BaseModel):
    """A record that is gone, with everything that belonged to it."""

    id: str
    object: Literal["video.deleted", "avatar.deleted", "voice.deleted"]
    deleted: Literal[True] = True


class AvatarView(BaseModel):
    """A portrait with one chosen face."""

    id: str
    object: Literal["avatar"] = "avatar"
    kind: Literal["gallery", "image", "prompt"]
    name: str
    description: str | None = Field(None, description="What the gallery's picture shows.")
    created_at: int | None
    width: int | None
    height: int | None
    face: dict[str, Any] | None = Field(description="Box, score and pose of the chosen face.")
    prompt: str | None = None
    seed: int | None = None
    words_used: list[str] | None = None
    words_ignored: list[str] | None = None
    consent: Consent | None = Field(default=None, description="What came with the picture.")
    urls: dict[str, str]


class AvatarList(BaseModel):
    """A page of avatars: the gallery first, then one's own."""

    object: Literal["list"] = "list"
    data: list[AvatarView]
    has_more: bool


def video_view(job: Job, queue_position: int | None = None) -> Video:
    """A job as the client sees it."""
    request, result = job.request, job.result or {}
    return Video.model_validate(
        {
            "id": job.id,
            "status": job.status,
            "stage": job.stage,
            "progress": job.progress,
            "queue_position": queue_position,
            "created_at": int(job.created_at),
            "started_at": _seconds(job.started_at),
            "completed_at": _seconds(job.completed_at),
            "expires_at": _seconds(job.expires_at),
            "avatar": job.avatar_id,
            "speech": _speech(request),
            "seed": request["seed"],
            "size": size_of(job),
            "fps": float(request["fps"]),
            "life": request["life"],
            "seconds": result.get("seconds"),
            "frames": result.get("frames"),
            "segments": {"published": job.next_segment, "total": job.segments_total},
            "timings": job.timings,
            "error": job.error,
            "metadata": job.meta,
            "consent": consent_of(job),
            "urls": job_urls(job),
        }
    )


def size_of(job: Job) -> str:
    """WIDTHxHEIGHT of a video that is there, else what was asked for."""
    result = job.result or {}
    if "width" in result:
        return f"{result['width']}x{result['height']}"
    return str(job.request["size"])


def _speech(request: dict[str, Any]) -> dict[str, Any]:
    text, audio = request["text"], request["audio"]
    return {
        "source": "audio" if audio else "text",
        "excerpt": text[:_EXCERPT] if text else None,
        "voice": request["voice"],
        "speed": request["speed"],
        "seconds": round(audio["samples"] / 48_000, 3) if audio else None,
    }


def avatar_view(avatar: Avatar) -> AvatarView:
    """An avatar's record as the client sees it."""
    known = ("prompt", "seed", "words_used", "words_ignored")
    return AvatarView.model_validate(
        {
            "id": avatar.id,
            "kind": avatar.kind,
            "name": avatar.name,
            "created_at": None if avatar.kind == "gallery" else int(avatar.created_at),
            "width": avatar.width,
            "height": avatar.height,
            "face": avatar.face,
            "consent": consent_of(avatar),
            "urls": _avatar_urls(avatar.id),
            **{key: avatar.origin[key] for key in known if key in avatar.origin},
        }
    )


def gallery_view(avatar: GalleryAvatar) -> AvatarView:
    """A gallery avatar that nobody has used yet."""
    return AvatarView(
        id=avatar.id,
        kind="gallery",
        name=avatar.name,
        description=avatar.description,
        created_at=None,
        width=None,
        height=None,
        face=None,
        urls=_avatar_urls(avatar.id),
    )


def _avatar_urls(avatar_id: str) -> dict[str, str]:
    here = f"/v1/avatars/{avatar_id}"
    return {"self": here, "preview": f"{here}/preview"}


def _seconds(at: float | None) -> int | None:
    return None if at is None else int(at)
