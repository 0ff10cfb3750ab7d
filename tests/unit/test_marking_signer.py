"""Who signs: the operator's certificate, if it can, else a development one that is made once."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from media.credentials import Claim
from media.errors import AvatarError
from media.marks import SourceType
from media.picture import encode_png
from serve.commands.private import LOCAL_CONFIG
from serve.doctor import checks
from serve.marking import development
from serve.marking.signer import ends_soon, open_credentials, open_signer, tried_signer
from serve.settings import Settings
from tests.certificates import NAME, Certificate, certificate, manifest_of
from tests.fakes import portrait


def settings(folder: Path, brought: Certificate | None = None, **others: object) -> Settings:
    if brought is not None:
        others |= {"signing_certificate": brought.chain, "signing_key": brought.key}
    return Settings(data_dir=folder, weights_dir=folder / "weights", **others)


def signed(given: Settings) -> dict[str, object]:
    data = encode_png(portrait().rgb)
    file = open_credentials(given).sign(data, "image/png", Claim(SourceType.MADE))
    return dict(manifest_of(file, "image/png")["signature_info"])


def test_a_development_certificate_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as several:
        found = list(several.map(lambda _: open_signer(settings(tmp_path / "d")), range(8)))
    assert len({signer.credentials.chain for signer in found}) == 1
    assert len({signer.credentials.key for signer in found}) == 1
    (file,) = (tmp_path / "d").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert found[0].development
    assert "development" in found[0].name
    assert found[0].credentials.key not in repr(found[0])


def test_a_development_certificate_that_ends_soon_makes_way_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(development, "_LASTS", timedelta(days=20))
        old = open_signer(settings(tmp_path))
    new = open_signer(settings(tmp_path))
    assert new.expires - datetime.now(UTC) > timedelta(days=300)
    assert new.credentials.chain != old.credentials.chain
    assert open_signer(settings(tmp_path)).credentials == new.credentials
    assert not ends_soon(old)


def test_a_development_certificate_that_is_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "signing.pem").write_text("something else")
    with pytest.raises(AvatarError, match="remove it") as raised:
        tried_signer(settings(tmp_path))
    assert str(tmp_path / "signing.pem") in raised.value.message
    (tmp_path / "signing.pem").unlink()
    assert tried_signer(settings(tmp_path)).development


def test_the_operators_certificate_signs_where_it_is_set(tmp_path: Path) -> None:
    brought = certificate()
    assert signed(settings(tmp_path, brought))["issuer"] == NAME
    assert not (tmp_path / "signing.pem").exists()
    signer = tried_signer(settings(tmp_path, brought))
    assert (signer.name, signer.development) == (NAME, False)


def test_it_can_be_brought_as_files_and_renewed_without_a_restart(tmp_path: Path) -> None:
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    given = settings(tmp_path, signing_certificate=str(chain), signing_key=str(key))
    serials = []
    for _ in range(2):
        brought = certificate()
        chain.write_text(brought.chain)
        key.write_text(brought.key)
        serials.append(signed(given)["cert_serial_number"])
    assert serials[0] != serials[1]


@pytest.mark.parametrize(
    "new_key",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        lambda: rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate,
    ],
    ids=["P-384", "P-521", "RSA", "Ed25519"],
)
def test_every_kind_of_key_signs_that_c2pa_knows(tmp_path: Path, new_key: object) -> None:
    assert signed(settings(tmp_path, certificate(new_key=new_key)))["issuer"] == NAME


def test_old_forms_of_keys_are_taken(tmp_path: Path) -> None:
    brought = certificate()
    key = serialization.load_pem_private_key(brought.key.encode(), None)
    old = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    assert "BEGIN EC PRIVATE KEY" in old
    assert signed(settings(tmp_path, Certificate(brought.chain, old, "")))["issuer"] == NAME


def locked(brought: Certificate) -> Certificate:
    key = serialization.load_pem_private_key(brought.key.encode(), None)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    return Certificate(brought.chain, pem.decode(), "")


BAD = {
    "ended": lambda: certificate(ends=timedelta(seconds=-10)),
    "of another key": lambda: Certificate(certificate().chain, certificate().key, ""),
    "no certificate": lambda: Certificate("-----BEGIN X-----", certificate().key, ""),
    "no key": lambda: Certificate(certificate().chain, "-----BEGIN X-----", ""),
    "a password": lambda: locked(certificate()),
    "no such file": lambda: Certificate("/nowhere/chain.pem", "/nowhere/key.pem", ""),
    "for servers": lambda: certificate(purpose=ExtendedKeyUsageOID.SERVER_AUTH),
    "without its key": lambda: Certificate(certificate().chain, "", ""),
    "a key alone": lambda: Certificate("", certificate().key, ""),
}


@pytest.mark.parametrize("why", BAD)
def test_a_certificate_that_cannot_sign_is_refused_before_anything_starts(
    tmp_path: Path, why: str
) -> None:
    given = settings(tmp_path, BAD[why]())
    with pytest.raises(AvatarError) as raised:
        tried_signer(given)
    assert raised.value.code == "invalid_request"
    assert raised.value.param in ("AVATAR_SIGNING_CERTIFICATE", "AVATAR_SIGNING_KEY")
    assert raised.value.message.endswith(".")
    assert "PRIVATE" not in raised.value.message
    found = {check.name: check for check in checks(given, 0)}["signing"]
    assert (found.status, found.detail) == ("fail", raised.value.message)


def test_a_certificate_that_has_ended_meanwhile_is_no_fault_of_who_asks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = settings(tmp_path, certificate(ends=timedelta(seconds=-10)))
    with pytest.raises(AvatarError) as raised:
        open_credentials(given)
    assert (raised.value.code, raised.value.param) == ("internal", None)
    assert "The certificate has ended" in caplog.text


def test_the_doctor_says_who_signs_and_makes_nothing(tmp_path: Path) -> None:
    def told(given: Settings) -> tuple[str, str]:
        found = {check.name: check for check in checks(given, 0)}["signing"]
        return found.status, found.detail

    status, detail = told(settings(tmp_path / "d"))
    assert status == "note"
    assert "development" in detail
    assert not (tmp_path / "d").exists()
    _, detail = told(settings(tmp_path, storage_url="s3://bucket/folder"))
    assert "each machine makes its own" in detail
    status, detail = told(settings(tmp_path, certificate()))
    assert status == "ok"
    assert NAME in detail
    status, _ = told(settings(tmp_path, certificate(ends=timedelta(days=9))))
    assert status == "note"


def test_the_launcher_starts_nothing_that_could_not_sign(tmp_path: Path) -> None:
    nowhere = {"AVATAR_SIGNING_CERTIFICATE": "/nowhere/c.pem"}
    done = subprocess.run(
        [sys.executable, "-m", "deployments.launch", str(LOCAL_CONFIG)],
        env={**os.environ, **nowhere, "AVATAR_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "AVATAR_SIGNING_KEY is not set" in done.stderr
    assert "Traceback" not in done.stderr
