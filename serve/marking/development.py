"""The development certificate: made when it is first needed, kept in the data folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from serve.secret_file import made_once, replaced

ORGANISATION: Final = "avatar-serve development certificate"
"""What it names as the signer."""

_LASTS: Final = timedelta(days=3650)
_RENEWED: Final = timedelta(days=30)
"""Before it ends, another takes its place."""


def kept_pem(path: Path) -> bytes:
    """It with its key, in PEM; of several made at once, the first one stands. Blocks.

    Raises OSError, ValueError for a file that holds something else.
    """
    kept = made_once(path, new_pem)
    ends = x509.load_pem_x509_certificates(kept)[0].not_valid_after_utc
    return replaced(path, new_pem()) if ends - datetime.now(UTC) < _RENEWED else kept


def new_pem() -> bytes:
    """A new key, its certificate, and the one that vouches for it, whose key is thrown away."""
    begins = datetime.now(UTC) - timedelta(hours=1)  # clocks differ
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION)
    root_name = x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    name = x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, "not to be trusted")])
    vouches = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())

    def certificate(
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(root_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + _LASTS)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(vouches, critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        made = builder.sign(root_key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM)

    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    leaf = certificate(
        name,
        key.public_key(),
        [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(signs_certificates=False), True),
            (usage, False),
        ],
    )
    root = certificate(
        root_name,
        root_key.public_key(),
        [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (_usage(signs_certificates=True), True),
        ],
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem + leaf + root


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
