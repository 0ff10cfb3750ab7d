"""The embedded config with scripted engines, shares of GPUs that do not exist, and short delays."""

from pathlib import Path
from typing import Any, Final

from bench.chaos.config import ENGINES
from deployments.launch import read_config
from serve.commands.private import LOCAL_CONFIG

GPUS: Final = {"Portrait": 0.4, "Face": 0.15, "Lipsync": 0.25}
"""Shares of a card, those of config/gpu.yaml."""
BOUNDS: Final = {
    "Director": (1, 3),
    "Portrait": (0, 1),
    "Face": (1, 2),
    "Speech": (1, 3),
    "Lipsync": (1, 5),
    "Encode": (1, 3),
}
"""Fewest and most replicas."""
TARGETS: Final = {
    "Director": 32,
    "Portrait": 1,
    "Face": 4,
    "Speech": 8,
    "Lipsync": 3,
    "Encode": 16,
}
"""Ongoing requests a replica that a stage grows at."""
QUICK: Final = {
    "upscale_delay_s": 1.0,
    "downscale_delay_s": 5.0,
    "metrics_interval_s": 0.5,
    "look_back_period_s": 2.0,
}
"""Serve's own delays are 30 and 600 seconds, so that a stage does not follow every wave."""
LIPSYNC_DELAY: Final = 0.5
"""Seconds a call for 16 frames: the loaded stage is slower than the video plays."""
SPEECH_DELAY: Final = 0.02


def scaling_config(notes: Path, port: int) -> dict[str, Any]:
    """config/local.yaml with other engines, bounds and shares; everything else is as it is."""
    options: dict[str, dict[str, Any]] = {
        "Speech": {"notes": str(notes), "delay": SPEECH_DELAY},
        "Lipsync": {"delay": LIPSYNC_DELAY},
        "Encode": {"notes": str(notes)},
    }
    config = read_config(LOCAL_CONFIG, port=port)
    (application,) = config["applications"]
    for deployment in application["deployments"]:
        name = deployment["name"]
        deployment["ray_actor_options"] = {"num_cpus": 0.1, "num_gpus": GPUS.get(name, 0)}
        if name in BOUNDS:
            fewest, most = BOUNDS[name]
            deployment.pop("num_replicas", None)
            policy = deployment.get("autoscaling_config", {}).get("policy")
            deployment["autoscaling_config"] = {
                "min_replicas": fewest,
                "max_replicas": most,
                "target_ongoing_requests": TARGETS[name],
                **QUICK,
                **({"policy": policy} if policy else {}),
            }
        if name == "Lipsync":
            deployment["max_ongoing_requests"] = TARGETS[name] + 1
        if name in ENGINES:
            deployment["user_config"] = {
                "engine": f"bench.chaos.engines:{ENGINES[name]}",
                "options": options.get(name, {}),
                "workers": 8 if name == "Encode" else 1,
            }
    return config
