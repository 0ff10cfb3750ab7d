"""Nasty recordings."""

import math
import struct
import zlib
from functools import lru_cache, partial

import numpy as np

from tests.hostile.nasty import READ, Nasty
from tests.hostile.writers import (
    box,
    chunk,
    element,
    flac_block,
    fmt,
    full_box,
    long_sound_entry,
    matroska,
    mp4,
    ogg_page,
    sound_entry,
    wave,
    with_ogg_sum,
)
from tests.sound_files import encoded, muxed, tone, wav

SECOND = (tone(1.0) * 32767).astype("<i2").tobytes()
"""A second of 16-bit samples."""

OTHERS: dict[str, bytes] = {
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "hls behind an id3 tag": b"ID3\x04\0\0\0\0\0\0#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "dash": b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>',
    "smooth streaming": b'<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2"/>',
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "rtsp text": b"RTSPtext\nrtsp://127.0.0.1/",
    "asx": b"<asx version='3.0'><ref href='file:///etc/passwd'/></asx>",
    "pls": b"[playlist]\nFile1=/etc/passwd\n",
    "xspf": b"<?xml version='1.0'?><playlist xmlns='http://xspf.org/ns/0/'/>",
    "ffmetadata": b";FFMETADATA1\ntitle=x\n",
    "image sequence": b"img%03d.png",
    "subrip": b"1\n00:00:00,000 --> 00:00:01,000\nHi\n",
    "webvtt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n",
    "ssa": b"[Script Info]\nScriptType: v4.00+\n",
    "sami": b"<SAMI><BODY>",
    "bluray playlist": b"MPLS0200" + bytes(32),
    "dvd": b"DVDVIDEO-VTS",
    "imf": b'<?xml version="1.0"?><CompositionPlaylist xmlns="x"/>',
    "avisynth": b'DirectShowSource("/etc/passwd")',
    "midi": b"MThd\0\0\0\6\0\1\0\1\0\x60",
    "impulse tracker": b"IMPM" + bytes(60),
    "amr": b"#!AMR\n\x3c",
    "au": b".snd\0\0\0\x18",
    "aiff": b"FORM\0\0\0\0AIFFCOMM",
    "caf": b"caff\0\x01\0\0desc",
    "wave64": b"riff\x2e\x91\xcf\x11",
    "windows media": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    "real": b".RMF\0\0\0\x12",
    "flash": b"FLV\x01\x05\0\0\0\x09",
    "shockwave": b"CWS\x0a\xff\xff\xff\xff",
    "transport stream": b"\x47\x40\0\x10" * 48,
    "program stream": b"\0\0\x01\xba\x44\0\4\0",
    "ac3": b"\x0b\x77\0\0\x10\x40",
    "dts": b"\x7f\xfe\x80\x01",
    "truehd": b"\xf8\x72\x6f\xba",
    "monkey's": b"MAC \x96\x0f\0\0",
    "wavpack": b"wvpk\xff\0\0\0",
    "musepack": b"MPCKSH\x0e",
    "tta": b"TTA1\1\0\2\0",
    "dsd": b"DSD \x1c\0\0\0",
    "nut": b"nut/multimedia container\0",
    "y4m": b"YUV4MPEG2 W999999 H999999 F25:1\n",
    "ivf": b"DKIF\0\0\x20\0AV01",
    "mxf": b"\x06\x0e\x2b\x34\x02\x05\x01\x01",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "zip": b"PK\x03\x04" + bytes(26),
    "quicktime without its type": box(b"moov", box(b"rmra", box(b"rmda", b"file:///x"))),
}
"""Beginnings of files that FFmpeg would take, playlists and scripts among them."""


def pcm(samples: bytes = SECOND, *, head: bytes = b"", **fields: int) -> bytes:
    return wave(head, fmt(**fields), chunk(b"data", samples))


def floats(value: float, kind: str = "<f4") -> bytes:
    """A second of one number."""
    data = np.full(48_000, value, kind).tobytes()
    width = np.dtype(kind).itemsize
    return pcm(data, tag=3, align=width, bits=8 * width)


@lru_cache(maxsize=8)
def of(kind: str, seconds: float = 1.0) -> bytes:
    return encoded(kind, tone(seconds))


