"""What the application itself is told by a Serve config, and where an open one may listen."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from serve.access.keys import Access


class Arguments(BaseModel):
    """`args` of the application in a Serve config."""

    model_config = ConfigDict(extra="forbid")

    access: Access = "keys"
    """Whom the ingress lets in: holders of access keys, or everybody who reaches it."""


def opened_too_far(config: Mapping[str, Any]) -> Iterator[str]:
    """A sentence where a Serve config lets everybody in, and others can reach it."""
    host = str(config.get("http_options", {}).get("host", "127.0.0.1"))
    opened = any(
        (application.get("args") or {}).get("access") == "open"
        for application in config["applications"]
    )
    if opened and not _is_loopback(host):
        yield (
            f"access is open, and {host} can be reached by other machines: leave --host out, or "
            "let holders of keys in alone (--access keys; `avatar-serve keys create NAME`)."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: where it leads is another's to say
        return False
