"""Starts the Serve application of a config file on this machine and stays until it is told to stop.

`avatar-serve serve` runs it as a process of its own. On a cluster, `serve deploy` or KubeRay take
the same config files instead.
"""

import argparse
import importlib
import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, get_args

import yaml

from deployments import traces
from deployments.arguments import opened_too_far
from deployments.strict import faults
from media.errors import AvatarError
from serve.access.keys import Access
from serve.marking.signer import tried_signer
from serve.settings import Settings

READY_SECONDS: Final = 180.0
OBJECT_STORE: Final = 200 * 2**20
"""Bytes of shared memory for what travels between stages: patches and sound, a few MB at a time."""

WATCHFUL: Final = {
    # Seconds between two looks at whether the proxy lives; ten otherwise, without HTTP.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "1",
}
"""A proxy that has died is replaced at once."""
FLAT: Final = {"MALLOC_ARENA_MAX": "2"}
"""glibc keeps an arena a thread, and each keeps what it once held: with few, a long video leaves a
replica hardly larger than a short one. For the processes that Ray starts."""
NEARER: Final = {"RAY_worker_niceness": "5"}
"""Of the processes that Ray starts; 15 otherwise, hardly before those that `give_way`."""
BY_MESSAGE: Final = {"RAY_max_direct_call_object_size": str(2 * 2**20)}
"""Bytes up to which arguments and answers travel in the call's own message, 100 kB otherwise: what
goes through the shared store costs its daemon and the kernel more than two copies do. A call's
frames and sound are smaller up to 720p (docs/08-speed.md)."""
PRIVATE: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Clusters that `ray start` begins report even that they report nothing: nowhere.
    "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9",
    "RAY_AUTH_MODE": "disabled",
}
"""No usage report, no token file in the home directory."""
ALONE: Final = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}
"""Of a Ray that no other machine joins. Whoever calls one of its ports runs code here: the first
binds them to loopback, all but those of Serve's replicas; the token, another one each time, keeps
everybody else out."""
FEWER_WAKES: Final = {
    "RAY_SERVE_ENABLE_TASK_EVENTS": "0",
    # Stages never block their event loop, so each needs one, not three.
    "RAY_SERVE_RUN_USER_CODE_IN_SEPARATE_THREAD": "0",
    "RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP": "0",
    # The controller looks round ten times a second otherwise: a twentieth of a core.
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
}
"""On few cores Ray's own threads take what the stages need; an operator's settings win."""


def read_config(
    path: Path,
    *,
    host: str | None = None,
    port: int | None = None,
    access: str | None = None,
) -> dict[str, Any]:
    """A Serve config file, bound to another address, or with other `access`, if asked."""
    config: dict[str, Any] = yaml.safe_load(path.read_text())
    options = config.setdefault("http_options", {})
    options.update({k: v for k, v in {"host": host, "port": port}.items() if v is not None})
    if access is not None:
        for application in config["applications"]:
            application["args"] = {**(application.get("args") or {}), "access": access}
    return config