def patched(file: bytes, mark: bytes, at: int, data: bytes) -> bytes:
    """The file with other bytes, `at` behind where a mark is first seen."""
    start = file.index(mark) + len(mark) + at
    return file[:start] + data + file[start + len(data) :]


def m4a(kind: bytes, at: int, *numbers: int) -> bytes:
    """An M4A with other numbers of 32 bits in a box, `at` behind its name."""
    return patched(of("m4a"), kind, at, struct.pack(f">{len(numbers)}I", *numbers))


def rf64_that_lies() -> bytes:
    sizes = chunk(b"ds64", struct.pack("<QQQI", 2**63, 2**63, 2**63, 0))
    file = wave(sizes, fmt(), chunk(b"data", SECOND, 0xFFFFFFFF))
    return b"RF64" + file[4:]


def nested(depth: int) -> bytes:
    inside = b""
    for _ in range(depth):
        inside = box(b"moov", inside)
    return box(b"ftyp", b"qt  ", bytes(4)) + inside


def endless_box(kind: bytes) -> bytes:
    """A box of 2^63 bytes before the sound."""
    return box(b"ftyp", b"qt  ", bytes(4)) + struct.pack(">I4sQ", 1, kind, 2**63 - 1) + mp4(SECOND)


def squeezed_movie(says: int) -> bytes:
    """A movie header packed by zlib that claims to unfold to `says` bytes."""
    packed = struct.pack(">I", says) + zlib.compress(bytes(2**24), 9)
    head = box(b"dcom", b"zlib")
    movie = box(b"moov", box(b"cmov", head, box(b"cmvd", packed)))
    return box(b"ftyp", b"qt  ", bytes(4)) + movie


def many_tracks(count: int) -> bytes:
    empty = box(b"trak", box(b"mdia", full_box(b"hdlr", bytes(4), b"soun", bytes(13))))
    return mp4(SECOND, more=empty * count)


def fragment(**lies: int) -> bytes:
    """A movie fragment that says that so many samples of such a size follow."""
    many, size = lies.get("samples", 1), lies.get("size", 1)
    run = full_box(b"trun", struct.pack(">Ii", many, lies.get("offset", 0)), flags=1)
    head = full_box(b"tfhd", struct.pack(">III", 0, 2**32 - 1, size), flags=0x18)
    defaults = full_box(b"trex", struct.pack(">IIIII", 0, 1, 1, 1, 0))
    film = mp4(b"", more=box(b"mvex", defaults))
    return film + box(b"moof", box(b"traf", head, run)) + box(b"mdat", SECOND)


def packed_blocks() -> bytes:
    """Matroska's blocks packed by zlib: 16 KB that unfold to 16 MB."""
    packing = element("ContentCompression", element("ContentCompAlgo", b"\0"))
    encoding = element("ContentEncodings", element("ContentEncoding", packing))
    bomb = zlib.compress(bytes(2**24), 9)
    return matroska(bomb, encoding=encoding, block=len(bomb))


def deep_tags(depth: int) -> bytes:
    inside = element("TagName", b"x")
    for _ in range(depth):
        inside = element("SimpleTag", inside)
    return matroska(SECOND, head=element("Tags", element("Tag", inside)))


def attached(data: bytes) -> bytes:
    """Sound with an attached picture, the way covers come."""
    file = element(
        "AttachedFile",
        element("FileName", b"../../etc/cron.d/cover.png"),
        element("FileMimeType", b"image/png"),
        element("FileUID", b"\1"),
        element("FileData", data),
    )
    return matroska(SECOND, head=element("Attachments", file))


def with_cover(frame: bytes) -> bytes:
    """An MP3 behind a tag that holds one frame."""
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    sound = of("mp3")
    return b"ID3\x04\0\0" + size + frame + sound[sound.index(b"\xff\xfb") :]


def flac_bomb(frames: int) -> bytes:
    """One frame of silence again and again: some 14 bytes for a tenth of a second each."""
    file = encoded("flac", np.zeros(48_000, np.float32))
    first = file.index(b"\xff\xf8")
    second = file.index(b"\xff\xf8", first + 2)
    return file[:first] + file[first:second] * frames


