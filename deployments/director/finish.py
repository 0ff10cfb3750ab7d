"""The last step of a job: one MP4 of all segments, its captions and its thumbnail."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from deployments.director.marking import Marking
from deployments.director.run import Run
from deployments.director.track import Track
from media.captions import captions
from media.face import Picture, Portrait
from media.fragments import split_init
from media.label import label_for
from media.languages import three_letters
from media.levels import window_levels
from media.mux import TextTrack, assemble
from media.picture import encode_webp
from media.sound import Word
from media.subtitles import Cue, to_webvtt, until
from media.timegrid import SOUND_RATE, TimeGrid
from media.transcript import WINDOW, Levels, words_from_transcript
from serve.jobs.models import Job, Segment
from serve.storage import keys
from serve.storage.artifacts import Artifacts

TYPES: Final = {"video": "video/mp4", "thumbnail": "image/webp", "captions": "text/vtt"}
THUMBNAIL_QUALITY: Final = 85
LEFT_BY_FINISH: Final = "avatar-finish-"
"""Begins the names of folders that only a killed director leaves."""
_LISTEN: Final = 3000 * WINDOW
"""Samples of a recording that are read at a time (30 s): it is never whole in memory."""


async def finish(
    run: Run,
    segments: Sequence[Segment],
    canvas: Portrait,
    grid: TimeGrid,
    frames: int,
    track: Track,
    words: Sequence[Word] | None,
    marking: Marking,
) -> dict[str, Any]:
    """Store the job's files and return the record's `result`.

    `words` is None for a recording: its captions come from the transcript, if one was given.
    """
    artifacts, job = run.means.artifacts, run.job

    def key(variant: str) -> str:
        return keys.result(job.id, job.attempt, variant, run.fence)

    cues = await _cues(job, track, words)
    with tempfile.TemporaryDirectory(prefix=LEFT_BY_FINISH) as folder:
        names = ("fragments.mp4", "unsigned.mp4", "video.mp4")
        fragments, unsigned, video = (Path(folder) / name for name in names)
        await _join(artifacts, segments, fragments)
        text = _text_track(job, cues, grid.seconds(frames))
        await asyncio.to_thread(assemble, fragments, unsigned, text)
        fragments.unlink()
        await marking.sign_video(unsigned, video)
        await artifacts.put(key("video"), video)
        size = video.stat().st_size
    thumbnail = await asyncio.to_thread(_thumbnail, canvas.rgb, marking)
    await artifacts.put(key("thumbnail"), await marking.sign_thumbnail(thumbnail))
    variants = ["video", "thumbnail"]
    if cues is not None:
        await artifacts.put(key("captions"), to_webvtt(cues).encode())
        variants.append("captions")
    height, width = canvas.rgb.shape[:2]
    sources = {"video": marking.video.source, "thumbnail": marking.thumbnail.source}
    return {
        "files": {v: {"key": key(v), "type": TYPES[v], "source": sources.get(v)} for v in variants},
        "seconds": round(grid.seconds(frames), 3),
        "frames": frames,
        "width": width,
        "height": height,
        "bytes": size,
    }


def drop_left(before: float) -> None:
    """Remove what directors that were killed have left in the temporary folder before a time."""
    for folder in Path(tempfile.gettempdir()).glob(f"{LEFT_BY_FINISH}*"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < before:
                # Not where it is another user's, or a link.
                shutil.rmtree(folder, ignore_errors=True)


def _thumbnail(rgb: Picture, marking: Marking) -> bytes:
    height, width = rgb.shape[:2]
    shown = label_for(width, height).drawn(rgb) if marking.label else rgb
    return encode_webp(shown, quality=THUMBNAIL_QUALITY, source=marking.thumbnail.source)


async def _join(artifacts: Artifacts, segments: Sequence[Segment], target: Path) -> None:
    """Init of the first segment and every segment's fragment, one after the other, on disk."""
    with target.open("wb") as file:
        for segment in segments:
            init, media = split_init(await artifacts.get(segment.key))
            await asyncio.to_thread(file.write, media if segment.n else init + media)


async def _cues(job: Job, track: Track, words: Sequence[Word] | None) -> list[Cue] | None:
    if words is not None:
        return await asyncio.to_thread(captions, words)
    transcript = job.request.get("transcript")
    if not transcript:
        return None
    levels, seconds = await _levels(track)
    return captions(await asyncio.to_thread(words_from_transcript, transcript, levels, seconds))


async def _levels(track: Track) -> tuple[Levels, float]:
    """How loud all of a track is, window by window, and how long it is in seconds."""
    length, _ = await track.reach(0)
    found = []
    for start in range(0, length, _LISTEN):
        sound = await track.window(start, min(start + _LISTEN, length))
        found.append(await asyncio.to_thread(window_levels, sound, WINDOW))
    return np.concatenate([np.zeros(0, np.float32), *found]), length / SOUND_RATE


def _text_track(job: Job, cues: Sequence[Cue] | None, seconds: float) -> TextTrack | None:
    """The captions as a track of the video, where the request asks for it."""
    if cues is None or not job.request.get("caption_track"):
        return None
    shown = list(until(cues, int(1000 * seconds)))
    return TextTrack(shown, three_letters(job.request.get("language")))
