"""Nasty recordings, and what may become of each."""

import math
import struct
from functools import partial

import numpy as np

from tests.hostile.made.matroskas import attached, deep_tags, packed_blocks
from tests.hostile.made.movies import (
    endless_box,
    fragment,
    m4a,
    many_tracks,
    nested,
    squeezed_movie,
)
from tests.hostile.made.spoiling import SECOND, of, patched
from tests.hostile.made.streams import (
    adts,
    backwards,
    flac_bomb,
    flac_with,
    loud_opus,
    many_streams,
    opus_head,
    with_cover,
    xing_that_lies,
)
from tests.hostile.made.waves import floats, pcm, rf64_that_lies
from tests.hostile.nasty import READ, Nasty
from tests.hostile.other_formats import NO_RECORDINGS
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
)
from tests.sound_files import muxed, tone, wav

SHORT = ("undecodable", "cut_short")
REFUSED = ("undecodable", "cut_short", "no_sound", "unknown_codec", "unusual_rate", "memory")
ANY = (READ, "too_long", *REFUSED)
"""What a decoder makes of nonsense may differ by its version; that it ends well does not."""

SOUNDS = [
    *(Nasty(f"{name}, no recording", lambda data=data: data, ("unknown_format",))
      for name, data in NO_RECORDINGS.items()),
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
