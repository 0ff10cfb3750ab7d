"""The service on a simulated cluster, as a process: `python -m bench.chaos.host CONFIG FOLDER`.

It answers one line of JSON for each line of JSON on its standard input, which is how the chaos
finds its victims (only processes of this cluster), takes nodes away and scales deployments. When
standard input closes it ends.
"""

import json
import logging
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from bench.processes import own_output
from deployments import launch

HEAD_CPUS, NODE_CPUS = 4, 2
NODE_STORE: Final = 100 * 2**20
"""Bytes of shared memory a node."""


@dataclass
class Host:
    """A head with Serve's controller and proxy, one more node, and the application."""

    cluster: Any
    config: dict[str, Any]
    client: Any = None

    def processes(self) -> list[dict[str, Any]]:
        """Name, process id and node of each living actor."""
        from ray._private.state import actors

        return [
            {"name": actor["Name"], "pid": actor["Pid"], "node": actor["Address"]["NodeID"]}
            for actor in actors().values()
            if actor["State"] == "ALIVE" and actor["Name"]
        ]

    def kill_node(self) -> int:
        """The second node is gone from one moment to the next. Returns how many are left."""
        node = next(iter(self.cluster.worker_nodes))
        self.cluster.remove_node(node, allow_graceful=False)
        return len(self.cluster.list_all_nodes())

    def add_node(self) -> int:
        """Another node joins. Returns how many there are."""
        self.cluster.add_node(num_cpus=NODE_CPUS, object_store_memory=NODE_STORE)
        return len(self.cluster.list_all_nodes())

    def scale(self, deployment: str, replicas: int) -> None:
        """As an operator does: the same config with another number."""
        from ray.serve.schema import ServeDeploySchema

        (application,) = self.config["applications"]
        for entry in application["deployments"]:
            if entry["name"] == deployment:
                entry["num_replicas"] = replicas
        self.client.deploy_apps(ServeDeploySchema.model_validate(self.config))

    def states(self) -> dict[str, list[str]]:
        """States of each deployment's replicas, as the controller sees them."""
        application = self.config["applications"][0]["name"]
        details = self.client.get_serve_details()["applications"][application]
        return {
            name: [
                str(getattr(replica["state"], "value", replica["state"]))
                for replica in about["replicas"]
            ]
            for name, about in details["deployments"].items()
        }


def main() -> None:
    """Start, say ready, answer."""
    config_file, folder = map(Path, sys.argv[1:])
    output = own_output()
    # Or Serve gives a stage up for good when its replica dies three times while it starts, once the
    # controller has been restarted and forgotten that the stage had run.
    os.environ.setdefault("RAY_SERVE_MAX_PER_REPLICA_RETRY_COUNT", "20")
    launch.set_defaults()
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": HEAD_CPUS,
            "include_dashboard": False,
            "object_store_memory": NODE_STORE,
            "temp_dir": str(folder),
        },
    )
    host = Host(cluster, yaml.safe_load(config_file.read_text()))
    host.add_node()
    ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
    host.client = launch.deploy(host.config, threading.Event())
    print(json.dumps("ready"), file=output)
    for line in sys.stdin:
        print(json.dumps(_answer(host, json.loads(line))), file=output)


def _answer(host: Host, asked: dict[str, Any]) -> Any:
    method = getattr(host, asked.pop("ask"))
    try:
        return {"answer": method(**asked)}
    except Exception as error:  # told to whoever asked, who judges it
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
