"""Who calls, and what for: the holder of an access key, or anybody where the service is open."""

from dataclasses import dataclass, field
from typing import Final

from media.errors import AvatarError
from serve.access import keys
from serve.access.keys import Scope
from serve.jobs import access_keys
from serve.jobs.database import Database
from serve.jobs.quotas import UNLIMITED, Quota


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in."""

    owner: str
    """Whose jobs, avatars and voices theirs are."""
    scope: Scope
    name: str = ""
    quota: Quota = field(default=UNLIMITED)

    @property
    def reaches(self) -> str | None:
        """The owner whose things they can name; None: anybody's."""
        return None if self.scope == "admin" else self.owner


ANYBODY: Final = Caller("local", "write")
"""Who calls an open service."""


async def let_in(database: Database, text: str) -> Caller:
    """Whose key it is. Raises AvatarError `unauthorized`."""
    parts = keys.split(text)
    kept = None if parts is None else await access_keys.find(database, parts[0])
    if parts is None or kept is None or not keys.agree(kept.digest, parts[1]):
        raise AvatarError(
            "unauthorized", "This access key is wrong, has ended or was revoked: use another one."
        )
    for scope in keys.SCOPES:
        if scope == kept.scope:
            quota = Quota(kept.seconds_a_day, kept.active_jobs)
            return Caller(kept.owner, scope, kept.name, quota)
    raise ValueError(f"key {kept.id} has a scope that this release does not know")


def require(caller: Caller, needed: Scope) -> None:
    """Raise AvatarError `forbidden` where the caller's key does not go that far."""
    if keys.SCOPES.index(caller.scope) < keys.SCOPES.index(needed):
        raise AvatarError(
            "forbidden", f"This access key may only {caller.scope}: use one that may {needed}."
        )
