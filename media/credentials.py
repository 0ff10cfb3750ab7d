"""Content Credentials: a signed statement inside a file that says AI made it, and by which engines.

C2PA (https://spec.c2pa.org, 2.2) through its own library. The statement names no person, no words
and no ids: only what the tables below say. Signing is the last thing that happens to a file; any
later change of a byte is found by whoever validates it.
"""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from c2pa import Builder, C2paBuilderIntent, C2paError, C2paSignerInfo, Context, Signer

from media import timestamped
from media.errors import AvatarError
from media.marks import SourceType

log = logging.getLogger(__name__)

GENERATOR: Final = "avatar-serve"
ENGINES: Final = "avatar-serve.engines"
"""Label of the assertion that names the engines."""

SIGNED: Final = frozenset({"video/mp4", "image/webp", "image/png", "image/jpeg", "audio/mpeg"})
"""Types of what is given out that carry credentials; what is streamed while it is made can't."""

LARGE: Final = 32 * 2**20
"""Bytes from which on a video is hashed by a tree of its pieces: hashed as one, it would be in
memory, up to 256 MB of it."""

_SETTINGS: Final[Mapping[str, Any]] = {
    "builder": {
        "created_assertion_labels": ["c2pa.actions", "c2pa.actions.v2", ENGINES],
        # A small copy of the picture, inside of it: of no use, and of a face.
        "thumbnail": {"enabled": False},
        "actions": {"auto_created_action": {"enabled": False}},
    },
    "verify": {
        "ocsp_fetch": False,
        "remote_manifest_fetch": False,
        "verify_after_sign": False,  # it reads all of the file again
        "verify_trust": False,
    },
}


@dataclass(frozen=True, slots=True)
class Maker:
    """An engine that had a part in it; the statement has these fields under these names."""

    stage: str
    engine: str
    """Its class, or the name that its voice goes by."""
    weights: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of a file."""

    source: SourceType | None
    """None: an uploaded picture, shown again; nothing in it is AI's."""
    makers: Sequence[Maker] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs, and by what. Thread-safe; signing blocks."""

    chain: str
    """PEM: the signer's certificate, then those that vouch for it."""
    key: str = field(repr=False)
    """PEM, PKCS #8."""
    algorithm: str
    """C2PA's name of it: es256, es384, es512, ps256, ed25519."""
    timestamps: str = ""
    """URL of a time-stamping authority (RFC 3161), which is asked at each signing; empty: none."""

    def sign(self, data: bytes, media_type: str, claim: Claim) -> bytes:
        """The file with its credentials.

        Raises AvatarError `internal`, `overloaded` where the authority gives no time stamp.
        """
        _require_signable(media_type)
        if not self.timestamps:
            out = BytesIO()
            self._sign(BytesIO(data), out, media_type, claim)
            return out.getvalue()
        with TemporaryDirectory() as folder:
            source, target = Path(folder) / "unsigned", Path(folder) / "signed"
            source.write_bytes(data)
            self.sign_file(source, target, media_type, claim)
            return target.read_bytes()

    def sign_file(self, source: Path, target: Path, media_type: str, claim: Claim) -> None:
        """The same for a file of any length, by the disk."""
        _require_signable(media_type)
        if self.timestamps:
            self._sign_stamped(source, target, media_type, claim)
            return
        with source.open("rb") as reading, target.open("w+b") as writing:
            self._sign(reading, writing, media_type, claim)

    def _sign(self, source: IO[bytes], target: IO[bytes], media_type: str, claim: Claim) -> None:
        try:
            embed(self, source, target, media_type, claim)
        except C2paError as error:
            log.error("nothing could be signed: %s", error)
            raise unsigned() from error

    def _sign_stamped(self, source: Path, target: Path, media_type: str, claim: Claim) -> None:
        request = {
            "credentials": asdict(self),
            "files": [str(source), str(target)],
            "media_type": media_type,
            "source": claim.source,
            "makers": [asdict(maker) for maker in claim.makers],
        }
        try:
            timestamped.run(request)
        except timestamped.NotStamped as error:
            log.error("nothing could be signed with a time stamp: %s", error)
            raise AvatarError(
                "overloaded",
                "What was made could not be signed with a time stamp now: try again in a moment.",
            ) from error


def unsigned() -> AvatarError:
    """The fault of a service that cannot sign; why is its operator's concern, and in the log."""
    return AvatarError(
        "internal",
        "The service could not sign what it made, and gives out nothing unsigned: have its "
        "operator run `avatar-serve doctor`.",
    )


def embed(
    credentials: Credentials, source: IO[bytes], target: IO[bytes], media_type: str, claim: Claim
) -> None:
    """Write the signed file. Raises C2paError."""
    info = C2paSignerInfo(
        *(credentials.algorithm, credentials.chain.encode(), credentials.key.encode()),
        credentials.timestamps or None,
    )
    with (
        Context.from_dict(_settings(source), signer=Signer.from_info(info)) as context,
        Builder.from_json(_manifest(claim), context=context) as builder,
    ):
        if claim.source is None:
            builder.set_intent(C2paBuilderIntent.EDIT)
        builder.sign(media_type, source, target)


def _settings(source: IO[bytes]) -> dict[str, Any]:
    """The library's, for a file of this size."""
    size = source.seek(0, 2)
    source.seek(0)
    core = {"backing_store_memory_threshold_in_mb": 8}  # larger files go through the disk
    if size > LARGE:
        core["merkle_tree_chunk_size_in_kb"] = 1024
    return {**_SETTINGS, "core": core}


def main() -> None:
    """Sign as standard input says; the process that `media.timestamped` starts."""
    request = json.load(sys.stdin)
    source = request["source"]
    makers = [
        Maker(told["stage"], told["engine"], tuple(told["weights"])) for told in request["makers"]
    ]
    claim = Claim(SourceType(source) if source else None, makers)
    source_path, target_path = map(Path, request["files"])
    with source_path.open("rb") as reading, target_path.open("w+b") as writing:
        embed(Credentials(**request["credentials"]), reading, writing, request["media_type"], claim)


def _require_signable(media_type: str) -> None:
    if media_type not in SIGNED:
        raise ValueError(f"{media_type} carries no Content Credentials")


def _manifest(claim: Claim) -> dict[str, Any]:
    assertions = [{"label": "c2pa.actions.v2", "data": {"actions": [_action(claim)]}}]
    if claim.makers:
        engines = [asdict(maker) for maker in claim.makers]
        assertions.append({"label": ENGINES, "data": {"engines": engines}})
    return {"claim_generator_info": [_generator()], "assertions": assertions}


def _action(claim: Claim) -> dict[str, Any]:
    """The one thing that was done: it was made, or an uploaded picture was made smaller."""
    action = {
        "when": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "softwareAgent": _generator(),
    }
    if claim.source is None:
        return {"action": "c2pa.resized", **action}
    return {"action": "c2pa.created", "digitalSourceType": claim.source.uri, **action}


def _generator() -> dict[str, str]:
    return {"name": GENERATOR, "version": version(GENERATOR)}
