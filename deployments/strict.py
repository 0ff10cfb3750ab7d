"""What is wrong with a Serve config, said before anything starts.

Ray's own schema lets pass what it doesn't know, and bounds that cross: a typo in a limit would be
found when the limit is missed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from deployments.arguments import Arguments
from deployments.director.room import DirectorConfig
from deployments.loading import config_class

STAGES: Final = frozenset({"Portrait", "Face", "Speech", "Lipsync", "Encode"})
"""Deployments whose `user_config` names an engine; others are an operator's own."""
OPTIONAL: Final = frozenset({"Cloning"})
"""The same, where they have one: without it they are off."""


def faults(config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a Serve config as loaded from its file, a sentence each.

    Unknown keys, wrong types, bounds that cross, and engines that no `user_config` can name. That
    an engine exists and takes its options is seen where it is loaded.
    """
    from ray.serve.schema import ServeDeploySchema

    yield from _unknown(config, ServeDeploySchema, "")
    wrong = list(_invalid(config, ServeDeploySchema, ""))
    yield from wrong
    if wrong:
        return
    for application in config["applications"]:
        yield from _invalid(application.get("args") or {}, Arguments, "args")
        for deployment in application.get("deployments", []):
            yield from _deployment_faults(deployment)


def _deployment_faults(deployment: Mapping[str, Any]) -> Iterator[str]:
    from ray.serve.config import AutoscalingConfig

    name, scaling = deployment["name"], deployment.get("autoscaling_config")
    if scaling is not None:
        yield from _invalid(scaling, AutoscalingConfig, f"{name}.autoscaling_config")
        yield from _never_scales(deployment, scaling)
    if name == "Director":
        user = deployment.get("user_config") or {}
        yield from _invalid(user, DirectorConfig, f"{name}.user_config")
    if name in STAGES or (name in OPTIONAL and "user_config" in deployment):
        user = deployment.get("user_config") or {}
        yield from _invalid(user, config_class(name), f"{name}.user_config")


def _never_scales(deployment: Mapping[str, Any], scaling: Mapping[str, Any]) -> Iterator[str]:
    """A replica that may not have as many requests as are aimed at never gets another beside it."""
    target = scaling.get("target_ongoing_requests")
    most = deployment.get("max_ongoing_requests")
    if target is not None and most is not None and target > most:
        yield (
            f"{deployment['name']} lets {most} requests in at a time and aims at {target}: "
            "it would never get another replica."
        )


def _invalid(config: Mapping[str, Any], schema: type[BaseModel], place: str) -> Iterator[str]:
    try:
        schema.model_validate(config)
    except ValidationError as error:
        yield from _sentences(error, place)
    except (ImportError, AttributeError) as error:  # a policy is imported as it is read
        yield f"{place or 'the file'}: {error}."


def _sentences(error: ValidationError, place: str) -> Iterator[str]:
    for fault in error.errors():
        path = ".".join(filter(None, (place, *map(str, fault["loc"]))))
        yield f"{path or 'the file'}: {fault['msg']}."


def _unknown(config: Any, schema: type[BaseModel], place: str) -> Iterator[str]:
    """Keys that the schema does not name, at every depth."""
    if not isinstance(config, Mapping):
        return
    known = {field.alias or name: field for name, field in schema.model_fields.items()}
    for key, value in config.items():
        path = f"{place}.{key}".strip(".")
        if key not in known:
            yield f"{path} is no setting of Serve; known here: {', '.join(sorted(known))}."
            continue
        for inner in _models(known[key].annotation):
            for one in value if isinstance(value, list) else [value]:
                named = one.get("name", path) if isinstance(one, Mapping) else path
                yield from _unknown(one, inner, str(named))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The schemas that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
