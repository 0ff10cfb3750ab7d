"""How a remote store is spoken to."""

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from obstore.store import ClientConfig

CONNECT: Final = timedelta(seconds=2)
WHOLE: Final = timedelta(seconds=20)
"""For one request with its answer: a part of a file, or a stretch of one."""
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
"""An own server's address, which may lie in a network where it is spoken to in the clear."""


def client_options() -> "ClientConfig":
    """Bounds on every request, so that a store that is away is noticed in seconds."""
    in_the_clear = any(os.environ.get(name, "").startswith("http://") for name in _ENDPOINTS)
    return {"connect_timeout": CONNECT, "timeout": WHOLE, "allow_http": in_the_clear}
