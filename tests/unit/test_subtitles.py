"""One row of cues becomes WebVTT, SubRip and a text track; the words stay what they were."""

import re
from itertools import pairwise
from pathlib import Path

import av
import pytest

from media.captions import captions
from media.languages import three_letters
from media.mux import TextTrack, assemble
from media.sound import Word
from media.subtitles import Cue, from_webvtt, to_srt, to_timed_text, to_webvtt, until

ODD = "Fish & chips <b>bold</b> a --> b &amp; <i>x</i> 你好 {\\an8}"


def cues(text: str = ODD, pace: float = 0.4) -> list[Cue]:
    return captions([Word(w, n * pace, (n + 1) * pace) for n, w in enumerate(text.split())])


def test_a_webvtt_file_gives_its_cues_back() -> None:
    made = [*cues(), Cue(3_600_500, 3_601_500, ("late", "two lines"))]
    assert from_webvtt(to_webvtt(made)) == made
    assert from_webvtt(to_webvtt([])) == []


def test_subrip_has_numbers_commas_and_plain_text() -> None:
    file = to_srt([Cue(0, 1500, ("Fish & <chips>", "for two")), Cue(3_600_500, 3_601_000, ("x",))])
    assert file == (
        "1\n00:00:00,000 --> 00:00:01,500\nFish & <chips>\nfor two\n\n"
        "2\n01:00:00,500 --> 01:00:01,000\nx\n"
    )
    assert to_srt([]) == ""


def test_subrip_is_read_by_ffmpeg_as_it_was_meant(tmp_path: Path) -> None:
    made = cues("One two three. Four five six seven. Eight nine ten, and so on and on.", 0.6)
    path = tmp_path / "a.srt"
    path.write_text(to_srt(made), encoding="utf-8")
    with av.open(path) as file:
        packets = [p for p in file.demux(file.streams.subtitles[0]) if p.size]
    assert [(p.pts, p.pts + p.duration) for p in packets] == [(c.start, c.end) for c in made]
    assert [bytes(p).decode().split("\n") for p in packets] == [list(c.lines) for c in made]


def test_cues_end_with_the_video() -> None:
    made = [Cue(0, 1000, ("a",)), Cue(1500, 2500, ("b",)), Cue(2500, 3000, ("c",))]
    assert list(until(made, 2000)) == [Cue(0, 1000, ("a",)), Cue(1500, 2000, ("b",))]


def test_a_cue_longer_than_the_format_allows_is_an_error() -> None:
    with pytest.raises(ValueError, match="65,535"):
        to_timed_text(Cue(0, 1, ("x" * 70_000,)))


@pytest.mark.parametrize(
    ("tag", "code"),
    [("en-US", "eng"), ("de", "deu"), ("ZH-Hant-TW", "zho"), ("pt-BR", "por"), ("fil", "fil"),
     ("yue", "yue"), (None, "und"), ("", "und"), ("x-klingon", "und"), ("q9", "und")],
)  # fmt: skip
def test_languages_have_three_letters_in_files(tag: str | None, code: str) -> None:
    assert three_letters(tag) == code


def video(path: Path, seconds: int = 6) -> Path:
    """A fragmented MP4 with picture and sound."""
    flags = {"movflags": "+frag_keyframe+delay_moov+default_base_moof"}
    with av.open(path, "w", format="mp4", options=flags) as file:
        picture = file.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        picture.width = picture.height = 64
        sound = file.add_stream("aac", rate=48_000, layout="mono")
        for n in range(25 * seconds):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts = n
            file.mux(picture.encode(frame))
        for n in range(48_000 * seconds // 1024):
            block = av.AudioFrame("fltp", "mono", 1024)
            block.planes[0].update(bytes(4096))
            block.sample_rate, block.pts = 48_000, 1024 * n
            file.mux(sound.encode(block))
        file.mux(picture.encode(None))
        file.mux(sound.encode(None))
    return path


def packets(path: Path, kind: str) -> list[tuple[int, int, bytes]]:
    with av.open(path) as file:
        stream = getattr(file.streams, kind)[0]
        return [(p.pts, p.dts, bytes(p)) for p in file.demux(stream) if p.size]


def decoded(path: Path) -> list[tuple[int, int, str]]:
    """Start, end and text of each shown cue, as a player decodes the text track."""
    with av.open(path) as file:
        stream = file.streams.subtitles[0]
        found = []
        for packet in file.demux(stream):
            for subtitle in packet.decode() if packet.size > 2 else ():
                text = subtitle.dialogue if hasattr(subtitle, "dialogue") else subtitle[0].dialogue
                start = round(1000 * float(packet.pts * packet.time_base))
                length = round(1000 * float(packet.duration * packet.time_base))
                found.append((start, start + length, text.decode().replace("\\N", "\n")))
        return found


def test_a_text_track_shows_the_words_at_their_times(tmp_path: Path) -> None:
    source = video(tmp_path / "fragments.mp4")
    made = [Cue(300, 1500, ("Fish & chips,", "<b>bold</b>")), Cue(1500, 2700, ("你好，世界。",)),  # noqa: RUF001
            Cue(4000, 5900, ("Grüße!",))]  # fmt: skip
    assemble(source, tmp_path / "with.mp4", TextTrack(made, "deu"))
    with av.open(tmp_path / "with.mp4") as file:
        stream = file.streams.subtitles[0]
        assert (stream.codec_context.name, stream.language) == ("mov_text", "deu")
        assert [s.type for s in file.streams] == ["video", "audio", "subtitle"]
        assert file.duration == pytest.approx(6_000_000, abs=50_000)
    assert decoded(tmp_path / "with.mp4") == [(c.start, c.end, "\n".join(c.lines)) for c in made]


def test_picture_and_sound_are_the_same_with_a_text_track(tmp_path: Path) -> None:
    source = video(tmp_path / "fragments.mp4")
    assemble(source, tmp_path / "without.mp4")
    assemble(source, tmp_path / "with.mp4", TextTrack(cues(), "eng"))
    for kind in ("video", "audio"):
        assert packets(tmp_path / "with.mp4", kind) == packets(tmp_path / "without.mp4", kind)
    with av.open(tmp_path / "without.mp4") as file:
        assert not file.streams.subtitles


def test_the_text_track_is_tx3g_for_subtitles_and_its_index_stands_in_front(tmp_path: Path) -> None:
    assemble(video(tmp_path / "f.mp4"), tmp_path / "with.mp4", TextTrack(cues(), "eng"))
    data = (tmp_path / "with.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert re.search(rb"hdlr.{8}sbtl", data, re.DOTALL)  # what QuickTime and VLC list
    assert b"tx3g" in data


def test_a_video_without_words_has_an_empty_text_track(tmp_path: Path) -> None:
    assemble(video(tmp_path / "f.mp4"), tmp_path / "with.mp4", TextTrack([], "eng"))
    assert decoded(tmp_path / "with.mp4") == []
    assert len(packets(tmp_path / "with.mp4", "video")) == 150


def test_cues_follow_each_other() -> None:
    assert all(a.end <= b.start for a, b in pairwise(cues(" ".join(["word"] * 60))))
