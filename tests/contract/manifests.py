"""What is wrong with the manifests of an overlay, beyond what each document's schema says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from ray.autoscaler._private.kuberay.autoscaling_config import (
    _derive_autoscaling_config_from_ray_cr,
)

from deployments.strict import faults as config_faults
from tests.contract.capacity import Group, capacity_faults
from tests.contract.rendering import Document, of_kind, ray_service, worker_groups
from tests.contract.schemas import schema_faults

OUTSIDE: Final = frozenset({"avatar-redis", "avatar-secrets", "avatar-postgres-app", "avatar-tls"})
"""Secrets that the operator makes: docs/04-clusters.md tells of each."""
SECRET: Final = re.compile(r"SECRET|PASSWORD|TOKEN|_KEY|DATABASE_URL")
KUBERAYS_PORTS: Final = frozenset({52365})
"""Of what KubeRay starts beside the ports that we name: the dashboard's agent."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod template and where it stands."""

    place: str
    spec: Document
    labels: dict[str, str]


def faults(documents: list[Document]) -> Iterator[str]:
    """What is wrong with the manifests of one overlay, a sentence each.

    What breaks its schema is told alone: the rest is read by its fields.
    """
    broken = [fault for document in documents for fault in schema_faults(document)]
    if broken:
        yield from broken
        return
    yield from _reference_faults(documents)
    for pod in pods(documents):
        yield from _confinement_faults(pod)
        yield from _volume_faults(pod)
        yield from _probe_faults(pod)
    yield from _secret_faults(documents)
    yield from _service_faults(documents)


def pods(documents: list[Document]) -> Iterator[Pod]:
    """Every pod template."""
    for service in of_kind(documents, "RayService"):
        cluster = service["spec"]["rayClusterConfig"]
        head = cluster["headGroupSpec"]["template"]["spec"]
        yield Pod("the head", head, {"ray.io/node-type": "head", "ray.io/is-ray-node": "yes"})
        for name, group in worker_groups(documents).items():
            labels = {
                "ray.io/node-type": "worker",
                "ray.io/is-ray-node": "yes",
                "ray.io/group": name,
            }
            yield Pod(f"group {name}", group["template"]["spec"], labels)
    for one in of_kind(documents, "StatefulSet"):
        template = one["spec"]["template"]
        claims = [{"name": c["metadata"]["name"]} for c in one["spec"]["volumeClaimTemplates"]]
        spec = template["spec"] | {"volumes": template["spec"].get("volumes", []) + claims}
        yield Pod(one["metadata"]["name"], spec, template["metadata"]["labels"])


def containers(spec: Document) -> list[Document]:
    return [*spec.get("initContainers", []), *spec["containers"]]


def _reference_faults(documents: list[Document]) -> Iterator[str]:
    """Names that nothing has."""
    there = {(one["kind"], one["metadata"]["name"]) for one in documents}
    there |= {("Secret", name) for name in OUTSIDE}
    for kind, name in _references(documents):
        if (kind, name) not in there:
            yield f"{kind} {name} is asked for and is not there."
    labels = [pod.labels for pod in pods(documents)]
    for one in (*of_kind(documents, "PodDisruptionBudget"), *of_kind(documents, "NetworkPolicy")):
        selected = one["spec"].get("selector", one["spec"].get("podSelector"))["matchLabels"]
        if not any(selected.items() <= pod.items() for pod in labels):
            yield f"{one['kind']} {one['metadata']['name']} selects no pod: {selected}."


def _references(documents: list[Document]) -> Iterator[tuple[str, str]]:
    for pod in pods(documents):
        yield from _pod_references(pod.spec)
    for service in of_kind(documents, "RayService"):
        redis = service["spec"]["rayClusterConfig"]["gcsFaultToleranceOptions"]
        yield "Secret", redis["redisPassword"]["valueFrom"]["secretKeyRef"]["name"]
    for ingress in of_kind(documents, "Ingress"):
        yield from (("Secret", tls["secretName"]) for tls in ingress["spec"]["tls"])
        for note, value in ingress["metadata"]["annotations"].items():
            if note.endswith(("auth-secret",)):
                yield "Secret", value


def _pod_references(spec: Document) -> Iterator[tuple[str, str]]:
    if "priorityClassName" in spec:
        yield "PriorityClass", spec["priorityClassName"]
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"]
    for volume in spec["volumes"]:
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
    for container in containers(spec):
        for source in container.get("envFrom", []):
            for kind in ("ConfigMap", "Secret"):
                key = "configMapRef" if kind == "ConfigMap" else "secretRef"
                if key in source:
                    yield kind, source[key]["name"]
        for variable in container.get("env", []):
            if "secretKeyRef" in variable.get("valueFrom", {}):
                yield "Secret", variable["valueFrom"]["secretKeyRef"]["name"]


