"""The header Idempotency-Key: a creating call that is repeated is answered, not done again.

A creating route takes `key: RepeatKey` and wraps its making in `once`.
"""

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from anyio.to_thread import run_sync
from fastapi import Depends, Header, Request
from pydantic import BaseModel

from media.errors import AvatarError
from serve.api.errors import where
from serve.api.services import Services, owner_of
from serve.api.uploads import Upload
from serve.jobs import idempotency
from serve.jobs.idempotency import Asked, Hold, Limits, Note, under_way

log = logging.getLogger(__name__)

HOLD: Final = 10.0
"""Seconds after which a request that died frees its key; one at work renews its hold."""
WAIT: Final = 30.0
"""Seconds that a repeat waits for the answer of a request that is under way."""
REPLAYED: Final = {"Idempotent-Replayed": "true"}
"""Headers of an answer to a call that made nothing."""

_LOOK: Final = (0.05, 0.5)  # seconds between two looks: the first pause, doubled up to the second
_LONGEST: Final = 255

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Repeatable:
    """Which call it is, whose, and the key that it came under, if any."""

    owner: str
    call: str
    """Method, path and query."""
    key: str | None


def repeatable(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            json_schema_extra={"pattern": r"^[ -~]{1,255}$"},
            description="Of your own making, 1 to 255 printable ASCII characters, such as a UUID. "
            "The same request under the same key is done once and answered each time, later with "
            "the header `Idempotent-Replayed: true`. Keys are kept for a day.",
        ),
    ] = None,
) -> Repeatable:
    """The call's key. Raises AvatarError `invalid_request` for one that is none."""
    given = request.headers.getlist("idempotency-key")
    if len(given) > 1 or not all(map(_is_key, given)):
        raise AvatarError(
            "invalid_request",
            f"Idempotency-Key must be 1 to {_LONGEST} printable ASCII characters, given once.",
            param="Idempotency-Key",
        )
    query = json.dumps(sorted(request.query_params.multi_items()))
    call = f"{request.method} {request.url.path} {query}"
    return Repeatable(owner_of(request), call, idempotency_key)


def _is_key(key: str) -> bool:
    return 0 < len(key) <= _LONGEST and key.isascii() and key.isprintable()


RepeatKey = Annotated[Repeatable, Depends(repeatable)]


async def is_repeat(services: Services, repeat: Repeatable) -> bool:
    """True where the key is in use already: what it stands for takes no new place in the queue."""
    return repeat.key is not None and await idempotency.is_known(
        services.database, repeat.owner, repeat.key
    )


FAULTS: Final = ("idempotency_conflict", "not_finished", "not_found")
"""What `once` raises, by itself or from `find`: codes that each of its calls describes."""


async def once(
    services: Services,
    repeat: Repeatable,
    wanted: BaseModel,
    *,
    make: Callable[[Note | None], Awaitable[T]],
    find: Callable[[str], Awaitable[T]],
) -> tuple[T, dict[str, str]]:
    """What `make` makes, or what was made before under the same key; and headers of the answer.

    `make` gets what it must call in the transaction that makes the thing, with the thing's id;
    what it raises leaves the key free. `find` looks the thing up as it is now: its `not_found`
    says that it was removed since. Raises AvatarError `idempotency_conflict` where the key is
    another request's, and `not_finished` where the first request takes too long.
    """
    if repeat.key is None:
        return await make(None), {}
    asked = Asked(repeat.owner, repeat.key, await run_sync(_meaning, repeat.call, wanted))
    found = await _take(services, asked)
    if isinstance(found, str):
        return await find(found), REPLAYED
    async with _held(services, found):
        return await make(found.complete), {}


async def _take(services: Services, asked: Asked) -> Hold | str:
    """The hold, or the id of what is there; waits for a request that is under way."""
    limits = Limits(HOLD, services.settings.idempotency_seconds)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT
    pause, longest = _LOOK
    while (found := await idempotency.take(services.database, asked, limits)) is None:
        if loop.time() > deadline:
            raise under_way()
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)
    return found


@asynccontextmanager
async def _held(services: Services, hold: Hold) -> AsyncIterator[None]:
    """Keep the hold while the block runs; free the key where the block raises."""
    renewing = services.background.start(_renew(services, hold))
    try:
        yield
    except BaseException:
        # Also where the client left: what is still being accepted then completes the key.
        await services.background.finish(_let_go(services, hold))
        raise
    finally:
        renewing.cancel()


async def _renew(services: Services, hold: Hold) -> None:
    while True:
        await asyncio.sleep(HOLD / 3)
        try:
            await idempotency.renew(services.database, hold, HOLD)
        except AvatarError as error:  # the hold may outlast it; if not, completing finds out
            log.warning("an idempotency key was not renewed: %s", where(error))


async def _let_go(services: Services, hold: Hold) -> None:
    try:
        await idempotency.let_go(services.database, hold)
    except AvatarError as error:  # it runs out by itself; the request's own fault is what counts
        log.warning("an idempotency key was not freed: %s", where(error))


def _meaning(call: str, wanted: BaseModel) -> str:
    """sha256 of the call and its fields, the same for JSON and forms; files by their content.

    Fields at their defaults are left out, so that a release with new ones knows older keys.
    """
    fields = {
        name: _plain(getattr(wanted, name))
        for name, about in type(wanted).model_fields.items()
        if getattr(wanted, name) != about.get_default(call_default_factory=True)
    }
    words = json.dumps([call, fields], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if not isinstance(value, Upload):
        return value
    # Unbuffered, as others move this file's position too.
    with open(os.dup(value.file.fileno()), "rb", buffering=0) as file:
        file.seek(0)
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
