"""A client of an application that wants keys, and keys to it."""

from dataclasses import dataclass
from typing import Any

import httpx

from serve.access.keys import Scope
from serve.api.services import Services
from tests.keyed import key_of


@dataclass(frozen=True)
class Keyed:
    """The application behind its gate, and keys to it."""

    http: httpx.AsyncClient
    services: Services

    async def key(self, owner: str, scope: Scope = "write", **terms: Any) -> dict[str, str]:
        """The header of a new key."""
        return {"authorization": f"Bearer {await key_of(self.services, owner, scope, **terms)}"}
