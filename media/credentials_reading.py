"""What a file claims of how it was made: runs in the limited process only (`media.limited`).

The credentials are validated by C2PA's own library, which fetches nothing: what a file names
elsewhere is told, not looked at. All that is reported is the file's own words, cut short.
"""

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final

from c2pa import C2paError, Context, Reader

from media.credentials import ENGINES
from media.fault import DecodingError
from media.marks import source_named

_HEAD, _TAIL = 2**18, 2**16
"""Bytes at a file's start and end among which a plain mark is looked for: metadata lie there."""
_LONG: Final = 200
"""Characters of a word that are reported."""
_MANY: Final = 12

_KINDS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"....ftypavif", re.DOTALL), "image/avif"),
    (re.compile(rb"....ftyp(heic|heix|mif1)", re.DOTALL), "image/heic"),
    (re.compile(rb"....ftypM4A ", re.DOTALL), "audio/mp4"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"II\*\0|MM\0\*"), "image/tiff"),
    (re.compile(rb"ID3|\xff[\xe2-\xef\xf2-\xff]", re.DOTALL), "audio/mpeg"),
)
"""Types by the first bytes."""


def decode(source: IO[bytes], output: IO[bytes], options: Mapping[str, Any]) -> dict[str, Any]:
    """`kind`, `mark` (a source type or None) and `credentials` (or None); nothing is written.

    `anchors` of the options: PEM of the certificates that are trusted. Raises DecodingError.
    """
    del output
    kind = _kind(source)
    credentials = _credentials(source, kind, str(options["anchors"]))
    return {"kind": kind, "mark": _mark(source), "credentials": credentials}


def _kind(source: IO[bytes]) -> str:
    head = source.read(16)
    if not head:
        raise DecodingError("empty")
    for pattern, kind in _KINDS:
        if pattern.match(head):
            return kind
    raise DecodingError("unknown_format")


def _mark(source: IO[bytes]) -> str | None:
    source.seek(0)
    words = source.read(_HEAD)
    size = source.seek(0, 2)
    source.seek(max(0, size - _TAIL))
    return source_named(words + b"\n" + source.read(_TAIL))


def _credentials(source: IO[bytes], kind: str, anchors: str) -> dict[str, Any] | None:
    settings = {
        "trust": {"user_anchors": anchors} if anchors else {},
        "verify": {
            "ocsp_fetch": False,
            "remote_manifest_fetch": False,
            "verify_trust": True,
        },
    }
    source.seek(0)
    try:
        with Context.from_dict(settings) as context:
            reader = Reader.try_create(kind, source, context=context)
            if reader is None:
                return None
            with reader:
                return _told(reader)
    except C2paError.NotSupported:  # Ogg has no place for them
        return None
    except C2paError as error:
        if str(error).startswith("Remote"):
            return {"state": "elsewhere", "address": _short(_address(str(error)))}
        return {"state": "broken", "faults": [type(error).__name__.removeprefix("_C2pa")]}


def _told(reader: Reader) -> dict[str, Any]:
    """The report of the statement that counts: the last one that was made."""
    manifest = reader.get_active_manifest() or {}
    results = reader.get_validation_results() or {}
    signature = manifest.get("signature_info") or {}
    actions = list(_actions(manifest))
    sources = [str(action.get("digitalSourceType", "")) for action in actions]
    generator: Mapping[str, Any] = next(iter(manifest.get("claim_generator_info") or ()), {})
    return {
        "state": {"Trusted": "trusted", "Valid": "untrusted"}.get(
            str(reader.get_validation_state()), "broken"
        ),
        "faults": list(_faults(results)),
        "actions": [_short(action.get("action")) for action in actions][:_MANY],
        "sources": [_short(source.rpartition("/")[2]) for source in sources if source][:_MANY],
        "when": next((_short(a["when"]) for a in actions if a.get("when")), ""),
        "generator": _short(f"{generator.get('name', '')} {generator.get('version', '')}".strip()),
        "engines": list(_engines(manifest)),
        "signer": _short(signature.get("issuer")),
        "signer_name": _short(signature.get("common_name")),
        "timestamp": _short(signature.get("time")),
        "timestamp_trusted": "timeStamp.trusted" in _codes(results, "success"),
    }


def _actions(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            yield from assertion.get("data", {}).get("actions") or ()


def _engines(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions") or ():
        if assertion.get("label") != ENGINES:
            continue
        for engine in (assertion.get("data", {}).get("engines") or ())[:_MANY]:
            weights = [_short(name) for name in (engine.get("weights") or ())[:_MANY]]
            stage, name = _short(engine.get("stage")), _short(engine.get("engine"))
            yield {"stage": stage, "engine": name, "weights": weights}


def _faults(results: Mapping[str, Any]) -> Iterator[str]:
    """Codes of what is wrong, without those that only say that nobody vouches for the signer."""
    codes = _codes(results, "failure")
    yield from [code for code in codes if code != "signingCredential.untrusted"][:_MANY]


def _codes(results: Mapping[str, Any], outcome: str) -> list[str]:
    found = (results.get("activeManifest") or {}).get(outcome) or ()
    return list(dict.fromkeys(_short(entry.get("code")) for entry in found))


def _address(words: str) -> str:
    found = re.search(r"https?://\S+", words)
    return found[0] if found else ""


def _short(word: object) -> str:
    return str(word if word is not None else "")[:_LONG]
