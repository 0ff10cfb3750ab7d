"""The tables: jobs, their segments and events, avatars, voices, keys. Times are Unix seconds."""

from typing import Any, ClassVar, Final, Literal

from sqlalchemy import JSON, Double, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Status = Literal["queued", "in_progress", "completed", "failed", "cancelled"]
ACTIVE: Final[tuple[Status, ...]] = ("queued", "in_progress")
OVER: Final[tuple[Status, ...]] = ("completed", "failed", "cancelled")

_ID = 64


class Base(DeclarativeBase):
    """Common ground of the tables."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dict[str, Any]: JSON,
        list[Any]: JSON,
        float: Double,
        str: Text,
    }


class Leased(Base):
    """What one director at a time works on, under a lease (`serve.jobs.leases`)."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    owner: Mapped[str] = mapped_column(String(_ID), default="local")
    status: Mapped[str] = mapped_column(String(16), default="queued")
    progress: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    completed_at: Mapped[float | None]
    expires_at: Mapped[float | None]
    attempt: Mapped[int] = mapped_column(default=1)
    fence: Mapped[int] = mapped_column(default=0)
    """Rises with each claim; only the latest claim's holder can write."""
    idle_claims: Mapped[int] = mapped_column(default=0, server_default="0")
    """Claims in a row that ended with nothing to show, by dying or giving up."""
    lease_until: Mapped[float | None]
    """By the database's clock."""
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    def begin_anew(self) -> None:
        """Another attempt."""
        self.attempt += 1


