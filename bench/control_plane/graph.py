"""The real graph on a Ray of its own, scaled by its config, and what each part of it uses."""

import os
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.control_plane.config import control_config
from bench.processes import RAY, cpu_seconds_of, role, title, tree
from bench.scaling.simulated import running_replicas
from deployments import launch
from deployments.director.deployment import ROOM
from serve.commands.private import free_port
from serve.settings import Settings

SCALED_SECONDS: Final = 240.0
_CLIENT: Final = "client (this program)"
_OF_RAY: Final = {
    "raylet": "Ray's core",
    "gcs_server": "Ray's core",
    "ray::ServeController": "Serve's controller",
}


@dataclass
class Graph:
    """The running application."""

    folder: Path
    port: int
    directors: int
    client: Any = None

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        """As the service has them, for whoever looks at its records directly."""
        return Settings(data_dir=self.folder / "data")

    def scale(self, replicas: int, pace: float) -> None:
        """Have so many replicas of encode and lip sync, and wait until directors know of them."""
        from ray.serve.schema import ServeDeploySchema

        config = self.config(replicas, pace)
        self.client.deploy_apps(ServeDeploySchema.model_validate(config))
        (application,) = config["applications"]
        deadline = time.monotonic() + SCALED_SECONDS
        while not self._is_as_wanted(application["deployments"]):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{replicas} replicas did not come up")
            time.sleep(0.5)
        time.sleep(ROOM + 1)

    def config(self, replicas: int, pace: float) -> dict[str, Any]:
        """The Serve config."""
        return control_config(self.folder, self.port, replicas, self.directors, pace)

    def cpu_by_part(self) -> dict[str, float]:
        """CPU seconds that each part has used so far, all its processes together."""
        parts: dict[str, float] = defaultdict(float)
        for process in tree(os.getpid()):
            parts[_part(process)] += cpu_seconds_of(process)
        return dict(parts)

    def _is_as_wanted(self, deployments: list[dict[str, Any]]) -> bool:
        found = self.client.get_serve_details()["applications"]["avatar"]
        counts = running_replicas(self.client)
        return found["status"] == "RUNNING" and all(
            counts[wanted["name"]] == wanted["num_replicas"]
            and _user_config(found, wanted["name"]) == wanted.get("user_config")
            for wanted in deployments
            if "num_replicas" in wanted
        )


def _user_config(found: Mapping[str, Any], name: str) -> Any:
    return found["deployments"][name]["deployment_config"].get("user_config")


def _part(process: int) -> str:
    if process == os.getpid():
        return _CLIENT
    name = title(process).split("/")[-1].split(".")[0]
    return _OF_RAY.get(name, RAY) if (part := role(process)) == RAY else part


@contextmanager
def running_graph(directors: int) -> Iterator[Graph]:
    """The application with one replica of each stage; nothing is left when the block ends."""
    # Short: the paths of Ray's sockets may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="control-", dir="/tmp"))
    os.environ |= {
        "AVATAR_DATA_DIR": str(folder / "data"),
        "AVATAR_RAY_DIR": str(folder / "ray"),
        "AVATAR_MAX_ACTIVE_JOBS": "400",
    }
    graph = Graph(folder, free_port(), directors)
    launch.set_defaults()
    import ray

    try:
        graph.client = launch.start(graph.config(1, 0.0), threading.Event())
        yield graph
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
