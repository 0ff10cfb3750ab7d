"""The judge of the chaos runs is judged: it passes what is whole and names what is not."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.chaos import verify
from bench.chaos.engines import CentredFace
from bench.chaos.load import Wish, make_wish
from bench.chaos.marks import SIDE, frame_mark, read_mark
from bench.chaos.notes import Note, note, read_notes
from deployments.encode.engine import SegmentTask
from deployments.encode.pyav import PyAV
from media.face import Portrait
from media.fragments import split_init
from media.mux import assemble
from media.patch import Frame
from media.sound import Samples, Sound
from media.timegrid import SOUND_RATE
from serve.jobs.models import Job, Segment

WISH = make_wish(7, random.Random(3), shortest=5.0, longest=6.0, fate="keep")
CUTS = (0, 20, 55, WISH.frames())


def video(
    folder: Path,
    order: Sequence[int] = (0, 1, 2),
    *,
    shown: int = 7,
    late: int = 0,
    doubled: int = -1,
) -> bytes:
    """The wish's video of those segments; `late` samples of silence come first."""
    encoder = PyAV.load({}, threads=1, preset="ultrafast", crf=23.0)
    picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
    finder = CentredFace()
    canvas = encoder.prepare(Portrait(picture, finder.mesh(picture, finder.find(picture)[0])))
    track = sound(late)
    parts = []
    for n in order:
        first, stop = CUTS[n], CUTS[n + 1]
        at = WISH.grid.sample(first), WISH.grid.sample(stop)
        heard = track.window(max(0, at[0] - SOUND_RATE), at[1] + SOUND_RATE)
        task = SegmentTask("portrait", WISH.grid.fps, first, stop, stop == CUTS[-1], heard, seed=7)
        numbers = (n - 1 if n == doubled else n for n in range(first, stop))
        frames = (Frame((frame_mark(shown, number),)) for number in numbers)
        parts.append(split_init(encoder.encode(canvas, task, frames)))
    fragments, whole = folder / "fragments.mp4", folder / "whole.mp4"
    fragments.write_bytes(parts[0][0] + b"".join(media for _, media in parts))
    assemble(fragments, whole)
    return whole.read_bytes()


def sound(late: int) -> Sound:
    wanted: Samples = WISH.track()
    length = WISH.grid.sample(WISH.frames())
    moved = np.concatenate([np.zeros(late, np.float32), wanted])[:length]
    return Sound(np.pad(moved, (0, length - len(moved))), SOUND_RATE)


@pytest.mark.parametrize(("job", "frame"), [(0, 0), (1, 0), (65_535, 65_535), (4_660, 22_136)])
def test_a_frames_mark_is_read_as_it_was_drawn(job: int, frame: int) -> None:
    assert read_mark(frame_mark(job, frame).planes) == (job, frame)


def test_a_whole_video_passes(tmp_path: Path) -> None:
    data = video(tmp_path)
    assert verify.picture_faults(data, WISH) == []
    assert verify.sound_faults(data, WISH) == []


@pytest.mark.parametrize("order", [(0, 2), (0, 1), (1, 2)])
def test_a_video_with_a_segment_missing_does_not_pass(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    assert verify.picture_faults(video(tmp_path, order), WISH)


def test_a_frame_that_is_seen_twice_does_not_pass(tmp_path: Path) -> None:
    assert verify.picture_faults(video(tmp_path, doubled=33), WISH)


def test_frames_of_another_job_do_not_pass(tmp_path: Path) -> None:
    assert verify.picture_faults(video(tmp_path, shown=8), WISH) == ["frames of another job"]


@pytest.mark.parametrize("late", [5, 1024])
def test_sound_that_is_late_does_not_pass(tmp_path: Path, late: int) -> None:
    assert verify.sound_faults(video(tmp_path, late=late), WISH)


def row(n: int, start: int, stop: int, fence: int, at: float) -> Segment:
    key = f"jobs/vid_1/1/segment-{n:06d}-{fence}.mp4"
    return Segment(job_id="vid_1", attempt=1, n=n, start=start, stop=stop, key=key, created_at=at)


GOOD = [row(0, 0, 20, 1, 1.0), row(1, 20, 55, 1, 2.0), row(2, 55, 80, 2, 9.0)]


def job(**columns: object) -> Job:
    facts = {"status": "completed", "attempt": 1, "next_segment": 3, "segments_total": 3}
    return Job(id="vid_1", **facts | columns)


def test_rows_in_an_unbroken_row_pass() -> None:
    assert verify.segment_faults(GOOD, job()) == []


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (GOOD[:2], {}),
        ([GOOD[0], GOOD[2]], {}),
        ([GOOD[0], row(1, 21, 55, 1, 2.0), GOOD[2]], {}),
        ([GOOD[0], row(1, 20, 55, 2, 2.0), row(2, 55, 80, 1, 9.0)], {}),
        (GOOD, {"next_segment": 2}),
    ],
    ids=["end missing", "middle missing", "frames missing", "old claim", "uncounted"],
)
def test_rows_that_are_not_do_not(rows: list[Segment], columns: dict[str, object]) -> None:
    assert verify.segment_faults(rows, job(**columns))


def test_what_a_later_claim_begins_again_is_counted(tmp_path: Path) -> None:
    notes = noted(tmp_path, ("encode", 7, 0, 2), ("encode", 7, 20, 3))
    assert verify.redone(GOOD, WISH, notes) == 2


@pytest.mark.parametrize(
    "began",
    [
        ("encode", 7, 0, 1),
        ("encode", 7, 55, 1),  # by the claim before, whose node is lost
        ("encode", 7, 80, 3),  # never committed
        ("encode", 8, 0, 2),
        ("speak", 7, 0, 0),
    ],
)
def test_what_no_later_claim_asked_for_is_not(
    tmp_path: Path, began: tuple[str, int, int, int]
) -> None:
    assert verify.redone(GOOD, WISH, noted(tmp_path, began)) == 0


def noted(folder: Path, *began: tuple[str, int, int, int]) -> list[Note]:
    """Notes of what began: what, the job, the frame or piece, the fence of who asked."""
    for what, job_number, at, fence in began:
        note(folder / "notes", what, job_number, at, fence)
    return read_notes(folder / "notes")


@pytest.mark.parametrize(
    ("columns", "fate", "passes"),
    [
        ({"status": "completed"}, "keep", True),
        ({"status": "cancelled"}, "cancel", True),
        ({"status": "failed", "error": {"code": "no_face"}}, "fail", True),
        ({"status": "cancelled"}, "keep", False),
        ({"status": "in_progress"}, "keep", False),
        ({"status": "failed", "error": {"code": "no_face"}}, "keep", False),
        ({"status": "failed", "error": {"code": "internal"}}, "fail", False),
        ({"status": "completed"}, "fail", False),
    ],
)
def test_only_an_input_at_fault_excuses_a_failed_job(
    columns: dict[str, object], fate: str, passes: bool
) -> None:
    wish = Wish(7, WISH.fields, fate)  # type: ignore[arg-type]  # one of its words
    assert (verify.status_faults(job(**columns), wish) == []) is passes
