"""Signed links: whoever has one sees one video until a moment, without a key.

A link's token is `v1.EXPIRES.SIGNATURE`: Unix seconds, and HMAC-SHA256 (RFC 2104) over the version,
the video's id and the seconds, in unpadded base64url (RFC 4648, section 5). Nothing is stored: a
link ends with its time, with its video, or with the secret.
"""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from typing import Final

from serve.secret_file import made_once
from serve.settings import Settings

LONGEST: Final = 30 * 86_400
"""Seconds that a link may stand at most."""

_VERSION: Final = "v1"
_TOKEN: Final = re.compile(rf"{_VERSION}\.([0-9]{{1,12}})\.([A-Za-z0-9_-]{{43}})")
_FILE: Final = "link_secret"
_SIZE: Final = 32  # bytes, as many as the signature has


def read_secrets(settings: Settings) -> tuple[bytes, ...]:
    """The secrets that links are checked by; the first one signs. None: there are no links.

    They are the setting's; without it, where everything lies in the data folder, a file there that
    is made when it is first needed. Several machines would each make their own.
    """
    if given := _given(settings):
        return given
    if not signs(settings):
        return ()
    return (made_once(settings.data_dir / _FILE, lambda: os.urandom(_SIZE)),)


def signs(settings: Settings) -> bool:
    """Whether links can be made here."""
    return bool(_given(settings)) or not (settings.database_url or settings.storage_url)


def sign(secret: bytes, video_id: str, expires: int) -> str:
    """The token of a link to a video that ends at `expires`, Unix seconds."""
    return f"{_VERSION}.{expires}.{_signature(secret, video_id, expires)}"


def stands(secrets: Sequence[bytes], video_id: str, token: str, now: float) -> bool:
    """Whether a token opens this video at this moment."""
    match = _TOKEN.fullmatch(token)
    if match is None or int(match[1]) <= now:
        return False
    expected = [_signature(secret, video_id, int(match[1])) for secret in secrets]
    # All are compared, so that the time taken does not tell which secret was nearly met.
    return any([hmac.compare_digest(match[2], signature) for signature in expected])


def ends(token: str) -> int:
    """When the link of a token that stands ends, in Unix seconds."""
    return int(token.split(".")[1])


def _given(settings: Settings) -> tuple[bytes, ...]:
    return tuple(word.encode() for word in settings.link_secret.get_secret_value().split())


def _signature(secret: bytes, video_id: str, expires: int) -> str:
    signed = f"{_VERSION}\n{video_id}\n{expires}".encode()
    digest = hmac.digest(secret, signed, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
