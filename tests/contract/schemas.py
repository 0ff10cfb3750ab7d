"""Documents against the schemas that a cluster checks them by, fields that none names refused."""

import functools
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import yaml

from tests.contract.rendering import Document

DATA: Final = Path(__file__).parent / "data"
KUBERNETES: Final = ("1.31", "1.37")
"""The oldest release that the manifests are for, and the newest whose schemas there are."""


def schema_faults(document: Document) -> tuple[str, ...]:
    """What a document has that its kind's schema does not allow, a sentence each."""
    return _faults_of(json.dumps(document))


@functools.cache  # of many mutations of an overlay, most documents stay as they were
def _faults_of(text: str) -> tuple[str, ...]:
    return tuple(_schema_faults(json.loads(text)))


def _schema_faults(document: Document) -> Iterator[str]:
    kind = f"{document['apiVersion']}/{document['kind']}"
    if kind in _other_kinds()["kinds"]:
        yield from _errors(document, _other_schema(kind), kind)
    elif document["apiVersion"] == "ray.io/v1":
        yield from _errors(document, _ray_service_schema(), kind)
    else:
        for release in KUBERNETES:
            try:
                kubernetes_validate.validate(document, release, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{kind} {document['metadata']['name']}, {release}: {error.message}"
            except kubernetes_validate.SchemaNotFoundError:
                yield f"{kind} is no kind of Kubernetes {release}, and no schema of it is here."


def _errors(document: Document, schema: dict[str, Any], kind: str) -> Iterator[str]:
    for error in jsonschema.Draft7Validator(schema).iter_errors(document):
        path = ".".join(map(str, error.absolute_path))
        yield f"{kind} {document['metadata'].get('name')}: {path}: {error.message}"


@functools.cache
def _other_kinds() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DATA / "other_kinds.yaml").read_text())
    return loaded


def _other_schema(kind: str) -> dict[str, Any]:
    others = _other_kinds()
    return {
        "definitions": others["definitions"],
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {},
            "kind": {},
            "metadata": {"$ref": "#/definitions/metadata"},
            "spec": others["kinds"][kind],
        },
        "additionalProperties": False,
    }


@functools.cache
def _ray_service_schema() -> dict[str, Any]:
    with lzma.open(DATA / "ray.io_rayservices.yaml.xz", "rt", encoding="utf-8") as text:
        definition = yaml.load(text, Loader=yaml.CSafeLoader)
    (version,) = (one for one in definition["spec"]["versions"] if one["name"] == "v1")
    schema: dict[str, Any] = _closed(version["schema"]["openAPIV3Schema"])
    return schema


def _closed(schema: Any) -> Any:
    """A structural schema as JSON Schema: what an API server would prune is refused."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields", False)
    if isinstance(schema.get("properties"), dict) and not open_ended and "type" in schema:
        closed.setdefault("additionalProperties", False)
    return closed
