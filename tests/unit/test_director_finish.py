"""The last step: captions of a long recording, and the text track that a request asks for."""

import io
import os
import tempfile
from pathlib import Path

import av
import numpy as np
import pytest

from deployments.director.finish import LEFT_BY_FINISH, _levels, drop_left
from media.levels import window_levels
from media.sound import Sound
from media.timegrid import SOUND_RATE
from media.transcript import WINDOW
from serve.jobs.database import Database
from tests.engines import Clicker
from tests.exactness import make, play


class Watched:
    """A recording that is all there, and the longest stretch that was read of it at once."""

    def __init__(self, samples: np.ndarray) -> None:
        self.sound = Sound(samples.astype(np.float32), SOUND_RATE)
        self.longest = 0

    async def reach(self, stop: int) -> tuple[int, bool]:
        return len(self.sound.samples), True

    async def window(self, start: int, stop: int) -> Sound:
        self.longest = max(self.longest, stop - start)
        return self.sound.window(start, stop)

    async def kept(self, stop: int) -> None:
        return


@pytest.mark.parametrize("length", [0, 100, 30 * SOUND_RATE, 75 * SOUND_RATE + 17])
async def test_a_recording_is_listened_to_in_pieces(length: int) -> None:
    track = Watched(np.random.default_rng(1).normal(0, 0.1, length))
    levels, seconds = await _levels(track)
    assert np.allclose(levels, window_levels(track.sound, WINDOW), atol=1e-6)
    assert seconds == track.sound.seconds
    assert track.longest <= 30 * SOUND_RATE


def shown(video: bytes) -> list[tuple[float, float, str]]:
    with av.open(io.BytesIO(video)) as file:
        (track,) = file.streams.subtitles
        assert track.language == "eng"
        return [
            (
                float(packet.pts * packet.time_base),
                float((packet.pts + packet.duration) * packet.time_base),
                bytes(packet)[2:].decode(),
            )
            for packet in file.demux(track)
            if packet.size > 2
        ]


async def test_spoken_words_are_a_text_track_on_request(database: Database, tmp_path: Path) -> None:
    made = await make(database, tmp_path, "25", None, None, caption_track=True, language="en-GB")
    cues = shown(made.file)
    assert " ".join(text.replace("\n", " ") for _, _, text in cues).split() == ["click"] * len(
        Clicker.SECONDS
    )
    assert cues[0][0] == pytest.approx(Clicker.SECONDS[0] / 2, abs=0.002)
    with av.open(io.BytesIO(made.file)) as file:
        assert cues[-1][1] <= float(
            file.streams.video[0].duration * file.streams.video[0].time_base
        )
    # What plays is what is streamed, with a track more.
    assert np.array_equal(play(made.file).sound, play(made.stream).sound)


async def test_without_being_asked_for_there_is_no_text_track(
    database: Database, tmp_path: Path
) -> None:
    made = await make(database, tmp_path, "25", None, None)
    with av.open(io.BytesIO(made.file)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]


def test_folders_that_killed_directors_left_are_removed_when_they_are_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    others = tmp_path / "temporary" / "another-program"
    kept = tmp_path / "kept"
    old, new = (tmp_path / "temporary" / f"{LEFT_BY_FINISH}{name}" for name in ("old", "new"))
    for folder in (others, old, new, kept):
        folder.mkdir(parents=True)
        (folder / "video.mp4").write_bytes(b"private")
    link = tmp_path / "temporary" / f"{LEFT_BY_FINISH}link"
    link.symlink_to(kept)
    for folder in (others, old, kept):
        os.utime(folder, (1000, 1000))
    drop_left(before=2000)
    assert {path.name for path in link.parent.iterdir()} == {others.name, new.name, link.name}
    assert (kept / "video.mp4").exists()
