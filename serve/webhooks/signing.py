"""Signatures that tell a receiver who sent a message and when (Standard Webhooks 1.0).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
_SIZES: Final = range(24, 65)  # bytes, as the specification asks


def read_secrets(words: str) -> tuple[bytes, ...]:
    """The keys of one or more secrets, parted by spaces or commas.

    While a secret is replaced by another, both sign. Raises ValueError, which does not show them.
    """
    keys = []
    for secret in words.replace(",", " ").split():
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not secret.startswith(PREFIX) or len(key) not in _SIZES:
            raise ValueError(
                f"must be {PREFIX} and 24 to 64 random bytes in base64: "
                f'make one with echo "{PREFIX}$(openssl rand -base64 32)"'
            )
        keys.append(key)
    return tuple(keys)


def sign(secrets: Sequence[bytes], message_id: str, at: int, payload: bytes) -> dict[str, str]:
    """The headers of one try at a message, `at` Unix seconds."""
    signed = b".".join((message_id.encode(), str(at).encode(), payload))
    signatures = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(s).decode()}" for s in signatures),
    }
