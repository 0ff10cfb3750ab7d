"""Containers written by hand, so that any field can lie."""

import struct
from collections.abc import Mapping

Tags = Mapping[int, tuple[int, int, int]]
"""Of a TIFF: type, count and value (or where it lies) by tag."""


def chunk(kind: bytes, data: bytes, says: int | None = None) -> bytes:
    """A chunk of RIFF, which may misstate its length."""
    length = len(data) if says is None else says
    return kind + struct.pack("<I", length) + data + bytes(len(data) % 2)


def wave(*chunks: bytes) -> bytes:
    """A WAV of these chunks."""
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def fmt(
    *, tag: int = 1, channels: int = 1, rate: int = 48_000, align: int = 2, bits: int = 16
) -> bytes:
    """A WAV's format; the rate of bytes follows from the others."""
    speed = rate * align % 2**32
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, speed, align, bits))


def box(kind: bytes, *content: bytes, says: int | None = None) -> bytes:
    """A box of MP4 or AVIF, which may misstate its length."""
    body = b"".join(content)
    length = 8 + len(body) if says is None else says
    return struct.pack(">I", length) + kind + body


def full_box(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


SELF_CONTAINED = full_box(b"url ", flags=1)


def mp4(
    samples: bytes,
    *,
    rate: int = 48_000,
    entry: bytes | None = None,
    reference: bytes = SELF_CONTAINED,
    timing: bytes | None = None,
    edits: bytes = b"",
    more: bytes = b"",
) -> bytes:
    """A QuickTime film of one track of 16-bit little-endian mono samples.

    `entry` describes them, `reference` says where they lie, `timing` is a whole `stts`, `edits` an
    `edts`; `more` goes into the `moov`.
    """
    count = len(samples) // 2
    head = box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
    data = box(b"mdat", samples)
    tables = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), entry or sound_entry(rate=rate)),
        timing or full_box(b"stts", struct.pack(">III", 1, count, 1)),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, max(1, count), 1)),
        full_box(b"stsz", struct.pack(">II", 2, count)),
        full_box(b"stco", struct.pack(">II", 1, len(head) + 8)),
    )
    return head + data + box(b"moov", movie_header(), track(tables, rate, reference, edits), more)


def movie_header() -> bytes:
    return full_box(b"mvhd", struct.pack(">IIII", 0, 0, 1000, 1000), bytes(80))


def track(tables: bytes, rate: int, reference: bytes = SELF_CONTAINED, edits: bytes = b"") -> bytes:
    """A track of sound with these tables."""
    places = box(b"dinf", full_box(b"dref", struct.pack(">I", 1), reference))
    return box(
        b"trak",
        full_box(b"tkhd", struct.pack(">IIII", 0, 0, 1, 0), bytes(68), flags=7),
        edits,
        box(
            b"mdia",
            full_box(b"mdhd", struct.pack(">IIIII", 0, 0, rate, rate, 0)),
            full_box(b"hdlr", bytes(4), b"soun", bytes(13)),
            box(b"minf", full_box(b"smhd", bytes(4)), places, tables),
        ),
    )


def sound_entry(*, kind: bytes = b"sowt", channels: int = 1, rate: int = 48_000) -> bytes:
    """A description of QuickTime's first version."""
    fields = struct.pack(">HHIHHHHI", 0, 0, 0, channels, 16, 0, 0, rate % 65536 << 16)
    return box(kind, bytes(6), struct.pack(">H", 1), fields)


def long_sound_entry(*, channels: int, rate: float) -> bytes:
    """One of its second version: 32 bits of channels, and a rate that may be no number."""
    fields = struct.pack(">HHIHHhHI", 2, 0, 0, 3, 16, -2, 0, 65536)
    long = struct.pack(">IdIIIIII", 72, rate, channels, 0x7F000000, 16, 12, 2, 1)
    return box(b"lpcm", bytes(6), struct.pack(">H", 1), fields, long)


