"""The ingress on Ray Serve: the HTTP application in front of the stages' deployments."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.serve.context import _get_global_client
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ReplicaState

from serve.api.app import create_app
from serve.api.services import Services, open_services
from serve.handles import HandleStages, Running
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
        director: DeploymentHandle[Any],
    ) -> None:
        application = serve.get_replica_context().app_name
        self._stages = HandleStages(
            portrait,
            face,
            speech,
            encode,
            director,
            serve.get_deployment_handle("Lipsync", application),
            deployed=lambda: asyncio.to_thread(_deployed, application),
        )

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Serve calls it after __init__; the app opens its services in the replica's own loop."""
        return create_app(self._open, shows_request_id=False)  # Serve's proxy does

    async def _open(self) -> Services:
        return await open_services(Settings(), self._stages)


def _deployed(application: str) -> Mapping[str, Running]:
    """Replicas and configured engine by deployment, as the controller's details give them."""
    client = _get_global_client()
    if client is None:
        return {}
    deployments = client.get_serve_details()["applications"][application]["deployments"]
    return {
        name: Running(
            sum(replica["state"] == ReplicaState.RUNNING for replica in about["replicas"]),
            (about["deployment_config"].get("user_config") or {}).get("engine"),
        )
        for name, about in deployments.items()
    }
