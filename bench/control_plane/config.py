"""config/local.yaml with engines that cost nothing and as many replicas as are measured."""

from pathlib import Path
from typing import Any, Final

from bench.chaos.config import ENGINES
from deployments.launch import read_config
from serve.commands.private import LOCAL_CONFIG

WORKERS: Final = ("Encode", "Lipsync")
"""The stages whose replicas are counted: so many of each."""
SEGMENTS: Final = 4
"""Later segments in the works for each encoder: it has always another one to go on with."""
AT_ZERO: Final = ("Portrait", "Cloning")
"""Nobody asks for these."""


def control_config(
    folder: Path, port: int, replicas: int, directors: int, pace: float
) -> dict[str, Any]:
    """So many replicas of encode and lip sync, encode at `pace` (0: no delay); one of the others.

    Engines, replicas and shares of a CPU are all that differs from config/local.yaml.
    """
    engines: dict[str, tuple[str, dict[str, Any]]] = {
        name: (f"bench.chaos.engines:{engine}", {}) for name, engine in ENGINES.items()
    }
    engines["Speech"][1]["notes"] = str(folder / "notes")
    kept = {"kept": str(folder / "kept"), "pace": pace}
    engines["Encode"] = ("bench.control_plane.engines:PacedEncode", kept)
    config = read_config(LOCAL_CONFIG, port=port)
    (application,) = config["applications"]
    for deployment in application["deployments"]:
        name = deployment["name"]
        if name in AT_ZERO:
            continue
        deployment.pop("autoscaling_config", None)
        deployment["num_replicas"] = replicas if name in WORKERS else 1
        deployment["ray_actor_options"] = {"num_cpus": 0.01}
        if name == "Director":
            deployment["num_replicas"] = directors
            deployment["user_config"] = {"segments_an_encoder": SEGMENTS}
        if name in engines:
            engine, options = engines[name]
            deployment["user_config"] = {"engine": engine, "options": options}
    return config
