"""The service's own metrics, at Ray's metrics port beside Serve's (docs/observability.md).

Ray writes `ray_` before each name, and `_total` behind counters. Labels hold words of fixed lists:
no ids, no words of users.
"""

from collections.abc import Mapping
from typing import Final

from ray.util.metrics import Counter, Gauge, Histogram

STAGE_SECONDS: Final = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
FIRST_MEDIA_SECONDS: Final = [0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0]
BATCH_CALLS: Final = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]


class DirectorMetrics:
    """`Measures` of a director, and what it reads in the records."""

    def __init__(self) -> None:
        self._stages = Histogram(
            "avatar_stage_seconds",
            "How long a stage worked on one piece of a job.",
            STAGE_SECONDS,
            tag_keys=("stage",),
        )
        self._video = Counter("avatar_video_seconds", "Seconds of video committed.")
        self._first = Histogram(
            "avatar_first_media_seconds",
            "From a job's acceptance to its first segment.",
            FIRST_MEDIA_SECONDS,
        )
        self._retries = retries()
        self._ended = Counter(
            "avatar_claims_ended",
            "Claims of videos and voices by how they ended.",
            tag_keys=("kind", "status"),
        )
        self._webhooks = Counter(
            "avatar_webhooks", "Tries at webhook messages by outcome.", tag_keys=("outcome",)
        )
        self._cancelled = Counter(
            "avatar_jobs_cancelled", "Videos stopped before they were over.", tag_keys=("reason",)
        )
        self._jobs = Gauge("avatar_jobs", "Jobs in the records by status.", tag_keys=("status",))
        self._queue_age = Gauge(
            "avatar_queue_age_seconds", "How long the oldest queued job has waited."
        )

    def worked(self, stage: str, seconds: float) -> None:
        """A stage has done one piece of a job's work."""
        self._stages.observe(seconds, {"stage": stage})

    def filmed(self, seconds: float) -> None:
        """So much video was committed."""
        self._video.inc(seconds)

    def shown(self, seconds: float) -> None:
        """A job's first segment was there, so long after the job was accepted."""
        self._first.observe(seconds)

    def retried(self, reason: str) -> None:
        """A step of a job is tried again."""
        self._retries.inc(tags={"stage": "director", "reason": reason})

    def ended(self, kind: str, status: str) -> None:
        """A claim ended."""
        self._ended.inc(tags={"kind": kind, "status": status})

    def sent(self, outcome: str) -> None:
        """A webhook message was tried."""
        self._webhooks.inc(tags={"outcome": outcome})

    def unfollowed(self, jobs: int) -> None:
        """So many streams were cancelled, for nobody took them."""
        if jobs:
            self._cancelled.inc(jobs, {"reason": "unfollowed"})

    def recorded(self, jobs: Mapping[str, int], queue_age: float | None = None) -> None:
        """What the records say; every director says the same, so these are never added up."""
        for status, count in jobs.items():
            self._jobs.set(count, {"status": status})
        if queue_age is not None:
            self._queue_age.set(queue_age)


def retries() -> Counter:
    """The counter of steps that are tried again."""
    return Counter("avatar_retries", "Steps tried again, by fault.", tag_keys=("stage", "reason"))


def batch_sizes() -> Histogram:
    """Of how many calls a batch of lip sync is made."""
    return Histogram("avatar_lipsync_batch_calls", "Calls that one batch is made of.", BATCH_CALLS)
