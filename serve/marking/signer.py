"""Who signs what is given out: the operator's certificate, or a development one.

A development certificate is made when it is first needed and kept in the data folder. It shows that
a file is unchanged, and nothing about who signed: nobody vouches for it. Replicas that share no
data folder make one each.
"""

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from PIL import Image

from media.credentials import Claim, Credentials, unsigned
from media.errors import AvatarError
from media.marks import SourceType
from serve.marking.development import kept_pem
from serve.settings import Settings

log = logging.getLogger(__name__)

SOON: Final = timedelta(days=30)
"""Before a certificate ends, its operator is told."""

_FILE: Final = "signing.pem"
_CERTIFICATE, _KEY = "AVATAR_SIGNING_CERTIFICATE", "AVATAR_SIGNING_KEY"
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}

_Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs here."""

    credentials: Credentials
    name: str
    """As those who check a file are told."""
    development: bool
    expires: datetime


def open_credentials(settings: Settings) -> Credentials:
    """What to sign by, read anew: a renewed certificate counts at once. Blocks.

    Raises AvatarError `internal` where it can't be used: who asked for a file did nothing wrong.
    """
    try:
        return open_signer(settings).credentials
    except AvatarError as error:
        log.error("nothing can be signed: %s", error.message)
        raise unsigned() from error


def open_signer(settings: Settings) -> Signer:
    """Who signs, read anew likewise.

    Raises AvatarError `invalid_request` for an operator's certificate that can't be used.
    """
    brought, its_key = settings.signing_certificate, settings.signing_key.get_secret_value()
    if bool(brought) != bool(its_key):
        missing = _KEY if brought else _CERTIFICATE
        raise _refused(f"{_CERTIFICATE} and {_KEY} go together: {missing} is not set", missing)
    if brought:
        signer = _signer(_pem(brought, _CERTIFICATE), _pem(its_key, _KEY), development=False)
    else:
        kept = _development(settings.data_dir / _FILE)
        signer = _signer(kept, kept, development=True)
    credentials = replace(signer.credentials, timestamps=settings.signing_timestamp_url)
    return replace(signer, credentials=credentials)


def tried_signer(settings: Settings) -> Signer:
    """The same, after it has signed something: C2PA asks for more than can be seen at a glance.

    No time-stamping authority is called. Raises AvatarError `invalid_request`.
    """
    signer = open_signer(settings)
    picture = BytesIO()
    Image.new("RGB", (16, 16)).save(picture, "PNG")
    quiet = replace(signer.credentials, timestamps="")
    try:
        quiet.sign(picture.getvalue(), "image/png", Claim(SourceType.MADE))
    except AvatarError as error:
        why = str(error.__cause__).strip().rstrip(".")
        raise _refused(
            "C2PA does not take this certificate, which must be valid now and meant for signing "
            f"documents or mail: {why}"
        ) from error
    return signer


def _development(path: Path) -> bytes:
    try:
        return kept_pem(path)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        sentence = f"A development certificate can't be kept in the data folder ({why}): set"
        raise _refused(f"{sentence} {_CERTIFICATE} and {_KEY}, or AVATAR_DATA_DIR") from error
    except ValueError as error:
        sentence = f"{path} holds no certificate in PEM: remove it, and another one is made"
        raise _refused(sentence) from error


def _pem(given: str, name: str) -> bytes:
    """PEM itself, or what the file holds that is named."""
    if "-----BEGIN" in given:
        return given.encode()
    try:
        return Path(given).read_bytes()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise _refused(f"The file that {name} names can't be read ({why})", name) from error


def _signer(chain: bytes, key: bytes, *, development: bool) -> Signer:
    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError as error:
        raise _refused(f"{_CERTIFICATE} holds no certificates in PEM") from error
    private = _private(key)
    leaf = certificates[0]
    if _public(private.public_key()) != _public(leaf.public_key()):
        raise _refused(f"{_KEY} is not the key of the first certificate of {_CERTIFICATE}", _KEY)
    if leaf.not_valid_after_utc <= datetime.now(UTC):
        ended = f"{leaf.not_valid_after_utc:%Y-%m-%d}"
        raise _refused(f"The certificate has ended on {ended}: have it renewed")
    encoding = serialization.Encoding.PEM
    credentials = Credentials(
        "".join(certificate.public_bytes(encoding).decode() for certificate in certificates),
        private.private_bytes(
            encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        _algorithm(private),
    )
    return Signer(credentials, _name(leaf), development, leaf.not_valid_after_utc)


def _private(pem: bytes) -> _Key:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:  # TypeError: a password is needed
        sentence = f"{_KEY} holds no key in PEM that can be read without a password"
        raise _refused(sentence, _KEY) from error
    if not isinstance(key, _Key):
        raise _refused(f"{_KEY} must be an EC, RSA or Ed25519 key", _KEY)
    return key


def _algorithm(key: _Key) -> str:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if key.curve.name not in _CURVES:
        raise _refused(f"{_KEY} must be on the curve P-256, P-384 or P-521", _KEY)
    return _CURVES[key.curve.name]


def _public(key: object) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)  # type: ignore[attr-defined,no-any-return]  # all public keys of certificates have it


def _name(certificate: x509.Certificate) -> str:
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if found := certificate.subject.get_attributes_for_oid(oid):
            return str(found[0].value)
    return certificate.subject.rfc4514_string()


def _refused(what: str, param: str = _CERTIFICATE) -> AvatarError:
    return AvatarError("invalid_request", f"{what}.", param=param)


def ends_soon(signer: Signer) -> bool:
    """Whether the operator's certificate needs to be renewed; a development one renews itself."""
    return not signer.development and signer.expires - datetime.now(UTC) < SOON


def told_of(signer: Signer) -> None:
    """Tell the operator, in the log, that the certificate needs to be renewed, if it does."""
    if ends_soon(signer):
        log.warning("the signing certificate ends on %s: have it renewed", signer.expires.date())
