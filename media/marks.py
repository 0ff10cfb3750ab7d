"""The plain mark: where a file says, in words that programs read, that AI made it.

The words are IPTC's digital source types. Pictures and videos carry them in an XMP packet
(ISO 16684-1; for BMFF files the box of its part 3), MP3 in an ID3v2 frame, Ogg and FLAC in a Vorbis
comment. A mark proves nothing and is easily lost: what can carry Content Credentials has them too
(`media.credentials`).
"""

import re
import struct
from enum import StrEnum
from typing import Final

from media.fragments import boxes

HEADER: Final = "Digital-Source-Type"
"""Of answers over HTTP that carry what AI made."""
TAG: Final = "DigitalSourceType"
"""Name of the mark in an ID3v2 frame and in Vorbis comments."""

_VOCABULARY: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_XMP_BOX: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_XMP: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' Iptc4xmpExt:DigitalSourceType="{uri}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


_MARK: Final = re.compile(
    rb"(?i:DigitalSourceType)(?:\s+rdf:resource)?[\s='\">\0]{1,4}"
    rb"https?://cv\.iptc\.org/newscodes/digitalsourcetype/"
    rb"(trainedAlgorithmicMedia|compositeWithTrainedAlgorithmicMedia)"
)
"""XMP as attribute or element, ID3v2's frame, Vorbis' comment. Content Credentials, which name the
same address, write it otherwise."""


class SourceType(StrEnum):
    """How something came about (https://cv.iptc.org/newscodes/digitalsourcetype)."""

    MADE = "trainedAlgorithmicMedia"
    """By trained networks alone."""
    COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
    """By trained networks and from an uploaded picture or recording, which is seen or heard."""

    @property
    def uri(self) -> str:
        """As metadata name it."""
        return f"{_VOCABULARY}{self.value}"


def xmp(source: SourceType) -> bytes:
    """An XMP packet that holds the mark and nothing else."""
    return _XMP.format(uri=source.uri).encode()


def xmp_box(source: SourceType) -> bytes:
    """The packet as a top-level box of MP4 and its kin."""
    packet = xmp(source)
    return struct.pack(">I4s", 24 + len(packet), b"uuid") + _XMP_BOX + packet


def marked_init(init: bytes, source: SourceType) -> bytes:
    """The init of a fragmented MP4 with the mark behind its `ftyp`. Raises ValueError for none."""
    name, _, end = next(boxes(init), ("", 0, 0))
    if name != "ftyp":
        raise ValueError("an init begins with ftyp")
    return init[:end] + xmp_box(source) + init[end:]


def is_xmp_box(head: bytes) -> bool:
    """Whether a top-level box whose first 24 bytes are given holds XMP."""
    return head[4:8] == b"uuid" and head[8:24] == _XMP_BOX


def source_named(data: bytes) -> SourceType | None:
    """The source type that a plain mark somewhere in the data names; of several, the first."""
    found = _MARK.search(data)
    return None if found is None else SourceType(found[1].decode())
