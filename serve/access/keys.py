"""Access keys: made once, shown once, kept as a hash.

A key is `avk_ID_SECRET`: 16 letters and digits that name its record, 43 of base64url (RFC 4648,
section 5) that hold 256 random bits. So many can't be guessed, and one round of SHA-256 keeps them:
slow hashes are for what people think of.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final, Literal

Access = Literal["keys", "open"]
"""Whom the service lets in: holders of keys, or everybody who reaches it."""
Scope = Literal["read", "write", "admin"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "admin")
"""Each may what those before it may: look; make, stop and remove; reach what any owner has."""

_KEY: Final = re.compile(r"avk_([a-z0-9]{16})_([A-Za-z0-9_-]{43})")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as its holder gets it, and what is kept of it."""

    id: str
    text: str
    digest: str


def new_key() -> NewKey:
    """A key that nobody has had before."""
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    secret = secrets.token_urlsafe(32)
    return NewKey(key_id, f"avk_{key_id}_{secret}", _digest(secret))


def split(text: str) -> tuple[str, str] | None:
    """The id that a key names and the digest of its secret; None for what is no key."""
    match = _KEY.fullmatch(text)
    return None if match is None else (match[1], _digest(match[2]))


def agree(kept: str, given: str) -> bool:
    """Whether two digests are one; how long it takes tells nothing of where they part."""
    return hmac.compare_digest(kept, given)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
