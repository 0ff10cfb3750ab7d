"""The embedded config with chaos engines and more than one replica of what chaos kills most."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from deployments.launch import read_config
from serve.commands.private import LOCAL_CONFIG

ENGINES: Final = {
    "Portrait": "PlainPortrait",
    "Face": "CentredFace",
    "Speech": "ToneSpeech",
    "Lipsync": "NumberedLipsync",
    "Encode": "NotingPyAV",
}
"""Classes of `bench.chaos.engines`."""
REPLICAS: Final = {
    "Ingress": 2,
    "Director": 2,
    "Portrait": 1,
    "Face": 1,
    "Speech": 1,
    "Lipsync": 2,
    "Encode": 2,
}
AT_ZERO: Final = ("Cloning",)
"""Nobody asks for these: they have no replica."""
SPEECH_DELAY, LIPSYNC_DELAY = 0.05, 0.4
"""Seconds a spoken piece and a call for frames: a second of video takes about as long as that."""


def fixed(
    config: dict[str, Any], replicas: Mapping[str, int], num_cpus: float
) -> Iterator[dict[str, Any]]:
    """The deployments with so many replicas each and a share of a CPU, instead of scaling by load.

    One that has no number stays as it is, and is left out.
    """
    (application,) = config["applications"]
    for deployment in application["deployments"]:
        if deployment["name"] in replicas:
            deployment.pop("autoscaling_config", None)
            deployment["num_replicas"] = replicas[deployment["name"]]
            deployment["ray_actor_options"] = {"num_cpus": num_cpus}
            yield deployment


def chaos_config(notes: Path, port: int, replicas: dict[str, int] | None = None) -> dict[str, Any]:
    """config/local.yaml, changed in its engines, replicas and shares of a CPU only."""
    counts = REPLICAS | (replicas or {})
    options = {
        "Speech": {"notes": str(notes), "delay": SPEECH_DELAY},
        "Lipsync": {"delay": LIPSYNC_DELAY},
        "Encode": {"notes": str(notes)},
    }
    config = read_config(LOCAL_CONFIG, port=port)
    for deployment in fixed(config, counts, 0.1):
        name = deployment["name"]
        if name in ENGINES:
            engine = {"engine": f"bench.chaos.engines:{ENGINES[name]}"}
            deployment["user_config"] = engine | {"options": options.get(name, {})}
            deployment["user_config"]["workers"] = 2 if name in ("Encode", "Lipsync") else 1
    return config
