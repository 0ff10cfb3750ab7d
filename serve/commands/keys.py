"""The commands `avatar-serve keys create|list|revoke`: who is let in.

They work on the records' database that the settings name, beside a server or without one.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from media.errors import AvatarError
from serve.access.keys import Scope, new_key
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.jobs.database import Database
    from serve.jobs.models import AccessKey

keys_app = typer.Typer(help="Access keys: who is let in.", no_args_is_help=True)

_OWNER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_DAY: Final = 86_400

T = TypeVar("T")


@keys_app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, for your own lists.")],
    scope: Annotated[
        Scope, typer.Option(help="read: look. write: make and remove. admin: reach everybody's.")
    ] = "write",
    owner: Annotated[
        str | None,
        typer.Option(help="Whose videos, avatars and voices it reaches; default: new ones."),
    ] = None,
    seconds_a_day: Annotated[
        float | None, typer.Option(min=1, help="Seconds of video a day (UTC).")
    ] = None,
    active_jobs: Annotated[int | None, typer.Option(min=1, help="Videos at a time.")] = None,
    days: Annotated[float | None, typer.Option(min=0, help="Days until it ends.")] = None,
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    from serve.jobs import access_keys
    from serve.jobs.quotas import Quota

    if owner is not None and not _OWNER.fullmatch(owner):
        raise AvatarError(
            "invalid_request",
            "An owner is 1 to 64 letters, digits, '_', '.' or '-', the first a letter or digit.",
            param="owner",
        )
    made = new_key()
    asyncio.run(
        _in_records(
            lambda database: access_keys.create(
                database,
                key_id=made.id,
                digest=made.digest,
                name=name,
                scope=scope,
                owner=owner or made.id,
                quota=Quota(seconds_a_day, active_jobs),
                stands=None if days is None else days * _DAY,
            )
        )
    )
    sys.stdout.write(f"{made.text}\n")


@keys_app.command("list")
def list_keys() -> None:
    """Show all keys: id, owner, scope, quotas, until when, name."""
    from serve.jobs import access_keys

    for key in asyncio.run(_in_records(access_keys.everyone)):
        sys.stdout.write(f"{_line(key)}\n")


@keys_app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """Let nobody in by a key any more, from now on."""
    from serve.jobs import access_keys

    key = asyncio.run(_in_records(lambda database: access_keys.revoke(database, key_id)))
    sys.stdout.write(f"{_line(key)}\n")


async def _in_records(work: "Callable[[Database], Awaitable[T]]") -> T:
    from serve.jobs.database import open_records

    database = await open_records(Settings())
    try:
        return await work(database)
    finally:
        await database.close()


def _line(key: "AccessKey") -> str:
    quota = [
        f"{key.seconds_a_day:.0f} s a day" if key.seconds_a_day is not None else "",
        f"{key.active_jobs} at a time" if key.active_jobs is not None else "",
    ]
    if key.revoked_at is not None:
        state = f"revoked {_moment(key.revoked_at)}"
    elif key.expires_at is not None:
        state = f"until {_moment(key.expires_at)}"
    else:
        state = "good"
    words = (key.id, key.owner, key.scope, ", ".join(filter(None, quota)) or "no quota", state)
    return "  ".join((*words, key.name))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%MZ")
