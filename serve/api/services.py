"""What the routes work with, opened once a replica."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from anyio import CapacityLimiter
from fastapi import Request

from media.errors import AvatarError
from serve.access.callers import Caller
from serve.api.background import Background
from serve.api.following import Following
from serve.api.gallery import GalleryAvatar, load_gallery
from serve.jobs.database import Database, open_records
from serve.marking.signer import told_of, tried_signer
from serve.policies.asking import Asking, open_policy
from serve.settings import Settings
from serve.stages import Stages
from serve.storage.artifacts import Artifacts, open_artifacts

_DECODERS = 2  # uploads decoded at once: each takes a core


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a route may use."""

    settings: Settings
    stages: Stages
    database: Database
    artifacts: Artifacts
    gallery: Mapping[str, GalleryAvatar]
    following: Following
    background: Background = field(default_factory=Background)
    decoding: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_DECODERS))
    cancelled: Callable[[str], None] = lambda reason: None
    """Hears of each video that a request stopped before it was over: `asked` or `deleted`."""
    policy: Asking | None = None
    """Asked about words before anything is made of them; None: all may be used."""

    async def close(self) -> None:
        """Stop background work, let go of the policy and of the database."""
        if self.policy is not None:
            self.policy.close()
        await self.background.close()
        await self.following.close()
        await self.database.close()


async def open_services(
    settings: Settings,
    stages: Stages,
    background: Background | None = None,
    cancelled: Callable[[str], None] = lambda reason: None,
    disallowed: Callable[[str], None] = lambda rule: None,
) -> Services:
    """Open the policy, the database, the artifacts and the gallery that the settings name.

    `disallowed` hears the rule of each refusal of the policy. Raises AvatarError `invalid_request`
    where nothing could be signed: nothing leaves unsigned.
    """
    told_of(await asyncio.to_thread(tried_signer, settings))
    policy = open_policy(settings, disallowed)
    database = await open_records(settings)
    return Services(
        settings=settings,
        stages=stages,
        database=database,
        artifacts=open_artifacts(settings.storage()),
        gallery=load_gallery(),
        following=Following(database),
        background=background or Background(),
        cancelled=cancelled,
        policy=policy,
    )


def services_of(request: Request) -> Services:
    """The services of the app that got the request."""
    services = request.app.state.services
    assert isinstance(services, Services)  # noqa: S101 - set by create_app
    return services


def caller_of(request: Request) -> Caller:
    """Who calls. Raises AvatarError `unauthorized` where only an access key would say."""
    caller = request.state.caller
    if caller is None:
        raise AvatarError("unauthorized", "A link opens one video's files alone: send a key.")
    assert isinstance(caller, Caller)  # noqa: S101 - set by the gate
    return caller


def owner_of(request: Request) -> str:
    """Whose request it is, for what is made and listed."""
    return caller_of(request).owner


def reach_of(request: Request) -> str | None:
    """Whose things the request can name by their ids; None: anybody's."""
    return caller_of(request).reaches


def base_of(request: Request, settings: Settings) -> str:
    """The service's address as the client knows it, without a slash at its end."""
    return (settings.public_url or str(request.base_url)).rstrip("/")
