"""The last step of a job: one MP4 of all segments, its captions and its thumbnail."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from deployments.director.track import Track
from media.captions import captions
from media.face import Portrait
from media.fragments import split_init
from media.mux import assemble
from media.picture import encode_webp
from media.sound import Word
from media.timegrid import TimeGrid
from media.transcript import words_from_transcript
from serve.jobs.models import Job, Segment
from serve.storage import keys
from serve.storage.artifacts import Artifacts

TYPES: Final = {"video": "video/mp4", "thumbnail": "image/webp", "captions": "text/vtt"}
THUMBNAIL_QUALITY: Final = 85


async def finish(
    artifacts: Artifacts,
    job: Job,
    fence: int,
    segments: Sequence[Segment],
    canvas: Portrait,
    grid: TimeGrid,
    frames: int,
    track: Track,
    words: Sequence[Word] | None,
) -> dict[str, Any]:
    """Store the job's files and return the record's `result`.

    `words` is None for a recording: its captions come from the transcript, if one was given.
    """

    def key(variant: str) -> str:
        return keys.result(job.id, job.attempt, variant, fence)

    with tempfile.TemporaryDirectory() as folder:
        fragments, video = Path(folder) / "fragments.mp4", Path(folder) / "video.mp4"
        await _join(artifacts, segments, fragments)
        await asyncio.to_thread(assemble, fragments, video)
        await artifacts.put(key("video"), video)
        size = video.stat().st_size
    thumbnail = await asyncio.to_thread(encode_webp, canvas.rgb, quality=THUMBNAIL_QUALITY)
    await artifacts.put(key("thumbnail"), thumbnail)
    variants = ["video", "thumbnail"]
    if (text := await _captions(job, track, words)) is not None:
        await artifacts.put(key("captions"), text.encode())
        variants.append("captions")
    height, width = canvas.rgb.shape[:2]
    return {
        "files": {v: {"key": key(v), "type": TYPES[v]} for v in variants},
        "seconds": round(grid.seconds(frames), 3),
        "frames": frames,
        "width": width,
        "height": height,
        "bytes": size,
    }


async def _join(artifacts: Artifacts, segments: Sequence[Segment], target: Path) -> None:
    """Init of the first segment and every segment's fragment, one after the other, on disk."""
    with target.open("wb") as file:
        for segment in segments:
            init, media = split_init(await artifacts.get(segment.key))
            await asyncio.to_thread(file.write, media if segment.n else init + media)


async def _captions(job: Job, track: Track, words: Sequence[Word] | None) -> str | None:
    if words is not None:
        return captions(words)
    transcript = job.request.get("transcript")
    if not transcript:
        return None
    length, _ = await track.reach(0)
    sound = await track.window(0, length)
    return captions(await asyncio.to_thread(words_from_transcript, transcript, sound))
