"""The proof: every accepted job is exactly what was asked for, or failed for a fault of its input.

It looks at the records and artifacts themselves, and decodes every finished video.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import av
import numpy as np
import obstore
from numpy.typing import NDArray
from sqlalchemy import select

from bench.chaos.load import Wish
from bench.chaos.marks import read_mark
from bench.chaos.notes import Note
from deployments.encode.aac import PACKET
from media.sound import Samples
from media.timegrid import SOUND_RATE
from serve.jobs.database import Database
from serve.jobs.models import ACTIVE, Event, Job, Segment
from serve.storage import keys
from serve.storage.artifacts import Artifacts

CONTENT_FAULTS: Final = ("no_face",)
"""What a chaos input can be refused for after it was accepted."""
WINDOW: Final = 4096
"""Samples over which the sound must be the one that was asked for."""
MOST_NOISE: Final = 0.2
"""Share of a window's energy that coding may change (seen: 0.12); a lost packet changes 0.25."""
TYPICAL_NOISE: Final = 0.005
"""The same of the median window (seen: 0.0005); sound that is 4 samples late changes more."""


@dataclass(slots=True)
class Verdict:
    """What became of one job."""

    number: int
    outcome: str
    """A status, or deleted."""
    faults: list[str] = field(default_factory=list)
    """Empty: nothing is wrong with it."""
    claims: int = 0
    attempts: int = 0
    segments: int = 0
    redone: int = 0
    """Segments that a later claim began again although they were committed."""
    respoken: int = 0
    """Spoken pieces beyond one each."""


async def verify(
    database: Database, artifacts: Artifacts, video: str, wish: Wish, notes: Sequence[Note]
) -> Verdict:
    """Judge the job of one wish; `notes` are those of all jobs."""
    async with database.read() as session:
        job = await session.get(Job, video)
        rows = (
            await session.scalars(
                select(Segment).where(Segment.job_id == video).order_by(Segment.n)
            )
        ).all()
        events = (
            await session.scalars(select(Event).where(Event.job_id == video).order_by(Event.seq))
        ).all()
    if job is None:
        return await _gone(artifacts, video, wish)
    last = [row for row in rows if row.attempt == job.attempt]
    verdict = Verdict(wish.number, job.status, claims=job.fence, attempts=job.attempt)
    verdict.segments = len(last)
    verdict.faults += status_faults(job, wish) + _event_faults(job, events)
    verdict.faults += segment_faults(rows, job)
    if job.attempt == 1:
        verdict.redone = redone(rows, wish, notes)
        spoken = [note.at for note in notes if (note.what, note.job) == ("speak", wish.number)]
        verdict.respoken = len(spoken) - len(set(spoken))
    for row in last:
        if not await artifacts.exists(row.key):
            verdict.faults.append(f"segment {row.n} is named, but not there")
    if job.status == "completed":
        verdict.faults += await _video_faults(artifacts, job, last, wish)
    return verdict


async def _gone(artifacts: Artifacts, video: str, wish: Wish) -> Verdict:
    verdict = Verdict(wish.number, "deleted")
    if wish.fate != "delete":
        verdict.faults.append("the record is gone, and nobody deleted it")
    left = await obstore.list(artifacts.store, prefix=keys.job(video)).collect_async()
    if left:
        verdict.faults.append(f"{len(left)} artifacts outlive the deleted job")
    return verdict


def status_faults(job: Job, wish: Wish) -> list[str]:
    """What is wrong with how the job ended: only an input at fault excuses a failure."""
    if job.status in ACTIVE:
        return [f"still {job.status} in stage {job.stage}: lost"]
    if job.status == "cancelled":
        return [] if wish.fate == "cancel" else ["cancelled, and nobody asked for it"]
    if job.status == "failed":
        error = job.error or {}
        told = f"failed in stage {error.get('stage')}: {error.get('code')}: {error.get('message')}"
        excused = wish.fate == "fail" and error.get("code") in CONTENT_FAULTS
        return [] if excused else [told]
    return ["completed with an input that shows nobody"] if wish.fate == "fail" else []


def _event_faults(job: Job, events: Sequence[Event]) -> list[str]:
    """Events are numbered without a gap, progress never falls, the end is told once."""
    faults = []
    if [event.seq for event in events] != list(range(1, job.last_event + 1)):
        faults.append("the events' numbers have gaps")
    progress = [event.data["progress"] for event in events if "progress" in event.data]
    if progress != sorted(progress):
        faults.append("progress went back")
    ends = [e for e in events if e.type == "status" and e.data["status"] not in ACTIVE]
    if len(ends) != (job.status not in ACTIVE):
        faults.append(f"the end was told {len(ends)} times")
    return faults


def segment_faults(rows: Sequence[Segment], job: Job) -> list[str]:
    """One row a segment, frames without gap, and no commit of a claim behind a later one's."""
    faults = []
    last = [row for row in rows if row.attempt == job.attempt]
    if job.status == "completed":
        if [row.n for row in last] != list(range(len(last))):
            faults.append(f"segments {[row.n for row in last]} instead of an unbroken row")
        starts = [0, *(row.stop for row in last[:-1])]
        if [row.start for row in last] != starts:
            faults.append("the segments' frames do not follow each other")
        if job.next_segment != len(last) or job.segments_total != len(last):
            faults.append("the record counts other segments than there are")
    fences = [_fence(row.key) for row in sorted(rows, key=lambda row: row.created_at)]
    if fences != sorted(fences):
        faults.append(f"an old claim committed behind a newer one: {fences}")
    return faults