IDS = {
    "EBML": "1A45DFA3", "DocType": "4282", "Segment": "18538067", "Info": "1549A966",
    "TimestampScale": "2AD7B1", "Duration": "4489", "Tracks": "1654AE6B", "TrackEntry": "AE",
    "TrackNumber": "D7", "TrackUID": "73C5", "TrackType": "83", "CodecID": "86",
    "CodecPrivate": "63A2", "Audio": "E1", "SamplingFrequency": "B5", "Channels": "9F",
    "BitDepth": "6264", "ContentEncodings": "6D80", "ContentEncoding": "6240",
    "ContentCompression": "5034", "ContentCompAlgo": "4254", "Cluster": "1F43B675",
    "Timestamp": "E7", "SimpleBlock": "A3", "Attachments": "1941A469", "AttachedFile": "61A7",
    "FileName": "466E", "FileMimeType": "4660", "FileData": "465C", "FileUID": "46AE",
    "Tags": "1254C367", "Tag": "7373", "SimpleTag": "67C8", "TagName": "45A3",
    "Void": "EC",
}  # fmt: skip


def element(name: str, *content: bytes, says: int | None = None) -> bytes:
    """An element of EBML, its length in eight bytes."""
    body = b"".join(content)
    length = len(body) if says is None else says
    return bytes.fromhex(IDS[name]) + (1 << 56 | length).to_bytes(8) + body


def number(name: str, value: int) -> bytes:
    return element(name, value.to_bytes(max(1, -(-value.bit_length() // 8))))


def matroska(
    samples: bytes,
    *,
    rate: float = 48_000.0,
    channels: int = 1,
    encoding: bytes = b"",
    head: bytes = b"",
    scale: int = 1_000_000,
    step: int = 100,
    tracks: int = 1,
    block: int = 9_600,
) -> bytes:
    """A Matroska file of 16-bit samples, `block` bytes and `step` ticks a block.

    `encoding` says how blocks are packed, `head` goes before the tracks.
    """
    audio = element(
        "Audio",
        element("SamplingFrequency", struct.pack(">d", rate)),
        number("Channels", channels),
        number("BitDepth", 16),
    )
    entries = [
        element(
            "TrackEntry",
            number("TrackNumber", n),
            number("TrackUID", n),
            number("TrackType", 2),
            element("CodecID", b"A_PCM/INT/LIT"),
            audio,
            encoding,
        )
        for n in range(1, tracks + 1)
    ]
    clusters = [
        element(
            "Cluster",
            number("Timestamp", n * step),
            element("SimpleBlock", b"\x81\0\0\x80", samples[at : at + block]),
        )
        for n, at in enumerate(range(0, len(samples), block))
    ]
    info = element("Info", number("TimestampScale", scale))
    segment = element("Segment", info, head, element("Tracks", *entries), *clusters)
    return element("EBML", element("DocType", b"matroska")) + segment


def tiff(tags: Tags, data: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF of one directory at byte 8, its data behind it."""
    entries = b"".join(
        struct.pack("<HHII", tag, kind, count, value)
        for tag, (kind, count, value) in sorted(tags.items())
    )
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 8) + directory + data


def bmp(
    width: int, height: int, bits: int = 24, packing: int = 0, data: bytes = b"", colours: int = 0
) -> bytes:
    """A BMP with a header of 40 bytes."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, 0, 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + head + data


def ogg_page(serial: int, data: bytes, *, flags: int = 2, granule: int = 0, n: int = 0) -> bytes:
    """A page of Ogg with its right sum (RFC 3533)."""
    laces = [255] * (len(data) // 255) + [len(data) % 255]
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, n, 0)
    page = head + bytes([len(laces), *laces]) + data
    return with_ogg_sum(page)


def with_ogg_sum(page: bytes) -> bytes:
    """The page with the sum that belongs to it."""
    total = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        total = (total << 8 & 0xFFFFFFFF) ^ _OGG_SUMS[total >> 24 ^ byte]
    return page[:22] + struct.pack("<I", total) + page[26:]


def _sum_of(byte: int) -> int:
    total = byte << 24
    for _ in range(8):
        total = (total << 1 ^ (0x04C11DB7 if total & 2**31 else 0)) & 0xFFFFFFFF
    return total


_OGG_SUMS = [_sum_of(byte) for byte in range(256)]


def flac_block(kind: int, data: bytes, *, last: bool = False, says: int | None = None) -> bytes:
    """A block of FLAC's metadata, which may misstate its length."""
    length = len(data) if says is None else says
    return bytes([kind | 128 * last]) + length.to_bytes(3) + data


def pcm_samples(seconds: float) -> bytes:
    """Noise as 16-bit samples at 48 kHz."""
    count = round(48_000 * seconds)
    return bytes(n * 7 % 251 for n in range(2 * count))
