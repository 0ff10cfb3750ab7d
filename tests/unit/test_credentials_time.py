"""Time stamps: an authority's where one is named, and no waiting for one that says nothing."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from media import timestamped
from media.credentials import Claim, Credentials, Maker
from media.errors import AvatarError
from media.marks import SourceType
from media.picture import encode_png
from media.provenance import examine
from serve.marking.signer import open_credentials, tried_signer
from serve.settings import Settings
from tests.authority import authority, silent
from tests.certificates import engines_of, manifest_of
from tests.fakes import portrait

CLAIM = Claim(SourceType.MADE, [Maker("portrait", "Brush", ("paint",))])
PICTURE = encode_png(portrait().rgb)


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return open_credentials(Settings(data_dir=tmp_path / "data"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_an_authority_that_is_named_stamps_what_is_signed(tmp_path: Path) -> None:
    with authority(tmp_path / "authority") as address:
        given = Settings(data_dir=tmp_path / "data", signing_timestamp_url=address)
        signed = open_credentials(given).sign(PICTURE, "image/png", CLAIM)
    manifest = manifest_of(signed, "image/png")
    assert manifest["signature_info"]["time"]
    assert engines_of(manifest)[0] == {
        "stage": "portrait", "engine": "Brush", "weights": ["paint"],
    }  # fmt: skip
    (tmp_path / "file").write_bytes(signed)
    anchors = (tmp_path / "authority" / "root.pem").read_text()
    for trusted, known in ((False, ""), (True, anchors)):
        stated = examine(tmp_path / "file", known).credentials
        assert stated is not None
        assert stated.timestamp
        assert stated.timestamp_trusted is trusted


def test_an_authority_that_says_nothing_is_given_up_and_may_be_asked_again(
    credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamped, "SECONDS", 3.0)
    with silent() as address:
        waiting = replace(credentials, timestamps=address)
        with pytest.raises(AvatarError) as raised:
            waiting.sign(PICTURE, "image/png", CLAIM)
    assert (raised.value.code, raised.value.retryable) == ("overloaded", True)


def test_nothing_leaves_without_the_time_stamp_that_was_asked_for(
    credentials: Credentials, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = replace(credentials, timestamps="http://127.0.0.1:9/")
    with pytest.raises(AvatarError) as raised:
        nobody.sign(PICTURE, "image/png", CLAIM)
    assert raised.value.code == "overloaded"
    assert "time stamp" in caplog.text
    assert credentials.key not in caplog.text


def test_trying_a_certificate_calls_no_authority(tmp_path: Path) -> None:
    with silent() as address:
        tried_signer(Settings(data_dir=tmp_path, signing_timestamp_url=address))
