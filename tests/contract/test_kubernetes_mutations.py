"""Manifests with one thing wrong: each is found, by its schema or by what they say together."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.contract.manifests import faults
from tests.contract.rendering import Document, of_kind, overlay, ray_service, worker_groups


def group(documents: list[Document], name: str) -> Document:
    return worker_groups(documents)[name]


def pod_of(documents: list[Document], name: str) -> Document:
    spec: Document = group(documents, name)["template"]["spec"]
    return spec


def container(documents: list[Document]) -> Document:
    found: Document = pod_of(documents, "cpu")["containers"][0]
    return found


def cluster(documents: list[Document]) -> Document:
    found: Document = ray_service(documents)["spec"]["rayClusterConfig"]
    return found


def without(documents: list[Document], kind: str, name: str) -> None:
    (found,) = (d for d in of_kind(documents, kind) if d["metadata"]["name"].startswith(name))
    documents.remove(found)


def in_config(documents: list[Document], change: Callable[[dict[str, Any]], object]) -> None:
    spec = ray_service(documents)["spec"]
    config = yaml.safe_load(spec["serveConfigV2"])
    stages = {one["name"]: one for one in config["applications"][0]["deployments"]}
    change(stages)
    spec["serveConfigV2"] = yaml.safe_dump(config)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        # typos
        (lambda d: cluster(d).update(rayVersoin="2.60.0"), "'rayVersoin' was unexpected"),
        (lambda d: group(d, "cpu").update(maxReplica=3), "'maxReplica' was unexpected"),
        (lambda d: container(d).update(volumeMount=[]), "'volumeMount' was unexpected"),
        (lambda d: container(d)["livenessProbe"].update(perioSeconds=1), "'perioSeconds'"),
        (lambda d: of_kind(d, "Ingress")[0]["spec"].update(rule=[]), "'rule' was unexpected"),
        (
            lambda d: of_kind(d, "PodDisruptionBudget")[0]["spec"].update(minAvailabel=1),
            "'minAvailabel' was unexpected",
        ),
        (lambda d: of_kind(d, "PrometheusRule")[0]["spec"].update(group=[]), "'group' was unexp"),
        (lambda d: of_kind(d, "Ingress")[0].update(kind="Ingres"), "is no kind of Kubernetes"),
        # wrong types and values
        (lambda d: group(d, "cpu").update(maxReplicas="10"), "is not of type 'integer'"),
        (lambda d: group(d, "cpu")["resources"].update(CPU=14), "is not of type 'string'"),
        (lambda d: cluster(d)["authOptions"].update(mode="none"), "is not one of"),
        (lambda d: container(d)["ports"][0].update(containerPort="x"), "is not of type 'integer'"),
        (lambda d: of_kind(d, "PriorityClass")[0].update(value="high"), "is not of type"),
        (lambda d: cluster(d).pop("headGroupSpec"), "'headGroupSpec' is a required property"),
        # missing resources
        (lambda d: without(d, "PersistentVolumeClaim", "weights"), "PersistentVolumeClaim weights"),
        (lambda d: without(d, "ConfigMap", "avatar-settings"), "ConfigMap avatar-settings"),
        (lambda d: without(d, "ConfigMap", "avatar-serve-config"), "ConfigMap avatar-serve-config"),
        (lambda d: without(d, "PriorityClass", "avatar-head"), "PriorityClass avatar-head"),
        (lambda d: without(d, "ServiceAccount", "avatar-stages"), "ServiceAccount avatar-stages"),
        (lambda d: pod_of(d, "cpu")["volumes"].pop(0), "mounts tmp, which is no volume"),
        (lambda d: group(d, "cpu")["resources"].pop("on-cpu"), "Speech: 0 of 12 find room"),
        (
            lambda d: group(d, "gpu-large")["resources"].pop("on-gpu-large"),
            "Portrait: 0 of 4 find room",
        ),
        (lambda d: group(d, "gpu-small").update(maxReplicas=7), "Lipsync: 7 of 8 find room"),
        (lambda d: group(d, "cpu").update(minReplicas=11), "starts outside its bounds"),
        # what no schema knows
        (lambda d: pod_of(d, "cpu")["securityContext"].pop("runAsUser"), "may run as root"),
        (
            lambda d: pod_of(d, "cpu").pop("automountServiceAccountToken"),
            "holds a token for the cluster",
        ),
        (
            lambda d: container(d)["securityContext"].update(readOnlyRootFilesystem=False),
            "ray-worker is not confined",
        ),
        (lambda d: container(d)["volumeMounts"].pop(0), "has no /tmp"),
        (
            lambda d: container(d)["readinessProbe"]["httpGet"].update(port=8001),
            "asks port 8001, where nothing listens",
        ),
        (
            lambda d: container(d)["env"].append({"name": "DB_PASSWORD", "value": "x"}),
            "has DB_PASSWORD in its file",
        ),
        (
            lambda d: cluster(d)["headGroupSpec"]["rayStartParams"].pop("num-cpus"),
            "Stages may run on the head",
        ),
        (
            lambda d: of_kind(d, "PodDisruptionBudget")[0]["spec"]["selector"][
                "matchLabels"
            ].update({"ray.io/group": "cpus"}),
            "selects no pod",
        ),
        (
            lambda d: ray_service(d)["metadata"].update(name="other"),
            "leads elsewhere than to other-serve-svc",
        ),
        # the Serve config
        (lambda d: in_config(d, lambda s: s["Face"].update(replica=1)), "Face.replica is no"),
        (
            lambda d: in_config(
                d, lambda s: s["Face"]["autoscaling_config"].update(min_replicas=9)
            ),
            "Face.autoscaling_config",
        ),
        (
            lambda d: in_config(
                d, lambda s: s["Lipsync"]["user_config"]["options"].update(memory_mb=14_000)
            ),
            "Lipsync may take 14600 MiB, which is more than 0.8 of a card of 15360 MiB",
        ),
        (
            lambda d: in_config(
                d, lambda s: s["Portrait"]["autoscaling_config"].update(max_replicas=5)
            ),
            "Portrait: 4 of 5 find room",
        ),
    ],
)
def test_what_is_wrong_with_manifests_is_found(
    change: Callable[[list[Document]], object], said: str
) -> None:
    documents = copy.deepcopy(overlay("production"))
    change(documents)
    found = list(faults(documents))
    assert any(said in fault for fault in found), found