def _fence(key: str) -> int:
    """The fence of the claim that made a segment: it stands in the key."""
    return int(key.removesuffix(".mp4").rsplit("-", 1)[1])


def redone(rows: Sequence[Segment], wish: Wish, notes: Sequence[Note]) -> int:
    """Segments that a later claim than the one which committed them began again.

    What the same claim, or an older one, began and nobody waits for any more is no work of a
    later claim: replicas of a lost node do not know yet that their caller asks others.
    """
    committed = {row.start: _fence(row.key) for row in rows}
    return sum(
        note.fence > committed.get(note.at, note.fence)
        for note in notes
        if (note.what, note.job) == ("encode", wish.number)
    )


async def _video_faults(
    artifacts: Artifacts, job: Job, rows: Sequence[Segment], wish: Wish
) -> list[str]:
    result: dict[str, Any] = job.result or {}
    frames = wish.frames()
    faults = []
    if result.get("frames") != frames or (rows and rows[-1].stop != frames):
        faults.append(f"{result.get('frames')} frames in the record instead of {frames}")
    for variant, file in result.get("files", {}).items():
        if not await artifacts.exists(file["key"]):
            faults.append(f"the {variant} is named, but not there")
            return faults
    data = await artifacts.get(result["files"]["video"]["key"])
    if len(data) != result["bytes"]:
        faults.append("the video's size is not the record's")
    try:
        return faults + picture_faults(data, wish) + sound_faults(data, wish)
    except av.error.FFmpegError as error:
        return [*faults, f"torn: {type(error).__name__}"]


def picture_faults(data: bytes, wish: Wish) -> list[str]:
    """Every frame must be the job's own, once, in order and on time."""
    marks, times = [], []
    with av.open(io.BytesIO(data)) as file:
        for frame in file.decode(video=0):
            marks.append(read_mark(frame.to_ndarray(format="yuv420p")))
            times.append(round(float(frame.time or 0.0) * float(wish.grid.fps), 2))
    expected = list(range(wish.frames()))
    faults = []
    if [frame for _, frame in marks] != expected:
        faults.append(f"{len(marks)} frames show {_summary([f for _, f in marks])}")
    if {job for job, _ in marks} - {wish.number & 0xFFFF}:
        faults.append("frames of another job")
    if times != expected:
        faults.append("frames off their time")
    return faults


def sound_faults(data: bytes, wish: Wish) -> list[str]:
    """The sound must be the one asked for, sample by sample up to a gain and the coding's noise."""
    with av.open(io.BytesIO(data)) as file:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
        stream = file.streams.audio[0]
        length = float((stream.duration or 0) * (stream.time_base or 0))
    expected = wish.track()
    whole = wish.grid.sample(wish.frames())
    faults = []
    if abs(length - whole / SOUND_RATE) > 0.001 or len(heard) >= whole + PACKET:
        faults.append(f"{length:.5f} s of sound instead of {whole / SOUND_RATE:.5f}")
    if len(heard) < whole:
        return [*faults, f"{whole - len(heard)} samples are missing"]
    expected = np.pad(expected, (0, whole - len(expected)))
    noise = _noise(heard[:whole], expected)
    wrong = np.flatnonzero(noise > MOST_NOISE)
    if len(wrong):
        first = wrong[0] * WINDOW / SOUND_RATE
        faults.append(f"the sound is another one in {len(wrong)} windows, first at {first:.2f} s")
    if np.median(noise) > TYPICAL_NOISE:
        faults.append("the sound is not in time")
    return faults


def _noise(heard: Samples, expected: Samples) -> NDArray[np.float32]:
    """How much of each window is not what was asked for, up to one gain for all of the sound."""
    gain = float(heard @ expected) / max(1e-9, float(expected @ expected))
    count = -(-len(expected) // WINDOW)
    shape = (0, count * WINDOW - len(expected))
    wanted = (gain * np.pad(expected, shape)).reshape(count, WINDOW)
    error = np.pad(heard, shape).reshape(count, WINDOW) - wanted
    energy = (wanted**2).sum(1)
    noise: NDArray[np.float32] = (error**2).sum(1) / np.maximum(energy, 0.05 * energy.max())
    return noise


def _summary(numbers: Sequence[int]) -> str:
    breaks = [f"{a}->{b}" for a, b in pairwise(numbers) if b != a + 1]
    return ", ".join(breaks[:6]) or f"{numbers[:1]} to {numbers[-1:]}"


async def doubled(database: Database) -> list[str]:
    """Wishes that more than one job was made for."""
    async with database.read() as session:
        numbers = [meta.get("number") for meta in await session.scalars(select(Job.meta))]
    return sorted({number for number in numbers if number and numbers.count(number) > 1})
