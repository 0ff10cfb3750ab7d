"""A client of an application that wants keys, and keys to it."""

from dataclasses import dataclass

import httpx

from serve.access.keys import Scope, new_key
from serve.api.services import Services
from serve.jobs import access_keys
from serve.jobs.quotas import UNLIMITED, Quota


@dataclass(frozen=True)
class Keyed:
    """The application behind its gate, and keys to it."""

    http: httpx.AsyncClient
    services: Services

    async def key(
        self,
        owner: str,
        scope: Scope = "write",
        quota: Quota = UNLIMITED,
        stands: float | None = None,
    ) -> dict[str, str]:
        """The header of a new key."""
        made = new_key()
        await access_keys.create(
            self.services.database,
            key_id=made.id,
            digest=made.digest,
            name="a key",
            scope=scope,
            owner=owner,
            quota=quota,
            stands=stands,
        )
        return {"authorization": f"Bearer {made.text}"}
