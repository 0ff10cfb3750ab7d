"""What a nasty file is, and a decoder that meets many of them in one limited process."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from media import picture_decoding, sound_decoding
from media.decoder_child import answer_of
from media.limited import Limits, run_decoder

READ = "read"
"""Said of a file that is decoded: what is nasty in it is left behind."""

DECODERS = {"picture": picture_decoding, "sound": sound_decoding}
ROOM = Limits(memory_bytes=2 * 2**30, cpu_seconds=60, wall_seconds=120.0, output_bytes=2**20)


@dataclass(frozen=True, slots=True)
class Nasty:
    """A file and what may become of it: faults of the decoder, or READ."""

    name: str
    make: Callable[[], bytes]
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file: READ or a fault, and how much it gave."""

    outcome: str
    report: dict[str, Any]
    written: int
    locked_out: bool
    """It tried to open something."""


def verdicts(kind: str, files: Sequence[bytes], options: dict[str, Any]) -> list[Verdict]:
    """What the decoder of a kind, picture or sound, makes of each file.

    All in one limited process: a start takes longer than most of these files. One that ends the
    process ends them all, and is named by no verdict: DecodingError.
    """
    row = {"kind": kind, "lengths": [len(file) for file in files], "options": options}
    decoded = run_decoder("tests.hostile.nasty", b"".join(files), row, ROOM)
    with decoded.output as output:
        return [Verdict(**verdict) for verdict in json.load(output)]


def decode(source: IO[bytes], output: IO[bytes], options: dict[str, Any]) -> dict[str, Any]:
    """Write what became of each file that lies in `source`; runs in the limited process."""
    decoder, found = DECODERS[options["kind"]], []
    for length in options["lengths"]:
        written = BytesIO()
        answer = answer_of(decoder, BytesIO(source.read(length)), written, options["options"])
        found.append(
            {
                "outcome": answer.get("fault", READ),
                "report": answer.get("report", {}),
                "written": len(written.getbuffer()),
                "locked_out": answer.get("locked_out", False),
            }
        )
    output.write(json.dumps(found).encode())
    return {"files": len(found)}
