"""What k8s/ gives to a cluster: every overlay, rendered, against schemas and against itself."""

import os
import re
from pathlib import Path

import pytest
import yaml

from deployments import launch
from deployments.clustered import clustered
from serve.settings import Settings
from tests.contract.manifests import OUTSIDE, containers, faults, pods
from tests.contract.rendering import (
    K8S,
    OVERLAYS,
    ROOT,
    environment,
    of_kind,
    overlay,
    ray_service,
    render,
    worker_groups,
)
from tests.contract.schemas import schema_faults

GUIDE = (ROOT / "docs" / "04-clusters.md").read_text()
NEEDED = {
    "local-kind": {"NetworkPolicy ray-nodes", "NetworkPolicy redis", "StatefulSet redis"},
    "single-gpu": {"NetworkPolicy ray-nodes", "NetworkPolicy redis", "StatefulSet redis"},
    "production": {
        "NetworkPolicy ray-nodes",
        "NetworkPolicy clients-by-ingress",
        "NetworkPolicy scraping",
        "PodDisruptionBudget cpu",
        "PodDisruptionBudget gpu-small",
        "Ingress avatar",
        "ServiceMonitor ray-head",
        "PodMonitor ray-workers",
        "PrometheusRule avatar",
    },
    "production-incremental": {
        "NetworkPolicy ray-nodes",
        "NetworkPolicy clients-by-gateway",
        "PodDisruptionBudget cpu",
        "PrometheusRule avatar",
    },
}
"""What would not be missed by what is left."""

every_overlay = pytest.mark.parametrize("name", OVERLAYS)


@every_overlay
def test_an_overlay_is_without_fault(name: str) -> None:
    assert list(faults(overlay(name))) == []


@every_overlay
def test_an_overlay_has_what_nothing_else_would_miss(name: str) -> None:
    there = {f"{one['kind']} {one['metadata']['name']}" for one in overlay(name)}
    assert NEEDED[name] <= there


@every_overlay
def test_an_overlay_runs_the_config_that_it_is_made_from(name: str) -> None:
    documents = overlay(name)
    text = clustered(ROOT / "config" / OVERLAYS[name])
    assert ray_service(documents)["spec"]["serveConfigV2"] == text
    (mounted,) = (
        one["data"]["serve.yaml"]
        for one in of_kind(documents, "ConfigMap")
        if one["metadata"]["name"] == "avatar-serve-config"
    )
    assert mounted == text


@every_overlay
def test_an_overlay_keeps_every_worker_group(name: str) -> None:
    assert list(worker_groups(overlay(name))) == ["cpu", "gpu-small", "gpu-large"]


def test_a_merge_patch_would_have_lost_groups(tmp_path: Path) -> None:
    """Why the others are refused: what it names replaces the whole list."""
    base = os.path.relpath(K8S / "overlays" / "production", tmp_path)
    group = {"groupName": "cpu", "maxReplicas": 3}
    patch = {
        "apiVersion": "ray.io/v1",
        "kind": "RayService",
        "metadata": {"name": "avatar"},
        "spec": {"rayClusterConfig": {"workerGroupSpecs": [group]}},
    }
    kustomization = {"resources": [base], "patches": [{"patch": yaml.safe_dump(patch)}]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    documents = render(tmp_path)
    assert list(worker_groups(documents)) == ["cpu"]
    assert any("template" in fault for fault in faults(documents))


@pytest.mark.parametrize(
    "folder", sorted(K8S.rglob("kustomization.yaml")), ids=lambda p: p.parent.name
)
def test_lists_of_a_ray_service_are_changed_by_json_patches_only(folder: Path) -> None:
    kustomization = yaml.safe_load(folder.read_text())
    assert not {"patchesStrategicMerge", "patchesJson6902"} & set(kustomization)
    for patch in kustomization.get("patches", []):
        if patch["target"]["kind"] == "RayService":
            assert all("op" in operation for operation in yaml.safe_load(patch["patch"]))


@every_overlay
def test_ray_runs_by_the_same_settings_as_on_one_machine(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    launch.set_defaults()
    # Who starts Ray on one machine sets a token of its own; a cluster's comes from Kubernetes.
    assert os.environ.pop("RAY_AUTH_MODE") == "disabled"
    documents = overlay(name)
    assert os.environ.items() <= environment(documents).items()
    assert environment(documents)["RAY_SERVE_MAX_PER_REPLICA_RETRY_COUNT"] == "20"
    assert ray_service(documents)["spec"]["rayClusterConfig"]["authOptions"] == {"mode": "token"}


@every_overlay
def test_settings_are_ones_that_the_service_reads(name: str) -> None:
    known = {f"AVATAR_{field.upper()}" for field in Settings.model_fields}
    ours = {key: value for key, value in environment(overlay(name)).items() if "AVATAR_" in key}
    assert set(ours) <= known
    Settings.model_validate({key.removeprefix("AVATAR_").lower(): v for key, v in ours.items()})


def test_a_changed_setting_brings_up_a_new_ray_cluster_and_a_changed_serve_config_does_not() -> (
    None
):
    """Names of ConfigMaps are part of a pod's template: one follows its content."""
    names = {
        pod.place: [
            source["configMapRef"]["name"]
            for container in containers(pod.spec)
            for source in container["envFrom"]
            if "configMapRef" in source
        ]
        for pod in pods(overlay("production"))
    }
    other = {
        source["configMapRef"]["name"]
        for pod in pods(overlay("local-kind"))
        for source in pod.spec["containers"][0].get("envFrom", [])
        if "configMapRef" in source
    }
    (here,) = {name for found in names.values() for name in found}
    assert re.fullmatch(r"avatar-settings-\w+", here)
    assert here not in other


def test_an_upload_that_the_service_takes_passes_the_ingress() -> None:
    (ingress,) = of_kind(overlay("production"), "Ingress")
    notes = ingress["metadata"]["annotations"]
    sizes = [value for note, value in notes.items() if note.endswith("body-size")]
    assert len(sizes) == 2
    for size in sizes:
        assert int(size.removesuffix("m")) * 2**20 > Settings().max_upload_bytes + 2**20


def test_only_the_cluster_reaches_the_ports_by_which_code_can_be_run() -> None:
    """Clients reach 8000, Prometheus what it scrapes; all else is Ray's nodes' and KubeRay's."""
    for name in OVERLAYS:
        for policy in of_kind(overlay(name), "NetworkPolicy"):
            for rule in policy["spec"].get("ingress", []):
                ours = any(
                    "ray.io/is-ray-node" in peer.get("podSelector", {}).get("matchLabels", {})
                    or "kuberay-operator" in str(peer)
                    for peer in rule["from"]
                )
                open_ports = {port["port"] for port in rule.get("ports", [])}
                assert ours or (open_ports and open_ports <= {8000, 8080, 44217, 44227})


def test_the_guide_tells_of_every_secret_and_the_example_makes_the_database_s() -> None:
    assert all(f"`{name}`" in GUIDE for name in OUTSIDE)
    documents = render(K8S / "examples" / "postgres")
    assert [fault for one in documents for fault in schema_faults(one)] == []
    (cluster,) = of_kind(documents, "Cluster")
    # CloudNativePG's name for the Secret of the owner.
    assert f"{cluster['metadata']['name']}-app" in OUTSIDE
