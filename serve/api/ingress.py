"""The ingress on Ray Serve: the HTTP application in front of the stages' deployments."""

import asyncio
import contextvars
from typing import Any

from fastapi import FastAPI
from opentelemetry import context as traces
from ray import serve
from ray.serve.context import _get_serve_request_context, _set_request_context
from ray.serve.handle import DeploymentHandle
from ray.util.metrics import Counter

from serve import logs, spans
from serve.access.keys import Access
from serve.api.app import create_app
from serve.api.background import Background
from serve.api.services import Services, open_services
from serve.handles import Deployed, HandleStages
from serve.settings import Settings


@serve.deployment(name="Ingress", max_ongoing_requests=1000)
@serve.ingress()
class Ingress:
    """Any replica answers any request: what lasts lies in the database and the artifacts."""

    def __init__(
        self,
        portrait: DeploymentHandle[Any],
        face: DeploymentHandle[Any],
        speech: DeploymentHandle[Any],
        encode: DeploymentHandle[Any],
        cloning: DeploymentHandle[Any],
        director: DeploymentHandle[Any],
        deployed: Deployed,
        access: Access = "keys",
    ) -> None:
        logs.set_up()
        self._refusals = Counter(
            "avatar_refusals", "Requests answered by an error.", tag_keys=("code",)
        )
        self._cancelled = Counter(
            "avatar_jobs_cancelled", "Videos stopped before they were over.", tag_keys=("reason",)
        )
        self._disallowed = Counter(
            "avatar_policy_refusals", "Words that the policy refused.", tag_keys=("rule",)
        )
        self._access = access
        application = serve.get_replica_context().app_name
        self._stages = HandleStages(
            portrait,
            face,
            speech,
            encode,
            director,
            serve.get_deployment_handle("Lipsync", application),
            deployed=deployed,
            to_cloning=cloning,
        )

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Serve calls it after __init__; the app opens its services in the replica's own loop."""
        return create_app(
            self._open,
            access=self._access,
            cors_origins=Settings().cors_origins,
            shows_request_id=False,  # Serve's proxy does
            refused=lambda code: self._refusals.inc(tags={"code": code}),
        )

    async def _open(self) -> Services:
        return await open_services(
            Settings(),
            self._stages,
            Background(context=_begun_here),
            cancelled=lambda reason: self._cancelled.inc(tags={"reason": reason}),
            disallowed=lambda rule: self._disallowed.inc(tags={"rule": rule}),
        )

    async def __del__(self) -> None:
        await asyncio.to_thread(spans.send_last)


def _begun_here() -> contextvars.Context:
    """For work that outlives its request: of the request it has the id and the trace, no more.

    Serve's context as a whole would have the work's calls cancelled when the request ends.
    """
    request_id, trace = _get_serve_request_context().request_id, traces.get_current()
    fresh = contextvars.Context()
    fresh.run(_set_request_context, request_id=request_id)
    fresh.run(traces.attach, trace)
    return fresh
