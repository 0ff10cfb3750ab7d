"""Transcripts spread over recordings, and captions of them as files."""

import numpy as np

from media.captions import captions
from media.subtitles import from_webvtt, to_srt, to_webvtt, until
from media.timegrid import SOUND_RATE
from media.transcript import WINDOW, words_from_transcript
from tests.fuzz.target import Target
from tests.fuzz.words import text_of


def one_input(data: bytes) -> bool:
    """The first bytes are the recording's loudness, all others its transcript."""
    count = min(data[0], len(data) - 1) if data else 0
    levels = np.frombuffer(data[1 : 1 + count], np.uint8).astype(np.float32) / 255
    text, seconds = text_of(data[1 + count :]), count * WINDOW / SOUND_RATE
    words = words_from_transcript(text, levels, seconds)
    if not words:
        return False
    spans = [(word.start, word.end) for word in words]
    assert np.isfinite(spans).all()
    assert all(0 <= start <= end <= seconds + 1e-6 for start, end in spans)
    cues = captions(words)
    assert from_webvtt(to_webvtt(cues)) == cues
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
    to_srt(until(cues, 1_000))
    from_webvtt(text)  # a stranger's file, which it is not made for, does no harm either
    return bool(cues)


SEEDS = (
    "Hello there. This is what was said, on a day - so long.",
    "今日は良い天気です。はい、そうです。",
    "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi &amp; bye\n",
    "a & b <c> --> d\u2028e",
)

TARGET = Target(
    one_input,
    lambda: [b"\x50" + bytes([0, 200, 90, 0]) * 20 + text.encode() for text in SEEDS],
    limit=2.0,
    longest=512,
    tokens=(b"\n\n", b" --> ", b"00:00:00.000", b"&amp;", b"<b>", "。".encode(), b"."),
)
