"""Certificates as operators bring them, good and bad ones, and what says that a file is whole."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from c2pa import C2paError, Context, Reader
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "Example Broadcasting"


@dataclass(frozen=True)
class Certificate:
    """An operator's certificate with its key, and the one that vouches for it."""

    chain: str
    key: str
    root: str


def certificate(
    *,
    begins: timedelta = timedelta(days=-1),
    ends: timedelta = timedelta(days=365),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    new_key: Callable[[], Any] = lambda: ec.generate_private_key(ec.SECP256R1()),
) -> Certificate:
    """One that C2PA takes, unless told otherwise. Times are from now on."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), new_key()
    root_name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Authority")])
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, NAME)])
    now = datetime.now(UTC)

    def signed(subject: x509.Name, public: Any, *, ca: bool) -> str:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + min(begins, timedelta(days=-1)))
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage(ca=ca), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
                critical=False,
            )
        )
        if not ca:
            # Critical where it says that one stamps the time (RFC 3161, 2.3).
            stamps = purpose == ExtendedKeyUsageOID.TIME_STAMPING
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=stamps)
        made = builder.sign(root_key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM).decode()

    leaf = signed(name, key.public_key(), ca=False)
    root = signed(root_name, root_key.public_key(), ca=True)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Certificate(leaf + root, pem.decode(), root)


def usage(*, ca: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    used = {"key_cert_sign", "crl_sign"} if ca else {"digital_signature"}
    return x509.KeyUsage(**{name: name in used for name in names})


def manifest_of(data: bytes | Path, media_type: str) -> dict[str, Any]:
    """The statement of a file by C2PA's own reader, which must find it whole and in order."""
    quiet = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    stream = data.open("rb") if isinstance(data, Path) else BytesIO(data)
    with (
        stream,
        Context.from_dict(quiet) as context,
        Reader(media_type, stream, context=context) as reader,
    ):
        told = json.loads(reader.json())
    assert told["validation_state"] == "Valid", told.get("validation_results")
    found: dict[str, Any] = told["manifests"][told["active_manifest"]]
    return found


def is_whole(data: bytes, media_type: str) -> bool:
    """Whether C2PA's own reader finds the file as it was signed, by whomever."""
    try:
        with Reader(media_type, BytesIO(data)) as reader:
            return reader.get_validation_state() != "Invalid"
    except C2paError:
        return False


def actions_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        action
        for assertion in manifest["assertions"]
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"]["actions"]
    ]


def source_of(manifest: dict[str, Any]) -> str | None:
    """What the statement says of how the file came about, the last part of it."""
    (action,) = (a for a in actions_of(manifest) if a["action"] in ("c2pa.created", "c2pa.opened"))
    said = action.get("digitalSourceType")
    return None if said is None else str(said).rpartition("/")[2]


def engines_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    found = [a for a in manifest["assertions"] if a["label"] == "avatar-serve.engines"]
    return [engine for assertion in found for engine in assertion["data"]["engines"]]
