"""How the service is: alive, ready, and what it runs on."""

import asyncio
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from media.errors import AvatarError
from serve.access import links
from serve.access.callers import ANYBODY
from serve.api import openapi
from serve.api.background import within
from serve.api.errors import error_response
from serve.api.services import Services
from serve.api.videos import Using
from serve.jobs import records
from serve.marking.signer import open_signer
from serve.settings import Settings
from serve.weights.manifest import needed
from serve.weights.store import WeightsStore, open_store

router = APIRouter(tags=["system"])

ANSWER_SECONDS: Final = 8.0
"""How long the stages may take to say how they are."""

READY: Final = frozenset({"ready", "at_zero", "off"})
"""States in which a stage takes calls; at zero, the first call starts it. A stage that the config
gives no engine is off, which keeps nobody from working."""


@router.get("/healthz", operation_id="healthz", summary="Alive?")
async def healthz() -> dict[str, str]:
    """Answers as long as this replica runs."""
    return {"status": "ok"}


@router.get(
    "/readyz", operation_id="readyz", summary="Ready?", responses=openapi.errors("overloaded")
)
async def readyz(services: Using) -> Response:
    """200 when every stage takes calls and the records can be read, else 503 with what is not."""
    await records.counts(services.database)
    stages = await within(ANSWER_SECONDS, services.stages.about())
    states = {name.lower(): about.get("state") for name, about in stages.items()}
    waiting = sorted(name for name, state in states.items() if state not in READY)
    if not waiting:
        return JSONResponse({"status": "ready", "stages": states})
    sentence = f"Not ready yet: {', '.join(waiting)}. Ask again in a moment."
    return error_response(AvatarError("overloaded", sentence, details={"stages": states}))


@router.get("/v1/system", operation_id="get_system", summary="Engines, licences, queue, limits")
async def get_system(request: Request, services: Using) -> dict[str, Any]:
    """What makes the videos, under which licences, who signs them, how busy it is; what it asks."""
    store = open_store(services.settings)
    about = await within(ANSWER_SECONDS, services.stages.about())
    stages = await asyncio.to_thread(
        lambda: {name.lower(): _stage(told, store) for name, told in about.items()}
    )
    return {
        "object": "system",
        "version": version("avatar-serve"),
        "stages": stages,
        "queue": await _queue(services),
        "jobs": await records.kept(services.database),
        "links": links.signs(services.settings),
        "marking": await asyncio.to_thread(_marking, services.settings),
        "access": "open" if request.state.caller is ANYBODY else "keys",
        "policy": services.settings.policy or None,
        "photo_consent": services.settings.photo_consent,
        "limits": _limits(services),
    }


def _marking(settings: Settings) -> dict[str, Any]:
    """Who signs what is given out, until when; or why nobody can."""
    try:
        signer = open_signer(settings)
    except AvatarError as error:
        return {"signer": None, "problem": error.message}
    return {
        "signer": signer.name,
        "development": signer.development,
        "expires_at": int(signer.expires.timestamp()),
    }


async def _queue(services: Services) -> dict[str, float]:
    counts = await records.counts(services.database)
    oldest = await records.queue_seconds(services.database)
    return {**counts, "oldest_seconds": round(oldest, 1)}


def _stage(about: Mapping[str, Any], store: WeightsStore) -> dict[str, Any]:
    """What a stage says of itself, its weights with their licences.

    A stage at zero says nothing: the manifest knows what its engine will load.
    """
    loads = [
        name
        for one in (about, about.get("check") or {})
        for name in needed(store.manifest, one.get("engine") or "", one.get("options") or {})
    ]
    weights = [_weights(name, store) for name in about.get("weights", loads)]
    uses = {entry["commercial_use"] for entry in weights}
    worst = next((use for use in ("no", "unclear") if use in uses), "yes")
    return {**about, "weights": weights, "commercial_use": worst}


def _weights(name: str, store: WeightsStore) -> dict[str, str]:
    """What the manifest says of weights, and how they look on this replica's own machine."""
    entry = store.manifest.get(name)
    if entry is None:  # an engine of the operator's own
        return {"name": name, "licence": "unknown", "commercial_use": "unclear"}
    told = {
        "name": name,
        "licence": entry.licence,
        "commercial_use": str(entry.commercial_use),
        "provenance": entry.provenance,
    }
    try:
        here = store.glance(name)
    except AvatarError as error:  # pins that cannot be read
        return {**told, "here": "damaged", "remedy": error.message}
    if here.status == "ok":
        return {**told, "here": "ok"}
    return {**told, "here": here.status, "file": str(here.file), "remedy": store.remedy(here)}


def _limits(services: Services) -> dict[str, float]:
    settings = services.settings
    return {
        "active_videos": settings.max_active_jobs,
        "active_voices": settings.max_active_voices,
        "upload_bytes": settings.max_upload_bytes,
        "picture_pixels": settings.max_picture_pixels,
        "sound_seconds": settings.max_sound_seconds,
        "text_characters": settings.max_text_characters,
    }
