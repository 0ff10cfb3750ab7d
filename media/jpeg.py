"""Tells a JPEG whose pixels end early, though it is closed properly, from a whole one."""

from io import BytesIO
from typing import IO, Final

from PIL import Image, ImageChops

END: Final = b"\xff\xd9"
FILLER: Final = b"\x55\xaa" * 2**15
"""Bits that decode to something, whatever the tables."""

MID_GREY: Final = (128, 128)
"""What libjpeg shows, lowest and highest, where it was given no coefficients at all."""


def ends_early(image: Image.Image, source: IO[bytes], draft: tuple[int, int] | None) -> bool:
    """True for a loaded JPEG with fewer pixels in the file than its header says.

    libjpeg fills up with mid-grey and only warns. A picture may well end in mid-grey of its own,
    so its bits are asked: put more of them before the end, and a whole picture stays the same,
    while a cut one takes them for pixels.
    """
    if image.format != "JPEG" or image.mode not in ("L", "RGB"):
        return False
    last_row = image.crop((0, image.height - 1, image.width, image.height))
    if any(last_row.getchannel(band).getextrema() != MID_GREY for band in image.getbands()):
        return False
    source.seek(0)
    file = source.read()
    end = file.rfind(END)
    longer = Image.open(BytesIO(file[:end] + FILLER + file[end:]), formats=["JPEG"])
    if draft is not None:
        longer.draft(image.mode, draft)
    longer.load()
    return ImageChops.difference(image, longer).getbbox() is not None
