"""A server that can be deployed to again: `python -m loadtest.host CONFIG --port PORT`.

It is the launcher with one more thing: each line on its standard input names another Serve config,
which is deployed over the running one, as `serve deploy` does on a cluster. Each is answered by a
line of JSON: the replicas' process ids by deployment. When standard input closes it ends.
"""

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from bench.processes import own_output
from deployments import launch

DRAINED: Final = 240.0
"""Seconds in which the old replicas of a deployment have to be gone."""


def replicas(client: Any, application: str) -> dict[str, dict[int, str]]:
    """State of each replica by process id, by deployment."""
    details = client.get_serve_details()["applications"][application]["deployments"]
    return {
        name: {
            int(replica["pid"] or 0): str(getattr(replica["state"], "value", replica["state"]))
            for replica in about["replicas"]
        }
        for name, about in details.items()
    }


def settled(client: Any, application: str) -> dict[str, list[int]]:
    """Process ids once every replica runs: nothing starts, nothing drains. Raises TimeoutError."""
    deadline = time.monotonic() + DRAINED
    while True:
        found = replicas(client, application)
        status = str(client.get_serve_status(application).app_status.status.value)
        states = {state for stage in found.values() for state in stage.values()}
        if status == "RUNNING" and states == {"RUNNING"}:
            return {name: sorted(stage) for name, stage in found.items()}
        if time.monotonic() > deadline:
            raise TimeoutError(f"{status}: {found}")
        time.sleep(0.5)


def main() -> None:
    """Start, say where, deploy what is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    output = own_output()
    stopped = threading.Event()
    config = launch.read_config(arguments.config, port=arguments.port)
    (application,) = config["applications"]
    client = launch.start(config, stopped)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # or Ray's own tells of it at length
    print(json.dumps(settled(client, application["name"])), file=output)
    for line in sys.stdin:
        launch.deploy(launch.read_config(Path(line.strip()), port=arguments.port), stopped)
        print(json.dumps(settled(client, application["name"])), file=output)


if __name__ == "__main__":
    main()
