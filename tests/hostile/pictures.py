"""Nasty pictures."""

import gzip
import io
import struct
import zipfile
import zlib
from functools import partial

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.hostile.nasty import READ, Nasty
from tests.hostile.writers import bmp, box, chunk, tiff
from tests.picture_files import blank_png, png, png_chunks, png_header, saved, scene

MARK = b"<?php system($_GET['mark']); ?><script>mark()</script>"
"""What polyglots smuggle."""

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'

OTHERS: dict[str, bytes] = {
    "zip": b"PK\x03\x04\x14\0\0\0\x08\0",
    "gzipped svg": gzip.compress(SVG),
    "pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\n",
    "icon": b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0",
    "icns": b"icns\0\0\x01\0ic07",
    "photoshop": b"8BPS\0\x01" + bytes(20),
    "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "jpeg xl": b"\xff\x0a\xfa\x1f\x01",
    "heic": box(b"ftyp", b"heic\0\0\0\0mif1heic"),
    "film": box(b"ftyp", b"isom\0\0\0\0isomavc1"),
    "pnm of a million": b"P6\n1000000 1000000\n255\n",
    "pam": b"P7\nWIDTH 100000\nHEIGHT 100000\nDEPTH 3\nENDHDR\n",
    "xpm": b'/* XPM */\nstatic char *x[] = {"9999 9999 2 1",',
    "xbm": b"#define x_width 65535\n#define x_height 65535\n",
    "pcx": b"\x0a\x05\x01\x08" + bytes(124),
    "tga": bytes((0, 0, 2)) + bytes(9) + b"\xff\xff\xff\xff\x18\0",
    "mvg": b"push graphic-context\nimage over 0,0 0,0 'https://localhost/x'\n",
    "msl": b'<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>',
    "windows metafile": b"\xd7\xcd\xc6\x9a" + bytes(40),
    "fits": b"SIMPLE  =                    T",
    "dds": b"DDS |\0\0\0" + b"\xff" * 24,
    "openexr": b"\x76\x2f\x31\x01\x02\0\0\0",
    "sun raster": b"\x59\xa6\x6a\x95" + b"\x7f" * 28,
    "flic": struct.pack("<IHHHHH", 128, 0xAF11, 1, 9999, 9999, 8),
    "other riff": b"RIFF\x24\0\0\0WEBX",
    "dicom": bytes(128) + b"DICM",
    "hls": b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n",
    "image sequence": b"img%03d.png",
}
"""Beginnings of files that other decoders would take; here they are of no known format."""


def with_chunk(kind: bytes, data: bytes, at: int = 1) -> bytes:
    """A PNG with one chunk more, at a place among the others."""
    chunks = png_chunks(saved(scene(), "PNG"))
    return png(*chunks[:at], (kind, data), *chunks[at:])


def unfolding(size: int) -> bytes:
    return zlib.compress(bytes(size), 9)


def png_whose_rows_never_end() -> bytes:
    return png(png_header(64, 64), (b"IDAT", unfolding(16 * 2**20)), (b"IEND", b""))


def png_of_many_chunks() -> bytes:
    first, *others = png_chunks(saved(scene(), "PNG"))
    return png(first, *[(b"prVt", b"")] * 20_000, *others)


def animated(frame: tuple[int, int]) -> bytes:
    """A PNG that says that it is animated, with a first frame of another size."""
    head, *others = png_chunks(saved(scene(), "PNG"))
    control = struct.pack(">IIIIIHHBB", 0, *frame, 0, 0, 1, 1, 0, 0)
    return png(head, (b"acTL", struct.pack(">II", 2**32 - 1, 0)), (b"fcTL", control), *others)


def png_of_no_length() -> bytes:
    file = saved(scene(), "PNG")
    return file[:33] + b"\xff\xff\xff\xff" + file[37:]


def gif(*blocks: bytes, screen: tuple[int, int] = (64, 64)) -> bytes:
    """A GIF of these blocks and two colours."""
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6) + b"".join(blocks)


def gif_frame(box: tuple[int, int, int, int], code_size: int = 2) -> bytes:
    """A frame that has no pixels: only the code that clears and the one that ends."""
    return b"," + struct.pack("<HHHHB", *box, 0) + bytes([code_size, 2, 0x2C, 0, 0])


def gif_of_many_frames() -> bytes:
    whole = saved(Image.fromarray(scene()).convert("P"), "GIF")
    return whole[:-1] + gif_frame((0, 0, 8, 8)) * 20_000 + b";"


def gif_that_talks() -> bytes:
    whole = saved(Image.fromarray(scene()).convert("P"), "GIF")
    at = whole.index(b",")
    return whole[:at] + b"!\xfe" + (b"\xff" + b"x" * 255) * 8_000 + b"\0" + whole[at:]


