"""config/local.yaml with engines that cost nothing and as many replicas as are measured."""

from pathlib import Path
from typing import Any, Final

from bench.chaos.config import ENGINES, fixed
from deployments.launch import read_config
from serve.commands.private import LOCAL_CONFIG

WORKERS: Final = ("Encode", "Lipsync")
"""The stages whose replicas are counted: so many of each."""
SEGMENTS: Final = 4
"""Later segments in the works for each encoder: it has always another one to go on with."""


def control_config(
    folder: Path, port: int, replicas: int, directors: int, pace: float
) -> dict[str, Any]:
    """So many replicas of encode and lip sync, encode at `pace` (0: no delay); one of the others.

    Nobody asks for Portrait and Cloning, which stay at zero. Engines, replicas and shares of a CPU
    are all that differs from config/local.yaml.
    """
    engines: dict[str, tuple[str, dict[str, Any]]] = {
        name: (f"bench.chaos.engines:{engine}", {}) for name, engine in ENGINES.items()
    }
    engines["Speech"][1]["notes"] = str(folder / "notes")
    kept = {"kept": str(folder / "kept"), "pace": pace}
    engines["Encode"] = ("bench.control_plane.engines:PacedEncode", kept)
    config = read_config(LOCAL_CONFIG, port=port)
    counts = {"Ingress": 1, "Director": directors, "Face": 1, "Speech": 1}
    for deployment in fixed(config, counts | dict.fromkeys(WORKERS, replicas), 0.01):
        name = deployment["name"]
        if name == "Director":
            deployment["user_config"] = {"segments_an_encoder": SEGMENTS}
        if name in engines:
            engine, options = engines[name]
            deployment["user_config"] = {"engine": engine, "options": options}
    return config