def _confinement_faults(pod: Pod) -> Iterator[str]:
    """What Kubernetes' restricted profile forbids, and file systems that can be written."""
    context = pod.spec.get("securityContext", {})
    if not context.get("runAsNonRoot") or not context.get("runAsUser"):
        yield f"{pod.place} may run as root."
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield f"{pod.place} has no seccomp profile."
    # The head's autoscaler speaks to the cluster; KubeRay gives it an account of its own.
    is_head = pod.labels.get("ray.io/node-type") == "head"
    if not is_head and pod.spec.get("automountServiceAccountToken") is not False:
        yield f"{pod.place} holds a token for the cluster."
    for container in containers(pod.spec):
        if not _is_confined(container.get("securityContext", {})):
            yield f"{pod.place}: {container['name']} is not confined."


def _is_confined(context: dict[str, Any]) -> bool:
    return (
        context.get("readOnlyRootFilesystem") is True
        and context.get("allowPrivilegeEscalation") is False
        and context.get("capabilities") == {"drop": ["ALL"]}
    )


def _volume_faults(pod: Pod) -> Iterator[str]:
    names = {volume["name"] for volume in pod.spec["volumes"]}
    for container in containers(pod.spec):
        mounts = container.get("volumeMounts", [])
        yield from (
            f"{pod.place}: {container['name']} mounts {mount['name']}, which is no volume."
            for mount in mounts
            if mount["name"] not in names
        )
        if "/tmp" not in {mount["mountPath"] for mount in mounts}:  # noqa: S108 - a pod's own
            yield f"{pod.place}: {container['name']} has no /tmp to write to."


def _probe_faults(pod: Pod) -> Iterator[str]:
    for container in pod.spec["containers"]:
        ports = {port["containerPort"] for port in container["ports"]} | KUBERAYS_PORTS
        ports |= {port["name"] for port in container["ports"]}
        for kind in ("livenessProbe", "readinessProbe"):
            probe = container.get(kind, {})
            asked = probe.get("httpGet", probe.get("tcpSocket", {})).get("port")
            if asked not in ports:
                yield f"{pod.place}: the {kind} asks port {asked}, where nothing listens."


def _secret_faults(documents: list[Document]) -> Iterator[str]:
    """Values that only Secrets may hold."""
    for one in of_kind(documents, "Secret"):
        yield f"Secret {one['metadata']['name']} stands in a file."
    for one in of_kind(documents, "ConfigMap"):
        yield from (f"ConfigMap holds {name}." for name in one["data"] if SECRET.search(name))
    for pod in pods(documents):
        for container in containers(pod.spec):
            for variable in container.get("env", []):
                if SECRET.search(variable["name"]) and "value" in variable:
                    yield f"{pod.place} has {variable['name']} in its file."


def _service_faults(documents: list[Document]) -> Iterator[str]:
    """The RayService as KubeRay and Ray read it."""
    service = ray_service(documents)
    cluster = service["spec"]["rayClusterConfig"]
    config = yaml.safe_load(service["spec"]["serveConfigV2"])
    yield from config_faults(config)
    if cluster["headGroupSpec"]["rayStartParams"].get("num-cpus") != "0":
        yield "Stages may run on the head."
    if cluster.get("enableInTreeAutoscaling") is not True:
        yield "Nothing scales the groups."
    for name, group in worker_groups(documents).items():
        if not group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]:
            yield f"group {name} starts outside its bounds."
        if group["template"]["spec"]["initContainers"][0]["name"] != "weights":
            yield f"group {name} fetches no weights."
    yield from capacity_faults(config, groups_of(service))
    name = f"{service['metadata']['name']}-serve-svc"
    for ingress in of_kind(documents, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                if path["backend"]["service"] != {"name": name, "port": {"number": 8000}}:
                    yield f"Ingress {ingress['metadata']['name']} leads elsewhere than to {name}."


def groups_of(service: Document) -> list[Group]:
    """Worker groups as Ray's autoscaler reads them."""
    cluster = {
        "metadata": {"name": "a", "namespace": "b"},
        "spec": service["spec"]["rayClusterConfig"],
    }
    types = _derive_autoscaling_config_from_ray_cr(cluster)["available_node_types"]
    return [
        Group(name, about["max_workers"], about["resources"])
        for name, about in types.items()
        if name != "headgroup"
    ]
