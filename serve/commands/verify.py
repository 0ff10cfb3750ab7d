"""`avatar-serve verify`: what a file says of how it was made, and what that is worth."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from media.errors import AvatarError
from media.marks import SourceType
from media.provenance import Provenance, Statement, Verdict, examine
from serve.marking.development import ORGANISATION

STATUS: Final[dict[Verdict, int]] = {
    "trusted": 0,
    "untrusted": 3,
    "marked": 4,
    "nothing": 5,
    "broken": 6,
    "elsewhere": 7,
}
"""Exit status; 1: the file could not be read, 2: the command was not understood."""

_MEANT: Final = {
    SourceType.MADE: "AI made it: all of it came out of trained networks.",
    SourceType.COMPOSITE: "AI made it, from an uploaded picture or recording.",
}
_STAGES: Final = {
    "portrait": "painted the face",
    "speech": "spoke",
    "lipsync": "moved the lips",
    "encode": "made the file",
}


def verify(
    file: Annotated[Path, typer.Argument(help="A video, a picture or a sound.")],
    trust: Annotated[
        Path | None,
        typer.Option(
            help="Certificates in PEM: whoever they vouch for is trusted.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what a file claims: made by AI or not, by what, when, and who signs for it.

    Nothing is fetched. Exit status: 0 signed by somebody trusted, 3 signed by somebody unknown,
    4 a plain mark alone, 5 nothing, 6 broken, 7 credentials that lie elsewhere.
    """
    found = examine(file, _anchors(trust) if trust else "")
    if as_json:
        report = {"verdict": found.verdict, "by_ai": found.by_ai, **asdict(found)}
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{_printable(line)}\n" for line in _lines(found))
    raise typer.Exit(STATUS[found.verdict])


def _anchors(path: Path) -> str:
    """The certificates of a file and nothing else in it. Raises AvatarError `invalid_request`."""
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        sentence = f"{path.name} holds no certificates in PEM: name another file."
        raise AvatarError("invalid_request", sentence, param="trust") from error
    return "".join(found.public_bytes(Encoding.PEM).decode() for found in certificates)


def _lines(found: Provenance) -> Iterator[str]:
    stated = found.credentials
    if stated is None:
        yield from _unsigned(found)
    elif stated.state == "broken":
        yield "Broken: it has Content Credentials, and they do not hold."
        yield _why(stated.faults)
        yield "Believe nothing that they say."
    elif stated.state == "elsewhere":
        yield f"Its Content Credentials lie elsewhere: {stated.address or 'no address is told'}."
        yield "They were not fetched, so nothing was checked."
    else:
        yield from _signed(found, stated)


def _why(faults: Sequence[str]) -> str:
    """What is wrong, in words; C2PA's own codes behind them."""
    told = ", ".join(faults) or "no reason told"
    if set(faults) == {"signingCredential.expired"}:
        return (
            "The signer's certificate has ended, and no time stamp that counts tells that it was "
            f"signed before ({told})."
        )
    return f"The file was changed after it was signed, or they are damaged ({told})."


def _unsigned(found: Provenance) -> Iterator[str]:
    if found.mark is None:
        yield "Nothing: the file does not say how it was made."
        yield "It may be anything: marks are easily removed."
        return
    yield _MEANT[found.mark]
    yield "This is a plain mark: nobody signed it, anybody can write or remove it."


def _signed(found: Provenance, stated: Statement) -> Iterator[str]:
    sources = [source for source in SourceType if source.value in stated.sources]
    yield from (_MEANT[source] for source in sources)
    if not sources:
        told = ", ".join(stated.actions) or "nothing"
        yield f"It does not say that AI made it; what was done: {told}."
    for maker in stated.makers:
        weights = f" ({', '.join(maker.weights)})" if maker.weights else ""
        yield f"  {maker.engine} {_STAGES.get(maker.stage, maker.stage)}{weights}"
    if stated.generator:
        yield f"Written by {stated.generator}{f', {stated.when}' if stated.when else ''}."
    if stated.timestamp:
        whose = "that you trust" if stated.timestamp_trusted else "for which nobody vouches"
        yield f"Signed at {stated.timestamp}, by the clock of a time-stamping authority {whose}."
    yield "Unchanged: picture, sound and what is said here are as they were signed."
    yield from _signer(stated)
    if found.mark is not None and found.mark not in sources:
        yield "Its plain mark says otherwise: " + _MEANT[found.mark]


def _signer(stated: Statement) -> Iterator[str]:
    name = stated.signer or stated.signer_name or "nobody by name"
    if stated.state == "trusted":
        yield f"Signed by {name}, for whom a certificate vouches that you trust."
        return
    yield f"Signed by {name}, for whom no certificate vouches that you trust (--trust FILE)."
    if stated.signer == ORGANISATION:
        yield "That is a certificate which a server made for itself: it proves no origin."
    else:
        yield "Anybody can write such a name: who signed is not proven."


def _printable(line: str) -> str:
    """Without what would steer a terminal: a file's words are not ours."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
