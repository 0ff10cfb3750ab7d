"""Streaming from a server that cuts, refuses and misbehaves."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from weights_registry import Registry, running_registry, some_bytes

from serve.weights import transfer
from serve.weights.transfer import SourceError, StreamRefusedError, make_client, stream

DATA = some_bytes(300_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setattr(transfer, "_PAUSE", 0.001)
    with running_registry() as running:
        running.publish("pack", "pack.whl", DATA)
        yield running


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, follow_redirects=True) as client:
        yield client


def fetch(
    client: httpx.Client, server: Registry, part: Path, size: int = len(DATA)
) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    stream(client, f"{server.url}/files/pack.whl", part, size, lambda *now: seen.append(now))
    return seen


def test_progress_counts_up_to_the_size(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    seen = fetch(client, server, tmp_path / "part")
    done = [now for now, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (len(DATA), len(DATA))
    assert (tmp_path / "part").read_bytes() == DATA


def test_a_cut_connection_is_resumed_where_it_broke(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    server.cuts = [100_000, 50_000]
    fetch(client, server, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA
    assert [asked for _, asked in server.asked] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_server_without_ranges_starts_again(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    server.ranges = False
    server.cuts = [100_000]
    fetch(client, server, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


def test_what_an_earlier_run_left_is_used(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    (tmp_path / "part").write_bytes(DATA[:200_000])
    seen = fetch(client, server, tmp_path / "part")
    assert server.asked == [("pack.whl", "bytes=200000-")]
    assert seen[0][0] > 200_000
    assert (tmp_path / "part").read_bytes() == DATA


def test_a_complete_part_asks_the_server_nothing(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    (tmp_path / "part").write_bytes(DATA)
    assert fetch(client, server, tmp_path / "part") == [(len(DATA), len(DATA))]
    assert server.asked == []


def test_a_part_that_is_too_long_is_thrown_away(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    (tmp_path / "part").write_bytes(DATA + b"more")
    fetch(client, server, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


def test_a_file_longer_than_declared_is_not_written_on(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="longer than the 1000 bytes"):
        fetch(client, server, tmp_path / "part", size=1000)
    assert not (tmp_path / "part").exists()


def test_a_file_shorter_than_declared_is_an_error(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    with pytest.raises(SourceError):
        fetch(client, server, tmp_path / "part", size=len(DATA) + 1)


def test_a_busy_server_is_asked_again(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    server.statuses = [503, 429]
    fetch(client, server, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA


def test_a_server_that_stays_down_is_reported_with_its_answer(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    server.statuses = [503] * transfer.ATTEMPTS
    with pytest.raises(StreamRefusedError, match="the server answered 503"):
        fetch(client, server, tmp_path / "part")


def test_a_refusal_is_final(client: httpx.Client, server: Registry, tmp_path: Path) -> None:
    server.statuses = [403]
    with pytest.raises(StreamRefusedError, match="the server answered 403"):
        fetch(client, server, tmp_path / "part")
    assert len(server.asked) == 1


def test_a_connection_that_always_breaks_keeps_what_came(
    client: httpx.Client, server: Registry, tmp_path: Path
) -> None:
    server.cuts = [1000] * transfer.ATTEMPTS
    with pytest.raises(SourceError, match=r"6000 of 300000 bytes came; a new try goes on there"):
        fetch(client, server, tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == DATA[:6000]


def test_the_certificate_authority_of_pip_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str | None] = []
    real = ssl.create_default_context

    def spy(*, cafile: str | None = None) -> ssl.SSLContext:
        asked.append(cafile)
        return real()

    monkeypatch.setattr(ssl, "create_default_context", spy)
    bundle = tmp_path / "company.pem"
    bundle.write_text("")
    monkeypatch.setenv("PIP_CERT", str(bundle))
    make_client().close()
    assert asked == [str(bundle)]


def test_an_unreadable_certificate_bundle_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text("not a certificate")
    monkeypatch.setenv("PIP_CERT", str(bundle))
    with pytest.raises(StreamRefusedError, match=r"company\.pem holds no certificates"):
        make_client()


def test_the_proxy_of_pip_is_gone_through(
    monkeypatch: pytest.MonkeyPatch, server: Registry, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_PROXY", server.url.removeprefix("http://"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    # A proxy is asked for the whole URL: this server knows the file under that name.
    server.files["http://nowhere.invalid/files/pack.whl"] = b"<by proxy>"
    with make_client() as client:
        stream(client, "http://nowhere.invalid/files/pack.whl", tmp_path / "p", 10, lambda *_: None)
    assert (tmp_path / "p").read_bytes() == b"<by proxy>"
