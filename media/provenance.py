"""What a file says of how it was made, and what that is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from media.credentials import Maker
from media.errors import AvatarError
from media.fault import DecodingError
from media.limited import Limits, run_decoder
from media.marks import SourceType

ANCHORS: Final = 100_000
"""Bytes of trusted certificates at most: they go to the limited process in one word."""

State = Literal["trusted", "untrusted", "broken", "elsewhere"]
Verdict = State | Literal["marked", "nothing"]

_LIMITS: Final = Limits(memory_bytes=2**30, cpu_seconds=120, wall_seconds=300.0, output_bytes=4096)

_SENTENCES: Final = {
    "empty": "The file is empty: name another one.",
    "unknown_format": "This is no kind of file that is looked into: name an MP4, WebP, PNG, JPEG, "
    "MP3, WAV, FLAC or Ogg file.",
    "timeout": "The file takes too long to check: name a shorter one.",
    "memory": "The file takes too much memory to check: name a smaller one.",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What Content Credentials say: the words of the file, whoever wrote it."""

    state: State
    """Who vouches for it; `broken`: file and statement do not fit; `elsewhere`: it lies at an
    address, which is not called."""
    faults: Sequence[str] = ()
    """C2PA's codes of what is wrong."""
    sources: Sequence[str] = ()
    """Digital source types, the last part of each."""
    actions: Sequence[str] = ()
    when: str = ""
    """When it was made, by its signer's clock."""
    generator: str = ""
    makers: Sequence[Maker] = ()
    signer: str = ""
    signer_name: str = ""
    timestamp: str = ""
    """When it was signed, by a time-stamping authority."""
    timestamp_trusted: bool = False
    """Whether an anchor vouches for that authority."""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What was found in a file."""

    kind: str
    """Its media type, by its first bytes."""
    mark: SourceType | None
    """What its plain mark says."""
    credentials: Statement | None

    @property
    def verdict(self) -> Verdict:
        """What it comes to; credentials count before a mark."""
        if self.credentials is not None:
            return self.credentials.state
        return "nothing" if self.mark is None else "marked"

    @property
    def by_ai(self) -> bool:
        """Whether credentials that are not broken, or else a mark, say that AI had a part in it."""
        if self.credentials is not None and self.credentials.state in ("trusted", "untrusted"):
            return any(source.value in self.credentials.sources for source in SourceType)
        return self.mark is not None


def examine(path: Path, anchors: str = "") -> Provenance:
    """Look into a file in a limited process. Blocks, for a long video for seconds.

    Args:
        path: The file, which nobody vouches for.
        anchors: PEM of the certificates that are trusted to vouch for signers.

    Raises:
        AvatarError: `invalid_request` for a file that cannot be read or is of no known kind,
            `too_large` for anchors of more than ANCHORS bytes.
    """
    if len(anchors) > ANCHORS:
        sentence = f"More than {ANCHORS // 1000} kB of certificates: keep those that you trust."
        raise AvatarError("too_large", sentence, param="trust")
    try:
        decoded = run_decoder("media.credentials_reading", path, {"anchors": anchors}, _LIMITS)
        decoded.output.close()
        return _provenance(decoded.report)
    except DecodingError as error:
        sentence = _SENTENCES.get(error.fault, "The file is damaged: nothing can be told of it.")
        raise AvatarError("invalid_request", sentence, param="file") from None
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        sentence = f"The file cannot be read ({why}): name another one."
        raise AvatarError("invalid_request", sentence, param="file") from None


def _provenance(report: Mapping[str, Any]) -> Provenance:
    """The report, checked like anything that comes from hostile bytes."""
    mark, found = report.get("mark"), report.get("credentials")
    try:
        source = SourceType(mark) if mark is not None else None
        statement = None if found is None else _statement(found)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DecodingError("undecodable") from None
    return Provenance(str(report.get("kind", "")), source, statement)


def _statement(found: Mapping[str, Any]) -> Statement:
    if found["state"] not in get_args(State):
        raise ValueError("no such state")
    makers = [
        Maker(str(told["stage"]), str(told["engine"]), tuple(map(str, told["weights"])))
        for told in found.get("engines", ())
    ]
    rows = ("faults", "sources", "actions")
    words = ("when", "generator", "signer", "signer_name", "timestamp", "address")
    told: dict[str, Any] = {
        **{name: tuple(map(str, found.get(name, ()))) for name in rows},
        **{name: str(found.get(name, "")) for name in words},
        "timestamp_trusted": found.get("timestamp_trusted") is True,
    }
    return Statement(found["state"], makers=makers, **told)