def flac_with(*blocks: bytes) -> bytes:
    file = of("flac")
    return file[:42] + b"".join(blocks) + file[42:]


def opus_head(channels: int, *, family: int = 0) -> bytes:
    mapping = bytes([channels, 0, *range(channels)]) if family else b""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 312, 48_000, 0, family)
    return ogg_page(1, head + mapping) + ogg_page(1, b"OpusTags" + bytes(8), flags=0, n=1)


def loud_opus() -> bytes:
    """Opus that asks to be made louder by 128 dB."""
    file = of("ogg opus")
    end = file.index(b"OggS", 4)
    head = bytearray(file[:end])
    at = head.index(b"OpusHead") + 16
    head[at : at + 2] = struct.pack("<h", 32_767)
    return with_ogg_sum(bytes(head)) + file[end:]


def many_streams(count: int) -> bytes:
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 0, 48_000, 0, 0)
    return b"".join(ogg_page(n, head) for n in range(count))


def backwards() -> bytes:
    """Pages whose times go back before the beginning."""
    return opus_head(1) + b"".join(
        ogg_page(1, b"\xf8\xff\xfe", flags=0, granule=-(10**15) * n, n=n + 2) for n in range(50)
    )


def adts(channels: int = 1, rate_index: int = 3, payload: bytes = b"") -> bytes:
    """A frame of AAC that may hold nothing (ISO/IEC 13818-7, 6.2)."""
    size = 7 + len(payload)
    head = 0xFFF1 << 40 | 1 << 38 | rate_index << 34 | channels << 30 | size << 13 | 0x7FF << 2
    return head.to_bytes(7) + payload


def xing_that_lies(frames: int) -> bytes:
    file = of("mp3", 2.0)
    at = max(file.find(b"Xing"), file.find(b"Info"))
    return file[: at + 8] + struct.pack(">I", frames) + file[at + 12 :]


DAMAGED = ("undecodable",)
SHORT = ("undecodable", "cut_short")
REFUSED = ("undecodable", "cut_short", "no_sound", "unknown_codec", "unusual_rate", "memory")
ANY = (READ, "too_long", *REFUSED)
"""What a decoder makes of nonsense may differ by its version; that it ends well does not."""

