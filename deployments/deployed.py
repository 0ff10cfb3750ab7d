"""What Serve's controller knows of the deployments beside this one."""

import asyncio
from collections.abc import Mapping
from typing import Any

from ray import serve
from ray.serve.context import _get_global_client
from ray.serve.schema import ReplicaState

from serve.handles import Running


async def deployed() -> Mapping[str, Running]:
    """Running replicas and configured engine by deployment, of this replica's application."""
    return await asyncio.to_thread(_deployed, serve.get_replica_context().app_name)


def _deployed(application: str) -> Mapping[str, Running]:
    client = _get_global_client()
    if client is None:
        return {}
    # An application that is being taken down is not listed any more.
    about_all = client.get_serve_details()["applications"].get(application, {})
    return {name: _running(about) for name, about in about_all.get("deployments", {}).items()}


def _running(about: Mapping[str, Any]) -> Running:
    config = about["deployment_config"].get("user_config") or {}
    return Running(
        sum(replica["state"] == ReplicaState.RUNNING for replica in about["replicas"]),
        config.get("engine"),
        config.get("options") or {},
        config.get("check"),
    )
