"""A cluster of several nodes on one machine, with cards that only count."""

import logging
import os
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.scaling.config import GPUS, scaling_config
from deployments import launch
from serve.commands.private import free_port

HEAD_CPUS, NODE_CPUS = 2, 2
STORE: Final = 100 * 2**20
"""Bytes of shared memory a node."""
_REPLICA: Final = "SERVE_REPLICA::avatar#"


@dataclass(frozen=True)
class SimulatedCluster:
    """A head without cards, nodes with one card each, and the application on them."""

    url: str
    cluster: Any
    client: Any

    def replicas(self) -> dict[str, int]:
        """Running replicas of each stage."""
        return running_replicas(self.client)

    def card_shares(self) -> dict[str, dict[str, int]]:
        """By node that has one: the replicas of each stage that have a share of its card."""
        from ray._private.state import actors

        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for actor in actors().values():
            name = actor["Name"].removeprefix(_REPLICA).partition("#")[0]
            if actor["State"] == "ALIVE" and actor["Name"].startswith(_REPLICA) and name in GPUS:
                found[actor["Address"]["NodeID"]][name] += 1
        return {node: dict(stages) for node, stages in found.items()}

    def add_node(self) -> None:
        """A node with a card joins."""
        self.cluster.add_node(num_cpus=NODE_CPUS, num_gpus=1, object_store_memory=STORE)

    def lose_node(self) -> dict[str, int]:
        """The node with the most shares in use is gone at once. Returns what it had."""
        shares = self.card_shares()
        node = max(self.cluster.worker_nodes, key=lambda n: sum(shares.get(n.node_id, {}).values()))
        self.cluster.remove_node(node, allow_graceful=False)
        return shares.get(node.node_id, {})


@contextmanager
def simulated_cluster(nodes: int) -> Iterator[SimulatedCluster]:
    """The service on so many nodes; nothing is left of it when the block ends."""
    # Short: the paths of Ray's sockets may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="scaling-", dir="/tmp"))
    (folder / "ray").mkdir()
    os.environ |= {
        "TMPDIR": str(folder),  # where Ray notes the address of its head
        "AVATAR_DATA_DIR": str(folder / "data"),
        "AVATAR_MAX_ACTIVE_JOBS": "200",
        "RAY_SERVE_MAX_PER_REPLICA_RETRY_COUNT": "20",
    }
    launch.set_defaults()
    import ray
    from ray.cluster_utils import Cluster

    head = {"num_cpus": HEAD_CPUS, "include_dashboard": False, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args=head | {"temp_dir": f"{folder}/ray"})
    try:
        for _ in range(nodes):
            cluster.add_node(num_cpus=NODE_CPUS, num_gpus=1, object_store_memory=STORE)
        ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        port = free_port()
        config = scaling_config(folder / "notes", port)
        client = launch.deploy(config, threading.Event())
        yield SimulatedCluster(f"http://127.0.0.1:{port}", cluster, client)
    finally:
        ray.shutdown()
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def running_replicas(client: Any) -> dict[str, int]:
    """Running replicas of each of the application's stages, by Serve's client."""
    details = client.get_serve_details()["applications"]["avatar"]["deployments"]
    return {
        name: sum(_state(replica) == "RUNNING" for replica in about["replicas"])
        for name, about in details.items()
    }


def _state(replica: Any) -> str:
    return str(getattr(replica["state"], "value", replica["state"]))
