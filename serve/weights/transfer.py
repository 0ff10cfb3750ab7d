"""Streaming a file from a URL: resumed where it was cut, with progress."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # every replica has this module, few fetch: httpx brings a terminal's library
    import httpx

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""

ATTEMPTS: Final = 6
"""Tries at one file before the rest is left for the next run."""

_PAUSE: Final = 0.25
"""Seconds before the second try; doubles with each further one."""

# Where pip and its relatives are told of a company's own certificate authority.
_CA_VARIABLES: Final = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

# Answers that may be better a moment later: request timeout, too early, too many requests.
_TRY_AGAIN: Final = (408, 425, 429)


class SourceError(Exception):
    """A source could not give an archive; the text says why, for a person."""


class StreamRefusedError(SourceError):
    """The server gave no byte: another client with other credentials may do better."""


def make_client() -> httpx.Client:
    """An HTTP client that trusts and goes through what pip's environment says.

    Raises:
        StreamRefusedError: when a certificate bundle named there cannot be read.
    """
    import httpx

    bundles = (os.environ.get(name, "") for name in _CA_VARIABLES)
    bundle = next((path for path in bundles if path and Path(path).is_file()), None)
    proxy = os.environ.get("PIP_PROXY")
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    try:
        return httpx.Client(
            verify=ssl.create_default_context(cafile=bundle) if bundle else True,
            proxy=proxy,
            follow_redirects=True,
            timeout=httpx.Timeout(30.0),
        )
    except ssl.SSLError as error:
        raise StreamRefusedError(f"{bundle or 'SSL_CERT_FILE'} holds no certificates") from error


def stream(client: httpx.Client, url: str, part: Path, size: int, progress: Progress) -> None:
    """Fetch `size` bytes into `part`, going on from the bytes that it already holds.

    Resuming follows RFC 9110, section 14 (Range, Content-Range); a server without it starts
    again. The content is not checked here: the caller knows the sha256.

    Raises:
        StreamRefusedError: when no byte came.
        SourceError: when the connection kept breaking, or the file is longer than `size`.
    """
    import httpx

    start = _length(part)
    reason = "the connection kept breaking"
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(_PAUSE * 2 ** (attempt - 1))
        try:
            _stream_once(client, url, part, size, progress)
        except httpx.HTTPStatusError as error:
            reason = f"the server answered {error.response.status_code}"
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
        if _length(part) == size:
            return
    if _length(part) <= start:
        raise StreamRefusedError(reason)
    raise SourceError(f"{reason} ({_length(part)} of {size} bytes came; a new try goes on there)")


def _stream_once(client: httpx.Client, url: str, part: Path, size: int, progress: Progress) -> None:
    have = _length(part)
    if have == size:
        progress(size, size)
        return
    if have > size:
        have = 0  # of another file: nothing of it can be used
    # Without "identity" a server may compress, and the range would count compressed bytes.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", url, headers=headers) as response:
        _check(response)
        have = have if _resumes(response, have) else 0
        with part.open("ab" if have else "wb") as file:
            for chunk in response.iter_raw():
                have += len(chunk)
                if have > size:
                    part.unlink()
                    raise SourceError(f"the file is longer than the {size} bytes of the manifest")
                file.write(chunk)
                progress(have, size)


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_client_error and status not in _TRY_AGAIN:
        raise StreamRefusedError(f"the server answered {status}")
    response.raise_for_status()


def _resumes(response: httpx.Response, have: int) -> bool:
    """True when the body goes on at byte `have`; a plain 200 holds the file from its start."""
    if response.status_code != HTTPStatus.PARTIAL_CONTENT:
        return False
    if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        raise StreamRefusedError("the server sent another range than was asked for")
    return True


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
