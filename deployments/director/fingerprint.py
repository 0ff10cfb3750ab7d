"""What a job's segments are made from: segments of two fingerprints do not belong in one video."""

import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Final

TOLD: Final = ("engine", "options", "weights", "encoder")
"""What of a stage's account of itself shapes what it makes."""


def fingerprint(request: Mapping[str, Any], portrait: str, makers: Mapping[str, Any]) -> str:
    """Of the inputs, the canvas (by content hash), the engines with options and weights."""
    engines = {
        stage: {key: about[key] for key in TOLD if key in about} for stage, about in makers.items()
    }
    if request.get("audio"):
        engines.pop("speech", None)
    facts = [dict(request), portrait, engines, version("avatar-serve")]
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