SOUNDS = [
    *(Nasty(f"{name}, no recording", lambda data=data: data, ("unknown_format",))
      for name, data in OTHERS.items()),
    # WAV
    Nasty("wav as it should be", pcm, (READ,)),
    *(Nasty(f"wav of {n} channels", partial(pcm, channels=n, align=2 * n % 65536), wanted)
      for n, wanted in ((0, REFUSED), (255, ANY), (65_535, REFUSED))),
    Nasty("wav of blocks without bytes", lambda: pcm(align=0), ANY),
    *(Nasty(f"wav of {n} bits", partial(pcm, bits=n), ANY) for n in (0, 1, 7, 64, 65_535)),
    *(Nasty(f"wav of {n} Hz", partial(pcm, rate=n), REFUSED)
      for n in (0, 1, 999_999, 2**31, 2**32 - 1)),
    Nasty("wav of no format", lambda: wave(chunk(b"data", SECOND)), REFUSED),
    Nasty("wav of two formats", lambda: pcm(head=fmt(channels=2, align=4)), ANY),
    Nasty("wav of half a format", lambda: wave(chunk(b"fmt ", b"\1\0"), chunk(b"data", SECOND)),
          REFUSED),
    Nasty("wav with a list of 4 GB", lambda: pcm(head=chunk(b"LIST", b"INFO", 2**32 - 2)), REFUSED),
    Nasty("wav of 100,000 chunks", lambda: pcm(head=chunk(b"junk", b"") * 100_000), (READ,)),
    Nasty("wav that says it holds 2^63", rf64_that_lies, SHORT),
    Nasty("wav in a wav", lambda: pcm(pcm()), (READ,)),
    Nasty("wav that holds a film", lambda: pcm(head=chunk(b"SMV0", bytes(64))), ANY),
    *(Nasty(f"wav of {value}", partial(floats, value), (READ,))
      for value in (math.nan, math.inf, -math.inf, 1e-45, 3e38)),
    *(Nasty(f"wav of {value} in 64 bits", partial(floats, value, "<f8"), (READ,))
      for value in (math.nan, math.inf, 1.7e308)),
    # MP4
    Nasty("mp4 as it should be", lambda: mp4(SECOND), (READ,)),
    *(Nasty(f"mp4 of {n} channels", lambda n=n: mp4(SECOND, entry=sound_entry(channels=n)), ANY)
      for n in (0, 65_535)),
    *(Nasty(f"mp4 of {n} channels in 32 bits",
            lambda n=n: mp4(SECOND, entry=long_sound_entry(channels=n, rate=48_000)), wanted)
      for n, wanted in ((0, ANY), (1_000_000, REFUSED), (2**32 - 1, ANY))),
    *(Nasty(f"mp4 of {rate} Hz",
            lambda rate=rate: mp4(SECOND, entry=long_sound_entry(channels=1, rate=rate)), REFUSED)
      for rate in (math.nan, math.inf, -48_000.0, 1e300)),
    Nasty("mp4 whose clock stands", lambda: m4a(b"mdhd", 12, 0), ANY),
    Nasty("mp4 of no end", lambda: m4a(b"mdhd", 16, 2**32 - 1), ANY),
    Nasty("mp4 whose frames last an hour", lambda: mp4(SECOND, timing=full_box(
        b"stts", struct.pack(">III", 1, 48_000, 48_000 * 3600))), (READ,)),
    Nasty("mp4 whose frames last less than nothing", lambda: m4a(b"stts", 12, 2**32 - 1024), ANY),
    Nasty("mp4 of 2^32 times", lambda: m4a(b"stts", 4, 2**32 - 1), ANY),
    Nasty("mp4 of 2^32 frames", lambda: m4a(b"stsz", 8, 2**32 - 1), ANY),
    Nasty("mp4 of frames of 2 GB", lambda: m4a(b"stsz", 4, 2**31 - 1), ANY),
    Nasty("mp4 of 2^32 chunks", lambda: m4a(b"stco", 4, 2**32 - 1), ANY),
    Nasty("mp4 whose chunks lie beyond", lambda: m4a(b"stco", 8, 2**31), SHORT),
    Nasty("mp4 of chunk 0", lambda: m4a(b"stsc", 8, 0, 2**32 - 1, 0), ANY),
    *(Nasty(f"mp4 edited to {media}",
            lambda length=length, media=media: mp4(SECOND, edits=box(b"edts", full_box(b"elst",
                struct.pack(">Iqqi", 1, length, media, 1 << 16), version=1))), ANY)
      for length, media in ((2**62, -1), (-5, -5), (0, 2**62), (-(2**63), 2**63 - 1))),
    *(Nasty(f"mp4 whose {kind.decode()} is {says} long",
            lambda kind=kind, says=says: patched(
                of("m4a"), b"", of("m4a").index(kind) - 4, struct.pack(">I", says)), ANY)
      for kind in (b"moov", b"trak", b"stbl") for says in (0, 1, 7, 2**32 - 1)),
    *(Nasty(f"mp4 behind a {kind.decode()} of 2^63", partial(endless_box, kind), SHORT)
      for kind in (b"free", b"mdat", b"moov")),
    Nasty("mp4 of boxes in boxes", lambda: nested(3_000), REFUSED),
    Nasty("mp4 of 200,000 empty boxes", lambda: mp4(SECOND) + box(b"free") * 200_000, (READ,)),
    Nasty("mp4 of 3,000 tracks", lambda: many_tracks(3_000), ANY),
    Nasty("mp4 whose header unfolds to 4 GB", lambda: squeezed_movie(2**32 - 1), REFUSED),
    Nasty("mp4 whose header unfolds to 16 MB", lambda: squeezed_movie(2**24), REFUSED),
    Nasty("mp4 fragment of 2^32 frames", lambda: fragment(samples=2**32 - 1), ANY),
    Nasty("mp4 fragment of giant frames", lambda: fragment(samples=4, size=2**31 - 1), ANY),
    Nasty("mp4 fragment before the file", lambda: fragment(samples=9, offset=-(2**31)), ANY),
    Nasty("mp4 that lies elsewhere", lambda: mp4(SECOND, reference=full_box(
        b"url ", b"file:///etc/passwd\0")), ANY),
    # Matroska
    Nasty("matroska as it should be", lambda: matroska(SECOND), (READ,)),
    *(Nasty(f"matroska of {n} channels", partial(matroska, SECOND, channels=n), wanted)
      for n, wanted in ((0, ANY), (1_000_000, REFUSED), (2**63, REFUSED))),
    *(Nasty(f"matroska of {rate} Hz", partial(matroska, SECOND, rate=rate), ANY)
      for rate in (0.0, -1.0, math.nan, math.inf, 1e9, 1e300)),
    Nasty("matroska whose blocks last an hour", lambda: matroska(SECOND, step=3_600_000), (READ,)),
    Nasty("matroska whose clock overflows", lambda: matroska(SECOND, scale=2**63), ANY),
    Nasty("matroska whose clock stands", lambda: matroska(SECOND, scale=0), ANY),
    Nasty("matroska of blocks that unfold", packed_blocks, ANY),
    Nasty("matroska of tags in tags", lambda: deep_tags(2_000), ANY),
    Nasty("matroska with a cover", lambda: attached(b"\x89PNG\r\n\x1a\n" + bytes(10**6)), (READ,)),
    Nasty("matroska of 2,000 tracks", lambda: matroska(SECOND, tracks=2_000), ANY),
    Nasty("matroska of 100,000 empty elements",
          lambda: matroska(SECOND) + element("Void") * 100_000, (READ,)),
    Nasty("matroska with an element of 2^55", lambda: matroska(
        SECOND, head=element("Void", says=2**55)), ANY),
    # FLAC
    Nasty("flac bomb", lambda: flac_bomb(5_000), ("too_long",)),
    Nasty("flac of 2^36 samples", lambda: patched(of("flac"), b"fLaC", 17, b"\xff" * 5),
          ANY),
    Nasty("flac of no rate", lambda: patched(of("flac"), b"fLaC", 14, bytes(3)), ANY),
    Nasty("flac with a picture of 16 MB that is not there",
          lambda: flac_with(flac_block(6, b"", says=2**24 - 1)), REFUSED),
    Nasty("flac whose picture is elsewhere", lambda: flac_with(flac_block(6, struct.pack(
        ">II3sI18sIIIII", 3, 3, b"-->", 0, b"", 9, 9, 24, 0, 0))), ANY),
    Nasty("flac of 50,000 blocks", lambda: flac_with(*[flac_block(1, b"")] * 50_000), ANY),
    # MP3, AAC, Ogg
    Nasty("mp3 with a tag of 256 MB", lambda: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + of("mp3"),
          ("unknown_format",)),
    Nasty("mp3 with a broken cover", lambda: with_cover(b"APIC" + b"\x7f" * 6 + bytes(500)), ANY),
    Nasty("mp3 that promises 2^32 frames", lambda: xing_that_lies(2**32 - 1), ("cut_short",)),
    Nasty("aac of empty frames", lambda: adts() * 20_000, REFUSED),
    Nasty("aac of no channels", lambda: adts(0, payload=bytes(64)) * 50, REFUSED),
    Nasty("aac of a rate that is none", lambda: adts(1, 15, payload=bytes(64)) * 50, REFUSED),
    *(Nasty(f"opus of {n} channels", lambda n=n: opus_head(n, family=255) + ogg_page(
        1, bytes(999), flags=4, granule=48_000, n=2), ANY) for n in (0, 255)),
    Nasty("opus made 128 dB louder", loud_opus, (READ,)),
    Nasty("ogg of 3,000 streams", lambda: many_streams(3_000), REFUSED),
    Nasty("ogg that goes backwards", backwards, ANY),
    Nasty("ogg of a page without end", lambda: of("ogg vorbis")[:-1] + b"OggS", ("cut_short",)),
    Nasty("adpcm of another codec", lambda: muxed(
        "wav", "adpcm_ms", tone(1.0)[np.newaxis], "mono"), ("unknown_codec",)),
    Nasty("wav of a dull second", lambda: wav(np.zeros(48_000, np.float32)), (READ,)),
]  # fmt: skip
"""Each by name, with what may become of it."""
