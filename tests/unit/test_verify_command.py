"""`avatar-serve verify`: what it tells people and programs of files, hostile ones among them."""

import io
import json
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import typer
from c2pa import Builder, C2paSignerInfo, Context, Signer
from typer.testing import CliRunner, Result

from media.credentials import Claim, Maker
from media.marks import SourceType, marked_init
from media.picture import encode_jpeg, encode_png, encode_webp
from media.sound_encoding import RATE, encode_whole
from serve.commands.verify import verify
from serve.marking.signer import open_credentials
from serve.settings import Settings
from tests import certificates
from tests.certificates import NAME, certificate
from tests.fragments import coded

CLAIM = Claim(SourceType.COMPOSITE, [Maker("lipsync", "Warp"), Maker("speech", "hibari", ("w",))])


@pytest.fixture
def run(tmp_path: Path) -> "Run":
    return Run(tmp_path)


class Run:
    """Files of a folder, and what the command says of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.app = typer.Typer()
        self.app.command()(verify)

    def __call__(self, data: bytes, *options: str) -> Result:
        path = self.folder / "file"
        path.write_bytes(data)
        return CliRunner().invoke(self.app, [str(path), *options])

    def json(self, data: bytes, *options: str) -> dict[str, object]:
        return dict(json.loads(self(data, "--json", *options).stdout))

    def signed(self, brought: certificates.Certificate | None = None) -> bytes:
        given: dict[str, object] = {}
        if brought is not None:
            given = {"signing_certificate": brought.chain, "signing_key": brought.key}
        credentials = open_credentials(Settings(data_dir=self.folder, **given))
        return credentials.sign(picture(), "image/png", CLAIM)


def picture() -> bytes:
    return encode_png(np.zeros((64, 64, 3), np.uint8))


def test_an_unknown_signers_word_is_told_as_unproven(run: Run) -> None:
    told = run(run.signed(certificate()))
    assert told.exit_code == 3
    for words in (
        "AI made it, from an uploaded picture or recording.",
        "Warp moved the lips",
        "hibari spoke (w)",
        "Written by avatar-serve",
        "Unchanged",
        f"Signed by {NAME}, for whom no certificate vouches",
        "who signed is not proven",
    ):
        assert words in told.stdout


def test_a_development_certificate_is_told_as_one(run: Run) -> None:
    told = run(run.signed())
    assert told.exit_code == 3
    assert "a server made for itself" in told.stdout


def test_a_signer_is_trusted_for_whom_an_anchor_vouches(run: Run) -> None:
    brought = certificate()
    anchors = run.folder / "anchors.pem"
    anchors.write_text("A comment\n" + certificate().root + brought.root)
    told = run(run.signed(brought), "--trust", str(anchors))
    assert told.exit_code == 0, told.stdout
    assert f"Signed by {NAME}, for whom a certificate vouches" in told.stdout
    anchors.write_text(certificate().root)
    assert run(run.signed(brought), "--trust", str(anchors)).exit_code == 3


def test_a_file_of_ones_own_server_is_trusted_by_its_own_certificate(run: Run) -> None:
    told = run(run.signed(), "--trust", str(run.folder / "signing.pem"))
    assert told.exit_code == 0, told.stdout


def test_a_changed_file_is_broken_and_nothing_of_it_is_believed(run: Run) -> None:
    data = bytearray(run.signed(certificate()))
    data[-20] ^= 1
    told = run(bytes(data))
    assert told.exit_code == 6
    assert "changed after it was signed" in told.stdout
    assert NAME not in told.stdout
    assert run.json(bytes(data))["by_ai"] is False


def test_a_certificate_that_has_ended_is_told_from_a_changed_file(run: Run) -> None:
    data = run.signed(certificate(ends=timedelta(seconds=4)))
    time.sleep(5.5)  # certificates end with a whole second
    told = run(data)
    assert told.exit_code == 6
    assert "The signer's certificate has ended" in told.stdout
    assert "changed" not in told.stdout


MARKED = {
    "webp": lambda: encode_webp(np.zeros((64, 64, 3), np.uint8), source=SourceType.MADE),
    "jpeg": lambda: encode_jpeg(np.zeros((64, 64, 3), np.uint8), source=SourceType.MADE),
    "png": lambda: encode_png(np.zeros((64, 64, 3), np.uint8), source=SourceType.MADE),
    "a stream": lambda: marked_init(coded()[0], SourceType.MADE),
    **{
        name: lambda name=name: encode_whole(name, np.zeros(RATE, np.float32))
        for name in ("mp3", "opus", "flac")
    },
}


@pytest.mark.parametrize("name", MARKED)
def test_a_plain_mark_is_told_as_what_anybody_can_write(run: Run, name: str) -> None:
    told = run(MARKED[name]())
    assert told.exit_code == 4
    assert "AI made it" in told.stdout
    assert "anybody can write or remove it" in told.stdout


def test_a_file_that_says_nothing_may_be_anything(run: Run) -> None:
    told = run(picture())
    assert told.exit_code == 5
    assert "It may be anything" in told.stdout


def test_programs_get_all_of_it(run: Run) -> None:
    told = run.json(run.signed(certificate()))
    assert (told["verdict"], told["by_ai"], told["kind"]) == ("untrusted", True, "image/png")
    stated = told["credentials"]
    assert isinstance(stated, dict)
    assert stated["signer"] == NAME
    assert stated["sources"] == ["compositeWithTrainedAlgorithmicMedia"]
    assert [maker["engine"] for maker in stated["makers"]] == ["Warp", "hibari"]
    assert run.json(picture())["credentials"] is None


def test_credentials_that_lie_elsewhere_are_not_fetched(run: Run) -> None:
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def listen() -> None:
            try:
                server.accept()
                called.set()
            except OSError:
                return

        listening = threading.Thread(target=listen)
        listening.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/manifest"
        told = run(elsewhere(address))
    listening.join()
    assert told.exit_code == 7, told.stdout
    assert address in told.stdout
    assert not called.is_set()


def elsewhere(address: str) -> bytes:
    brought = certificate()
    out = io.BytesIO()
    info = C2paSignerInfo("es256", brought.chain.encode(), brought.key.encode(), None)
    action = {"action": "c2pa.created", "digitalSourceType": SourceType.MADE.uri}
    definition = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}]}
    source = io.BytesIO(encode_jpeg(np.zeros((64, 64, 3), np.uint8)))
    with (
        Context(signer=Signer.from_info(info)) as context,
        Builder.from_json(definition, context=context) as builder,
    ):
        builder.set_no_embed()
        builder.set_remote_url(address)
        builder.sign("image/jpeg", source, out)
    return out.getvalue()


def test_a_files_words_steer_no_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "NAME", "Evil\x1b[2J\x07\nSigned by the Queen")
    told = run(run.signed(certificate()))
    assert told.exit_code == 3
    assert not {"\x1b", "\x07"} & set(told.stdout)
    assert "\nSigned by the Queen" not in told.stdout


def test_hostile_files_are_refused_or_told_apart_and_break_nothing(run: Run) -> None:
    whole = run.signed()
    dice = np.random.default_rng(5)
    files = [b"", b"\0" * 100, b"RIFF", b"\x89PNG\r\n\x1a\n", dice.bytes(5000), whole[:16] * 900]
    files += [whole[: int(len(whole) * share)] for share in (0.1, 0.4, 0.8)]
    for _ in range(6):
        broken = bytearray(whole)
        for at in dice.integers(40, len(whole), 30):
            broken[at] = dice.integers(256)
        files.append(bytes(broken))
    for data in files:
        told = run(data)
        if told.exit_code == 1:
            assert told.exception is not None
            assert type(told.exception).__name__ == "AvatarError"
        else:
            assert told.exit_code in (4, 5, 6)


def test_what_holds_no_certificates_is_no_anchor(run: Run) -> None:
    anchors = run.folder / "anchors.pem"
    anchors.write_text("none")
    told = run(picture(), "--trust", str(anchors))
    assert told.exit_code == 1
    assert "no certificates" in str(told.exception)


def test_a_file_that_is_not_there_is_told_in_a_sentence(run: Run) -> None:
    told = CliRunner().invoke(run.app, [str(run.folder / "missing")])
    assert told.exit_code == 1
    assert "cannot be read" in str(told.exception)
