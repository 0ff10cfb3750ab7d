"""Which weights the engines of a Serve config file load."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from media.errors import AvatarError
from serve.weights.manifest import Manifest, needed


def configured_weights(path: Path, manifest: Manifest) -> list[str]:
    """Names in the manifest of what the engines of the file load.

    An engine that the manifest does not know, one of the operator's own, adds nothing. Raises
    AvatarError `invalid_request` for a file that is no Serve config.
    """
    names = (
        name for engine, options in _engines(path) for name in needed(manifest, engine, options)
    )
    return list(dict.fromkeys(names))


def _engines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        for application in config["applications"]:
            for deployment in application.get("deployments", []):
                user = deployment.get("user_config") or {}
                for loaded in filter(None, (user, user.get("check"))):
                    if "engine" in loaded:
                        yield loaded["engine"], loaded.get("options") or {}
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, UnicodeError) as error:
        raise AvatarError(
            "invalid_request", f"{path} is no Serve config file that can be read ({error})."
        ) from error
