"""Signing in on the page: a browser's access key, kept in a cookie that scripts can't read."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from serve.access import callers
from serve.access.callers import ANYBODY, Caller
from serve.access.keys import Access, Scope
from serve.api import openapi
from serve.api.gate import COOKIE, key_of
from serve.api.services import Services, base_of
from serve.api.videos import Using
from serve.jobs import quotas
from serve.jobs.database import clock

router = APIRouter(prefix="/v1/session", tags=["system"])

SIGNED_IN: Final = 30 * 86_400
"""Seconds that a browser stays signed in."""


class SignIn(BaseModel):
    """Whom to sign in."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=200, description="An access key.")


class Quota(BaseModel):
    """What may be had; `null`: as much as there is."""

    seconds_a_day: float | None
    active_jobs: int | None


class Used(BaseModel):
    """What was had today (UTC)."""

    seconds: float = Field(description="Of video, made and expected.")
    active_jobs: int = Field(description="Queued or being made now.")


class Session(BaseModel):
    """Whose key it is, and what it lets them have."""

    object: str = "session"
    access: Access = Field(description="open: everybody is let in.")
    name: str
    scope: Scope
    quota: Quota
    used: Used


@router.get(
    "",
    operation_id="get_session",
    summary="Whose key is it?",
    responses=openapi.errors("unauthorized"),
)
async def get_session(request: Request, services: Using) -> Session:
    """What the key that came with the request is, and how much of its quota is used."""
    caller = request.state.caller
    if caller is None:
        caller = await callers.let_in(services.database, key_of(request.headers))
    return await _session(services, caller)


@router.post(
    "",
    operation_id="sign_in",
    summary="Sign a browser in",
    responses=openapi.errors("unauthorized", "invalid_request"),
)
async def sign_in(
    request: Request, response: Response, services: Using, wanted: Annotated[SignIn, Body()]
) -> Session:
    """Keep an access key in a cookie, so that pictures and videos come by it too."""
    caller = await callers.let_in(services.database, wanted.key.strip())
    response.set_cookie(
        COOKIE,
        wanted.key.strip(),
        max_age=SIGNED_IN,
        secure=base_of(request, services.settings).startswith("https:"),
        httponly=True,
        samesite="strict",
    )
    return await _session(services, caller)


@router.delete("", status_code=204, operation_id="sign_out", summary="Sign a browser out")
async def sign_out() -> Response:
    """Have the browser forget its key."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _session(services: Services, caller: Caller) -> Session:
    async with services.database.read() as session:
        used = await quotas.used(session, caller.owner, await clock(session))
    return Session(
        access="open" if caller is ANYBODY else "keys",
        name=caller.name,
        scope=caller.scope,
        quota=Quota(seconds_a_day=caller.quota.seconds_a_day, active_jobs=caller.quota.active_jobs),
        used=Used(seconds=round(used.seconds, 1), active_jobs=used.active_jobs),
    )
