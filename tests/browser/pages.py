"""A page, on a server of the test's own that passes on what the service answers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx

from tests.local_server import answering
from tests.server import Server


@dataclass
class Site:
    """Where the page lies, what /stream.mp4 asks for, and the job that was made of it."""

    server: Server
    url: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    job: str = ""
    started: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    """The page itself; a stream for a <video>, which cannot POST; and the server's own answers."""

    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *arguments: Any) -> None:
        self.site = site
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.path == "/":
            page = (Path(__file__).parent / "player.html").read_bytes()
            self._send(200, {"Content-Type": "text/html"}, page)
        elif self.path == "/stream.mp4":
            self._stream()
        else:
            with self.site.server.client() as http:
                answer = http.get(self.path)
            kept = {"Content-Type": answer.headers.get("content-type", "text/plain")}
            self._send(answer.status_code, kept, answer.content)

    def _stream(self) -> None:
        url = f"{self.site.server.url}/v1/videos?stream=true"
        with httpx.stream(
            "POST", url, json=self.site.request, timeout=60, trust_env=False
        ) as answer:
            self.site.job = answer.headers["location"].rpartition("/")[2]
            self.site.started.set()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in answer.iter_raw():
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running_site(server: Server) -> Iterator[Site]:
    site = Site(server)
    with answering(partial(_Handler, site)) as address:
        site.url = address
        yield site
