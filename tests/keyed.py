"""Keys to an application that wants some."""

from serve.access.keys import Scope, new_key
from serve.api.services import Services
from serve.jobs import access_keys
from serve.jobs.quotas import UNLIMITED, Quota


async def key_of(
    services: Services,
    owner: str,
    scope: Scope = "write",
    quota: Quota = UNLIMITED,
    stands: float | None = None,
) -> str:
    """The text of a new key, good for `stands` seconds; None: for ever."""
    made = new_key()
    await access_keys.create(
        services.database,
        key_id=made.id,
        digest=made.digest,
        name="a key",
        scope=scope,
        owner=owner,
        quota=quota,
        stands=stands,
    )
    return made.text
