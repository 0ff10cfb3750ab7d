"""A video that plays while it is made: its init and its fragments in one answer."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from fastapi.responses import StreamingResponse

from media.errors import AvatarError
from media.fragments import split_init
from media.marks import marked_init
from serve.api import marking
from serve.api.publishing import patiently, playable, until_published
from serve.api.services import Services
from serve.jobs.models import ACTIVE, Job, Segment
from serve.jobs.published import published
from serve.marking.claims import source_of_job
from serve.storage.artifacts import CHUNK

ERRORS_WITHIN: Final = 10.0
"""Seconds until the answer's head is sent though no picture is there yet.

Until then a fault is answered as one, with its status. Later the client learns the video's address
and that it is being made; nothing between waits for a silent server."""
_PATIENCE: Final = 60.0


class Cut(Exception):  # noqa: N818 - a turn of events, not a fault
    """The video will not be whole: the connection must end in a way that shows it."""


async def stream_video(services: Services, job: Job) -> StreamingResponse:
    """The answer that carries the job's video. Raises the AvatarError that ended the job."""
    job = await patiently(partial(until_published, services, job.id, 0, ERRORS_WITHIN))
    playable(job)
    headers = {
        "Location": f"/v1/videos/{job.id}",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "X-Content-Type-Options": "nosniff",
        **marking.header(source_of_job(job.request)),
    }
    return StreamingResponse(_fragments(services, job.id), headers=headers, media_type="video/mp4")


async def _fragments(services: Services, job_id: str) -> AsyncIterator[bytes]:
    """Init and fragments of the published segments, as they come; ends when the job is completed.

    Raises Cut where the job ends otherwise, or begins again after something was sent.
    """
    sent, attempt = 0, None  # the attempt that something was sent of
    while True:
        try:
            job, segments = await patiently(partial(_news, services, job_id, sent, attempt))
        except AvatarError as error:
            raise Cut(f"the job's record says {error.code}") from None
        if attempt not in (None, job.attempt):
            raise Cut("the job began again")
        for segment in segments:
            init, media = split_init(await patiently(partial(services.artifacts.get, segment.key)))
            if segment.n == 0:
                media = marked_init(init, source_of_job(job.request)) + media
            for at in range(0, len(media), CHUNK):
                yield media[at : at + CHUNK]
                await patiently(partial(services.following.follow, job))
            sent, attempt = sent + 1, job.attempt
        if job.status not in ACTIVE:
            if job.status != "completed":
                raise Cut(f"the job was {job.status}")
            return


async def _news(
    services: Services, job_id: str, sent: int, attempt: int | None
) -> tuple[Job, Sequence[Segment]]:
    """The job and what is published behind the first `sent` segments, once there is news of it."""
    await until_published(services, job_id, sent, _PATIENCE, attempt=attempt)
    return await published(services.database, job_id, first=sent)
