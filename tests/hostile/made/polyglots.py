"""Pictures that are something else as well."""

import io
import struct
import zipfile

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.hostile.made.jpegs import exif, jpeg_with
from tests.hostile.writers import box
from tests.picture_files import saved, scene

MARK = b"<?php system($_GET['mark']); ?><script>mark()</script>"
"""What polyglots smuggle."""


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
