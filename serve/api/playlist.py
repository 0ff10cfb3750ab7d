"""A video's HLS playlist (RFC 8216, and its second edition for blocking reloads)."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from media.marks import SourceType
from serve.jobs.models import Segment

TARGET_SECONDS: Final = 10
"""No segment is longer, rounded; it may not change while the playlist lives."""

_MICRO: Final = 1_000_000


def playlist(
    attempt: int,
    segments: Sequence[Segment],
    fps: Fraction,
    source: SourceType,
    *,
    over: bool,
    query: str = "",
) -> str:
    """The published segments of an attempt, in order; `over` when no other follows.

    `source` is told by a tag of our own, which players pass over (RFC 8216, 6.3.1). `query` stands
    behind every address: relative ones do not inherit the playlist's.

    Segments are cut out of one time line, so their lengths, rounded to the microsecond, add up to
    the whole's without drift.
    """
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        # Players begin near the end of a list that still grows, unless told otherwise.
        "#EXT-X-START:TIME-OFFSET=0",
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES",
        f"#EXT-X-DIGITAL-SOURCE-TYPE:{source.uri}",
        f'#EXT-X-MAP:URI="{attempt}-init.mp4{query}"',
    ]
    for segment in segments:
        length = _micros(segment.stop, fps) - _micros(segment.start, fps)
        lines += [f"#EXTINF:{length / _MICRO:.6f},", f"{attempt}-{segment.n}.m4s{query}"]
    if over:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _micros(frame: int, fps: Fraction) -> int:
    return round(frame * _MICRO / fps)
