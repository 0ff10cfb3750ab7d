"""The ingress on Ray Serve: the HTTP application in front of the stages' deployments."""

from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.serve.handle import DeploymentHandle

from serve.api.app import create_app
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
    ) -> None:
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
        return create_app(self._open, shows_request_id=False)  # Serve's proxy does

    async def _open(self) -> Services:
        return await open_services(Settings(), self._stages)
