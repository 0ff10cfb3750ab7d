"""A time-stamping authority of the tests' own (RFC 3161) by OpenSSL's command; a silent one."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certificates import certificate
from tests.local_server import answering

_CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1
"""


@contextmanager
def authority(folder: Path) -> Iterator[str]:
    """Its address; it is gone when the block ends."""
    folder.mkdir()
    _certificate(folder)
    (folder / "serial").write_text("01\n")
    (folder / "config").write_text(_CONFIG.format(folder=folder))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / f"{id(self)}.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["content-length"])))
            command = ["openssl", "ts", "-reply", "-config", "config", "-queryfile", str(query)]
            command += ["-signer", "chain.pem", "-inkey", "key.pem", "-chain", "root.pem"]
            reply = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            return

    with answering(Handler) as address:
        yield f"{address}/"


@contextmanager
def silent() -> Iterator[str]:
    """The address of one that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def _certificate(folder: Path) -> None:
    made = certificate(
        purpose=ExtendedKeyUsageOID.TIME_STAMPING,
        new_key=lambda: rsa.generate_private_key(65537, 2048),
    )
    for name, pem in (("chain", made.chain), ("key", made.key), ("root", made.root)):
        (folder / f"{name}.pem").write_text(pem)