def jpeg_of_size(width: int, height: int) -> bytes:
    file = bytearray(saved(scene(), "JPEG"))
    at = file.index(b"\xff\xc0")
    file[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(file)


def jpeg_with(kind: int, data: bytes, times: int = 1) -> bytes:
    """A JPEG with a segment, once or often."""
    file = saved(scene(), "JPEG")
    segment = struct.pack(">BBH", 0xFF, kind, 2 + len(data)) + data
    return file[:2] + segment * times + file[2:]


def jpeg_of_many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: little to send, much to do."""
    flat = Image.new("RGB", (side, side), (120, 90, 60))
    file = saved(flat, "JPEG", progressive=True)
    last = file.rindex(b"\xff\xda")
    return file[:last] + file[last:-2] * scans + file[-2:]


def exif(directory: bytes) -> bytes:
    return b"Exif\0\0II*\0\x08\0\0\0" + directory


RINGS = exif(struct.pack("<HHHIII", 1, 0x8769, 4, 1, 8, 8))
"""A directory that names itself as its own part and as what follows it."""

LAUGHS = b"http://ns.adobe.com/xap/1.0/\0<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY a%d '&a%d;&a%d;&a%d;'>" % (n + 1, n, n, n) for n in range(40)
)


def tiff_picture(**lies: tuple[int, int, int]) -> bytes:
    """A grey TIFF of 64 x 64, some of its tags replaced."""
    tags = {
        "width": (3, 1, 64),
        "height": (3, 1, 64),
        "bits": (3, 1, 8),
        "packing": (3, 1, 1),
        "colours": (3, 1, 1),
        "strips": (4, 1, 8 + 2 + 12 * (9 + sum(name in MORE for name in lies)) + 4),
        "samples": (3, 1, 1),
        "rows": (4, 1, 64),
        "bytes": (4, 1, 64 * 64),
    }
    numbers = dict(zip(tags, (256, 257, 258, 259, 262, 273, 277, 278, 279), strict=True)) | MORE
    return tiff({numbers[name]: value for name, value in (tags | lies).items()}, bytes(64 * 64))


MORE = {"tile_width": 322, "tile_height": 323, "tiles": 324, "tile_bytes": 325, "planes": 284}


def tiffs_in_a_ring() -> bytes:
    first = tiff_picture()
    return first[: 8 + 2 + 12 * 9] + struct.pack("<I", 8) + first[8 + 2 + 12 * 9 + 4 :]


def webp_canvas(width: int, height: int) -> bytes:
    """A small frame on a canvas of another size."""
    frame = saved(scene(), "WEBP")[12:]
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + chunk(b"VP8X", bytes(4) + sizes) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_film_on(width: int, height: int) -> bytes:
    """An animation that says its canvas is of another size."""
    frames = [Image.fromarray(255 - scene())]
    file = bytearray(saved(scene(), "WEBP", save_all=True, append_images=frames))
    at = file.index(b"VP8X") + 12
    file[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(file)


def riff_that_lies() -> bytes:
    file = saved(scene(), "WEBP")
    return file[:4] + b"\xff\xff\xff\xff" + file[8:]


def avif_of(width: int, height: int) -> bytes:
    """An AVIF whose box of sizes lies."""
    file = bytearray(saved(scene(), "AVIF"))
    at = file.index(b"ispe") + 8
    file[at : at + 8] = struct.pack(">II", width, height)
    return bytes(file)


def avif_box(kind: bytes, says: int) -> bytes:
    """An AVIF with a box that lies about its length."""
    file = bytearray(saved(scene(), "AVIF"))
    at = file.index(kind) - 4
    file[at : at + 4] = struct.pack(">I", says)
    return bytes(file)


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("run.php", MARK)
    return file.getvalue()


def png_that_speaks() -> bytes:
    info = PngInfo()
    info.add_text("Comment", MARK.decode())
    return saved(scene(), "PNG", pnginfo=info)


POLYGLOTS: dict[str, bytes] = {
    "gif and zip": saved(Image.fromarray(scene()).convert("P"), "GIF") + archive(),
    "jpeg and php": jpeg_with(0xFE, MARK),
    "jpeg with php as exif": jpeg_with(0xE1, exif(struct.pack("<HI", 0, 0) + MARK)),
    "jpeg and pdf": jpeg_with(0xE9, b"%PDF-1.7 " + MARK),
    "png and html": png_that_speaks(),
    "png and what follows it": saved(scene(), "PNG") + MARK,
    "bmp and script": saved(scene(), "BMP") + b"*/=1;" + MARK,
    "webp and zip": saved(scene(), "WEBP") + archive(),
    "tiff and what follows it": saved(scene(), "TIFF") + MARK,
    "avif and what follows it": saved(scene(), "AVIF") + box(b"free", MARK),
}
"""Pictures that are something else as well: only their pixels are taken."""

DAMAGED = ("undecodable",)
HUGE = ("too_large",)
REFUSED = ("undecodable", "too_large", "memory")

PICTURES = [
    *(Nasty(f"{name}, no picture", lambda data=data: data, ("unknown_format",))
      for name, data in OTHERS.items()),
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
    Nasty("tiff with a giant tile",
          lambda: tiff_picture(tile_width=(4, 1, 2**31 - 16), tile_height=(4, 1, 2**31 - 16),
                               tiles=(4, 1, 8), tile_bytes=(4, 1, 64), packing=(3, 1, 5)),
          REFUSED),
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
