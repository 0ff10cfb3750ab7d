"""Nasty pictures, and what may become of each."""

from functools import partial

from tests.hostile.made.gifs import gif, gif_frame, gif_of_many_frames, gif_that_talks
from tests.hostile.made.jpegs import LAUGHS, RINGS, exif, jpeg_of_size, jpeg_with
from tests.hostile.made.pngs import (
    animated,
    png_of_many_chunks,
    png_of_no_length,
    png_whose_rows_never_end,
    unfolding,
    with_chunk,
)
from tests.hostile.made.polyglots import POLYGLOTS
from tests.hostile.made.tiffs import giant_tile, tiff_picture, tiffs_in_a_ring
from tests.hostile.made.webps import avif_box, avif_of, riff_that_lies, webp_canvas, webp_film_on
from tests.hostile.nasty import READ, Nasty
from tests.hostile.other_formats import NO_PICTURES
from tests.hostile.writers import bmp
from tests.picture_files import blank_png, png, png_header

DAMAGED = ("undecodable",)
HUGE = ("too_large",)
REFUSED = ("undecodable", "too_large", "memory")

PICTURES = [
    *(Nasty(f"{name}, no picture", lambda data=data: data, ("unknown_format",))
      for name, data in NO_PICTURES.items()),
    *(Nasty(name, lambda data=data: data, (READ,)) for name, data in POLYGLOTS.items()),
    Nasty("png whose rows never end", png_whose_rows_never_end, (READ,)),
    Nasty("png whose profile unfolds",
          lambda: with_chunk(b"iCCP", b"p\0\0" + unfolding(16 * 2**20)), DAMAGED),
    Nasty("png with a second, larger header",
          lambda: with_chunk(*png_header(60_000, 60_000)), HUGE),
    Nasty("png of 20,000 chunks", png_of_many_chunks, (READ,)),
    Nasty("png whose first frame is larger", lambda: animated((60_000, 60_000)), REFUSED),
    Nasty("png chunk of no length", png_of_no_length, (READ, *DAMAGED)),
    Nasty("png without its palette",
          lambda: png(png_header(64, 64, 8, 3), (b"IDAT", unfolding(65 * 64)), (b"IEND", b"")),
          (READ, *DAMAGED)),
    Nasty("png of 0 x 0", lambda: png(png_header(0, 0), (b"IEND", b"")), ("too_small", *DAMAGED)),
    Nasty("gif without a frame", lambda: gif(b";"), DAMAGED),
    Nasty("gif on a screen of 65535", lambda: gif(gif_frame((0, 0, 8, 8)), b";",
                                                  screen=(65535, 65535)), HUGE),
    Nasty("gif frame beyond its screen", lambda: gif(gif_frame((60_000, 60_000, 60_000, 60_000))),
          REFUSED),
    Nasty("gif of codes too long", lambda: gif(gif_frame((0, 0, 64, 64), 200), b";"), DAMAGED),
    Nasty("gif without pixels", lambda: gif(gif_frame((0, 0, 64, 64)), b";"), (READ, *DAMAGED)),
    Nasty("gif of 20,000 frames", gif_of_many_frames, (READ,)),
    Nasty("gif with a comment of 2 MB", gif_that_talks, (READ,)),
    Nasty("jpeg without a height", lambda: jpeg_of_size(96, 0), DAMAGED),
    Nasty("jpeg without a width", lambda: jpeg_of_size(0, 64), DAMAGED),
    Nasty("jpeg strip", lambda: jpeg_of_size(65_500, 16), ("too_narrow",)),
    Nasty("jpeg of 60,000 segments", lambda: jpeg_with(0xEB, b"", 60_000), (READ,)),
    Nasty("jpeg whose exif is a ring", lambda: jpeg_with(0xE1, RINGS), (READ,)),
    Nasty("jpeg whose exif claims 65,535 tags",
          lambda: jpeg_with(0xE1, exif(b"\xff\xff" + b"\x12\x01\x03\0" * 99)), (READ,)),
    Nasty("jpeg with laughs as xmp", lambda: jpeg_with(0xE1, LAUGHS), (READ,)),
    Nasty("jpeg whose profile lacks parts",
          lambda: jpeg_with(0xE2, b"ICC_PROFILE\0\x02\xff" + b"x" * 500), (READ,)),
    Nasty("jpeg whose profile is rubbish",
          lambda: jpeg_with(0xE2, b"ICC_PROFILE\0\x01\x01" + b"\xff" * 500), (READ,)),
    Nasty("tiff as it should be", tiff_picture, (READ,)),
    Nasty("tiff strip of a million", lambda: tiff_picture(width=(4, 1, 10**6)), HUGE),
    Nasty("tiff of 2^32", lambda: tiff_picture(width=(4, 1, 2**32 - 1), height=(4, 1, 2**32 - 1)),
          REFUSED),
    Nasty("tiff of 65,535 samples", lambda: tiff_picture(samples=(3, 1, 65_535)), DAMAGED),
    Nasty("tiff of 9,999 bits", lambda: tiff_picture(bits=(3, 1, 9_999)), DAMAGED),
    Nasty("tiff strip beyond the end", lambda: tiff_picture(strips=(4, 1, 2**31)), DAMAGED),
    Nasty("tiff of a million strips", lambda: tiff_picture(strips=(4, 10**6, 8)), DAMAGED),
    Nasty("tiff that unfolds nothing", lambda: tiff_picture(packing=(3, 1, 5)), DAMAGED),
    Nasty("tiff packed as nobody packs", lambda: tiff_picture(packing=(3, 1, 65_000)), DAMAGED),
    Nasty("tiff with a giant tile", giant_tile, REFUSED),
    Nasty("tiffs in a ring", tiffs_in_a_ring, (READ,)),
    Nasty("webp on a canvas of 16,383", lambda: webp_canvas(16_383, 16_383), REFUSED),
    Nasty("webp on a canvas of 2^24", lambda: webp_canvas(2**24, 2**24), REFUSED),
    Nasty("webp film on a canvas of 16,383", lambda: webp_film_on(16_383, 16_383), REFUSED),
    Nasty("webp that lies about its length", riff_that_lies, (READ, *DAMAGED)),
    Nasty("avif of 65,535", lambda: avif_of(65_535, 65_535), REFUSED),
    Nasty("avif strip", lambda: avif_of(10**6, 16), (*REFUSED, "too_narrow")),
    *(Nasty(f"avif whose {kind.decode()} is {says} long", partial(avif_box, kind, says), DAMAGED)
      for kind in (b"meta", b"iprp", b"iloc") for says in (1, 7, 2**32 - 1)),
    Nasty("bmp of no pixels", lambda: bmp(0, 0), ("too_small", *DAMAGED)),
    Nasty("bmp strip of a million", lambda: bmp(10**6, 16), ("too_narrow",)),
    Nasty("bmp of -2^31 rows", lambda: bmp(64, -(2**31)), REFUSED),
    Nasty("bmp of 2^31 columns", lambda: bmp(2**31 - 1, 64), (*REFUSED, "too_narrow")),
    Nasty("bmp of 33 bits", lambda: bmp(64, 64, bits=33), DAMAGED),
    Nasty("bmp of 2^32 colours", lambda: bmp(64, 64, bits=8, colours=2**32 - 1), DAMAGED),
    Nasty("bmp whose runs pass its edge",
          lambda: bmp(64, 64, bits=8, packing=1, data=b"\xff\x01" * 9_999, colours=256),
          (READ, *DAMAGED)),
    Nasty("bmp without rows", lambda: bmp(64, 64), DAMAGED),
    Nasty("png strip", lambda: blank_png(10**6, 16), ("too_narrow",)),
]  # fmt: skip
"""Each by name, with what may become of it."""