def start(config: dict[str, Any], stopped: threading.Event) -> Any:
    """Start a private Ray and the application. Returns Serve's client once all stages run.

    When `stopped` is set it returns at once.
    Raises RuntimeError with the stages' messages where one does not come up.
    """
    set_defaults(alone=True)
    import ray
    from ray._private import services

    # With the dashboard off its server would still start, to ask the addresses at which clouds tell
    # machines about themselves what this one is, for a report that is switched off.
    services.start_api_server = lambda *_, **__: (None, None)
    ray.init(
        address="local",
        include_dashboard=False,
        num_cpus=max(4, os.cpu_count() or 1),
        object_store_memory=OBJECT_STORE,
        _temp_dir=os.environ.get("AVATAR_RAY_DIR"),
        _metrics_export_port=int(os.environ.get("AVATAR_METRICS_PORT") or 0) or None,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    graphs = [
        application["import_path"].partition(":")[0] for application in config["applications"]
    ]
    ray.remote(num_cpus=0)(_import).remote(graphs)
    return deploy(config, stopped)


def _import(modules: Sequence[str]) -> None:
    """Import the graph where Ray will build it, while Serve still starts: 2 s less to wait."""
    with suppress(Exception):  # building it says what is wrong
        for module in modules:
            importlib.import_module(module)


def set_defaults(*, alone: bool = False) -> None:
    """Ray's settings that are ours unless the environment says otherwise; before Ray is imported.

    `alone`: of a Ray that no other machine joins.
    """
    ours = (
        PRIVATE
        | (ALONE if alone else {})
        | WATCHFUL
        | FEWER_WAKES
        | FLAT
        | NEARER
        | BY_MESSAGE
        | traces.settings(os.environ)
    )
    for name, value in ours.items():
        os.environ.setdefault(name, value)


def deploy(config: dict[str, Any], stopped: threading.Event, within: float = READY_SECONDS) -> Any:
    """Run the application on the Ray that this process is connected to, like `start`."""
    from ray.serve._private import api
    from ray.serve.schema import ServeDeploySchema

    schema = ServeDeploySchema.model_validate(config)
    client = api.serve_start(
        http_options=schema.http_options.model_dump(), proxy_location=schema.proxy_location
    )
    client.deploy_apps(schema)
    _await_running(
        client, [application.name for application in schema.applications], stopped, within
    )
    return client


def _await_running(client: Any, names: list[str], stopped: threading.Event, within: float) -> None:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        statuses = [client.get_serve_status(name) for name in names]
        states = [str(status.app_status.status.value) for status in statuses]
        if all(state == "RUNNING" for state in states):
            return
        if any(state in ("DEPLOY_FAILED", "UNHEALTHY") for state in states):
            raise RuntimeError("\n".join(_complaints(statuses)))
        if stopped.wait(0.1):
            return
    raise RuntimeError(f"the stages did not come up within {within:.0f} s")


def _complaints(statuses: list[Any]) -> list[str]:
    """What each stage said last: the end of its traceback."""
    return [
        f"{deployment.name}: {deployment.message.strip().splitlines()[-1]}"
        for status in statuses
        for deployment in status.deployment_statuses
        if deployment.message
    ] or [status.app_status.message for status in statuses]


def _cannot_sign() -> list[str]:
    """What keeps this machine from signing what it makes: told before anything starts."""
    try:
        tried_signer(Settings())
    except AvatarError as error:
        return [error.message]
    return []


def _set_on_signals(stopped: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())


def _set_at_end_of_input(stopped: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    stopped.set()


def main() -> None:
    """Serve until SIGINT or SIGTERM; exit status 1 where the application does not come up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--access", choices=get_args(Access))
    parser.add_argument(
        "--private", action="store_true", help="end, without draining, when standard input closes"
    )
    arguments = parser.parse_args()
    stopped = threading.Event()
    _set_on_signals(stopped)
    if arguments.private:
        # However the process that started this one ends, its end of the pipe closes.
        threading.Thread(target=_set_at_end_of_input, args=(stopped,), daemon=True).start()
    set_defaults(alone=True)
    import ray

    config = read_config(
        arguments.config, host=arguments.host, port=arguments.port, access=arguments.access
    )
    wrong = list(faults(config)) or list(opened_too_far(config))
    if traces.wanted(os.environ) and not traces.can_send():
        wrong.append(traces.MISSING)
    wrong += _cannot_sign()
    if wrong:
        sys.stderr.write("".join(f"{arguments.config}: {sentence}\n" for sentence in wrong))
        sys.exit(1)
    try:
        client = start(config, stopped)
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        ray.shutdown()
        sys.exit(1)
    _set_on_signals(stopped)  # Ray has put a handler of its own there, which ends at once
    if not stopped.is_set():
        options = config["http_options"]
        host, port = options.get("host", "127.0.0.1"), options["port"]
        sys.stdout.write(f"ready http://{host}:{port}\n")
        if not arguments.private:
            here = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - only compared
            sys.stdout.write(
                f"The page: http://{here}:{port}/  The API: http://{here}:{port}/docs\n"
            )
        sys.stdout.flush()
    stopped.wait()
    if not arguments.private:
        client.shutdown()  # replicas drain: directors give their jobs back
    ray.shutdown()


if __name__ == "__main__":
    main()
