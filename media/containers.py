"""Which container a sound file is, and whether it was cut short, read from its own bytes.

FFmpeg would try every container it knows, playlists and scripts among them; here the first bytes
decide, so it is told exactly one. It also passes over most missing ends in silence, where the
containers themselves tell how long they are.

Sources: RIFF/WAVE (Microsoft, 1991; EBU Tech 3306 for RF64), ISO/IEC 14496-12 (boxes), RFC 8794
(EBML), RFC 3533 (Ogg), ISO/IEC 11172-3 and 13818-3 (MPEG audio) with Xing's header, ID3v2.4.
"""

from collections.abc import Iterator
from typing import IO, Final

from media.fault import DecodingError

UNKNOWN: Final = 1.0
"""Share that is missing when the end is torn and nobody can say how far from it."""

TAIL_BYTES: Final = 70_000
"""More than the largest Ogg page (65,307 bytes)."""

MOST_PARTS: Final = 2_000_000
"""Chunks, boxes or elements that are looked at: a film of an hour has some 400,000. A hostile file
of 64 MB could have 32 million, which would take a minute."""

EBML_HEAD: Final = b"\x1a\x45\xdf\xa3"

MPEG_RATES: Final = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Sample rates by the version field of an MPEG audio header."""


def container_of(source: IO[bytes]) -> str:
    """FFmpeg's name of the container, by its first bytes.

    Raises:
        DecodingError: "empty" or "unknown_format".
    """
    source.seek(0)
    head = source.read(16)
    if not head:
        raise DecodingError("empty")
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "wav"
    if head[:4] == b"OggS":
        return "ogg"
    if head[:4] == EBML_HEAD:
        return "matroska"
    if head[4:8] == b"ftyp":
        return "mov"
    source.seek(_id3_bytes(head))
    head = source.read(4)
    if head == b"fLaC":
        return "flac"
    if len(head) == 4 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    if len(head) == 4 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "mp3"
    raise DecodingError("unknown_format")


def missing_share(source: IO[bytes], container: str) -> float:
    """Share of the file that its structure promises and that is not there; 0 to UNKNOWN."""
    size = source.seek(0, 2)
    if container == "wav":
        return _share(size, _wav_end(source, size))
    if container == "mov":
        return _share(size, _mov_end(source, size))
    if container == "matroska":
        end, total_is_known = _matroska_end(source, size)
        return _share(size, end) if total_is_known else _torn(size < end)
    if container == "ogg":
        end, is_last = _ogg_end(source, size)
        return _share(size, end) if is_last else _torn(size < end)
    return 0.0


def mp3_seconds(source: IO[bytes]) -> float | None:
    """Length that an MP3's first frame states in its Xing or Info header, if it has one."""
    source.seek(0)
    start = _id3_bytes(source.read(16))
    source.seek(start)
    frame = source.read(64)
    if len(frame) < 64:
        return None
    version, rate_index, mono = frame[1] >> 3 & 3, frame[2] >> 2 & 3, frame[3] >> 6 == 3
    if version not in MPEG_RATES or rate_index == 3:
        return None
    at = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    tag, flags = frame[at : at + 4], int.from_bytes(frame[at + 4 : at + 8])
    if tag not in (b"Xing", b"Info") or not flags & 1:
        return None
    samples = int.from_bytes(frame[at + 8 : at + 12]) * (1152 if version == 3 else 576)
    return samples / MPEG_RATES[version][rate_index]


def adts_frame_bytes(packet: bytes) -> int:
    """Length that the header of an ADTS frame states (ISO/IEC 13818-7, 6.2)."""
    return (packet[3] & 3) << 11 | packet[4] << 3 | packet[5] >> 5 if len(packet) >= 6 else 7


def _share(size: int, end: int) -> float:
    return max(0.0, 1 - size / end) if end else 0.0


def _torn(is_torn: bool) -> float:
    return UNKNOWN if is_torn else 0.0


def _parts() -> Iterator[int]:
    """Counts the parts of a file. Raises DecodingError where no honest file has so many."""
    yield from range(MOST_PARTS)
    raise DecodingError("undecodable")


def _id3_bytes(head: bytes) -> int:
    """Length of the ID3v2 tag at the start of a file (sizes have 7 bits a byte)."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _wav_end(source: IO[bytes], size: int) -> int:
    """Where the data chunk ends; 0 where the header leaves it open, as recorders that pipe do."""
    at, long_data = 12, 0
    for _ in _parts():
        if at + 8 > size:
            break
        source.seek(at)
        chunk = source.read(24)
        length = int.from_bytes(chunk[4:8], "little")
        if chunk[:4] == b"ds64":
            long_data = int.from_bytes(chunk[16:24], "little")
        if chunk[:4] == b"data":
            if length >= 0xFFFFFF00:
                return at + 8 + long_data if long_data else 0
            return at + 8 + length
        at += 8 + length + length % 2
    return at


def _mov_end(source: IO[bytes], size: int) -> int:
    """Where the last top-level box ends."""
    at = 0
    for _ in _parts():
        if at + 8 > size:
            break
        source.seek(at)
        box = source.read(16)
        length = int.from_bytes(box[:4])
        if length == 1:
            length = int.from_bytes(box[8:16])
        if length == 0:
            return size  # to the end of the file
        if length < 8:
            return at  # nonsense: the decoder will say so
        at += length
    return at


def _matroska_end(source: IO[bytes], size: int) -> tuple[int, bool]:
    """Where the last element ends, and whether that is the end of the whole.

    Live recordings, as browsers make them, leave segment and clusters open: there only the last
    block can be seen to be torn.
    """
    at, total_is_known = 0, True
    for _ in _parts():
        if at + 2 > size:
            break
        source.seek(at)
        head = source.read(12)
        id_width = 9 - head[0].bit_length()
        length, width = _ebml_size(head, id_width)
        if id_width > 4 or not width:
            break  # rubbish: the decoder judges what comes before
        at += id_width + width
        if length == (1 << 7 * width) - 1:
            total_is_known = False  # open: its children follow
        else:
            at += length
    return at, total_is_known


def _ebml_size(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer and its width in bytes: leading zeros count further bytes."""
    if at >= len(data) or data[at] == 0:
        return 0, 0
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width])
    return value & ((1 << 7 * width) - 1), width


def _ogg_end(source: IO[bytes], size: int) -> tuple[int, bool]:
    """Where the last page that has begun ends, and whether it says that none follows."""
    start = max(0, size - TAIL_BYTES)
    source.seek(start)
    tail = source.read(TAIL_BYTES)
    at = tail.rfind(b"OggS")
    if at < 0:
        return 0, True  # trailing rubbish; the decoder judges what comes before
    page = tail[at:]
    is_last = len(page) > 5 and bool(page[5] & 4)
    segments = page[26] if len(page) > 26 else 255
    table = page[27 : 27 + segments]
    # A torn table counts as large as tables get: what is missing is not known better.
    length = 27 + segments + sum(table) + 255 * (segments - len(table))
    return start + at + length, is_last