class Job(Leased):
    """One requested video, from accepted to deleted."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("jobs_by_owner_and_time", "owner", "created_at", "id"),
        Index("jobs_by_status", "status"),
        Index("jobs_by_expiry", "expires_at"),
    )

    stage: Mapped[str] = mapped_column(String(32), default="queued")
    request: Mapped[dict[str, Any]]
    """Validated parameters; pictures and recordings by id, never as bytes."""
    avatar_id: Mapped[str] = mapped_column(String(_ID), index=True)
    portrait: Mapped[str | None] = mapped_column(String(64), index=True)
    """Content hash of the video's canvas, once it is known."""
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    """The client's own words about the job (`metadata` of the API)."""
    cancel_requested: Mapped[bool] = mapped_column(default=False)

    fingerprint: Mapped[str | None] = mapped_column(String(64))
    """Of inputs, engines, weights and parameters: what the segments were made from."""
    next_segment: Mapped[int] = mapped_column(default=0)
    """Segments [0, next_segment) are committed: the published prefix."""
    segments_total: Mapped[int | None]
    last_event: Mapped[int] = mapped_column(default=0)
    must_follow: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Asked for as a stream: cancelled when nobody has followed it for a while."""
    followed_at: Mapped[float | None]
    """When somebody last took a part of it or its events."""
    webhook_url: Mapped[str | None]
    expected_seconds: Mapped[float] = mapped_column(default=0.0, server_default="0")
    """How long the video was likely to get when it was accepted."""
    consent: Mapped[str | None]
    """What the sender stated of whose photo came with the request, where a picture did."""

    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`files` {variant: {key, type}}, seconds, frames, width, height."""
    timings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Milliseconds by stage."""

    def begin_anew(self) -> None:
        """Another attempt, from segment 0."""
        super().begin_anew()
        self.next_segment = 0
        self.segments_total = None


class Segment(Base):
    """A committed segment of one attempt at a job."""

    __tablename__ = "segments"

    job_id: Mapped[str] = mapped_column(
        String(_ID), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    attempt: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    start: Mapped[int]
    stop: Mapped[int]
    """Frames [start, stop) of the job's grid."""
    key: Mapped[str]
    """The artifact that holds it."""
    size: Mapped[int]
    info: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What the director tells of it: `began`, when work on it began, Unix seconds."""
    created_at: Mapped[float]


class Piece(Base):
    """A spoken piece of one attempt's track, kept until the video is there: never spoken twice."""

    __tablename__ = "pieces"

    job_id: Mapped[str] = mapped_column(
        String(_ID), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    attempt: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    """The artifact that holds its samples (`serve.storage.sounds`)."""
    samples: Mapped[int]
    """How many, at 48 kHz, with the silence that fills the last frame."""
    words: Mapped[list[Any]]
    """[text, start, end] of each word, seconds from the piece's first sample."""


class Event(Base):
    """Something that happened to a job; the numbers of a job's events rise one by one."""

    __tablename__ = "events"

    job_id: Mapped[str] = mapped_column(
        String(_ID), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(16))
    """status, stage, progress or segment."""
    data: Mapped[dict[str, Any]]
    created_at: Mapped[float]


class Avatar(Base):
    """A portrait with one chosen face. Gallery avatars are rows from their first use on."""

    __tablename__ = "avatars"
    __table_args__ = (Index("avatars_by_owner_and_time", "owner", "created_at", "id"),)

    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    owner: Mapped[str] = mapped_column(String(_ID), default="local")
    kind: Mapped[str] = mapped_column(String(16))
    """gallery, image or prompt."""
    listed: Mapped[bool]
    """False for the avatar of one job, which lives as long as the job."""
    name: Mapped[str]
    created_at: Mapped[float]
    portrait: Mapped[str | None] = mapped_column(String(64), index=True)
    """Content hash of the portrait; None until it is painted."""
    width: Mapped[int | None]
    height: Mapped[int | None]
    face: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Box, score and pose of the chosen face."""
    origin: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """How it came about: prompt, seed, words used and ignored; or the gallery picture's sha256."""
    consent: Mapped[str | None]
    """What the sender stated of whose photo it is, where one was sent with a statement."""


class Voice(Leased):
    """A voice cloned from a sample. Stock voices have no rows: the speech stage knows them."""

    __tablename__ = "voices"
    __table_args__ = (
        Index("voices_by_owner_and_time", "owner", "created_at", "id"),
        Index("voices_by_status", "status"),
        Index("voices_by_expiry", "expires_at"),
    )

    name: Mapped[str]
    language: Mapped[str] = mapped_column(String(35))
    """BCP 47; of the sample."""
    consent: Mapped[str]
    """The statement that the speaker consents, given when the sample was sent."""
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    """The client's own words about the voice (`metadata` of the API)."""
    sample: Mapped[str | None]
    """The artifact with the uploaded sample, until the voice is made or has failed."""
    seconds: Mapped[float]
    """Length of the sample."""
    key: Mapped[str | None]
    """The artifact that the speech engine adopts. It and what follows come when the voice is
    made."""
    engine: Mapped[str | None] = mapped_column(String(_ID))
    languages: Mapped[list[Any]]
    gain_db: Mapped[float | None]
    similarity: Mapped[float | None]
    approximate: Mapped[bool | None]
    licence: Mapped[str | None]


class IdempotencyKey(Base):
    """What a POST under a client's `Idempotency-Key` made, so that a repeat makes nothing."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("idempotency_keys_by_time", "created_at"),)

    owner: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    """Of the path and the body; another one under the same key is a conflict."""
    resource_id: Mapped[str | None] = mapped_column(String(_ID))
    """The job, avatar or voice that was made; None while the first request is under way."""
    held_until: Mapped[float | None]
    """While the first request is under way; after it the key may be taken again."""
    created_at: Mapped[float]


class AccessKey(Base):
    """What lets somebody in, and how far; the key itself is not kept."""

    __tablename__ = "access_keys"

    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    owner: Mapped[str] = mapped_column(String(_ID), index=True)
    """Whose jobs, avatars and voices it reaches; several keys may share them."""
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the key's secret, in hexadecimal."""
    scope: Mapped[str] = mapped_column(String(16))
    """read, write or admin."""
    seconds_a_day: Mapped[float | None]
    """Of video; None: as many as the service makes."""
    active_jobs: Mapped[int | None]
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    revoked_at: Mapped[float | None]


class Usage(Base):
    """Seconds of video that were made for an owner on one day (UTC)."""

    __tablename__ = "usage"

    owner: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    """Days since 1970-01-01."""
    seconds: Mapped[float]


class Delivery(Base):
    """One webhook message: kept until its receiver has taken it or the tries are used up."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("deliveries_by_next_try", "next_try_at"),)

    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    """`webhook-id` of Standard Webhooks: the same in every try."""
    job_id: Mapped[str] = mapped_column(
        String(_ID), ForeignKey("jobs.id", ondelete="CASCADE"), index=True
    )
    event: Mapped[int]
    """Number of the job's event that it tells of."""
    payload: Mapped[dict[str, Any]]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[float | None]
    """None: delivered or given up."""
    outcome: Mapped[str | None] = mapped_column(String(32))
    """delivered, or why it was given up; None while it is still tried."""
    created_at: Mapped[float]
