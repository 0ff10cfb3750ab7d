"""Several stages share one GPU by fractions, on a simulated node that counts one and has none."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray import serve

from deployments.launch import deploy, read_config, set_defaults
from serve.commands.private import LOCAL_CONFIG, free_port

FRACTIONS = {"Portrait": 0.4, "Face": 0.15, "Lipsync": 0.25}


def shared_by_fractions() -> dict[str, Any]:
    """The graph of the GPU's profile, its fractions and all, on the embedded engines."""
    gpu = read_config(LOCAL_CONFIG.with_name("gpu.yaml"), port=free_port())
    local = read_config(LOCAL_CONFIG)
    embedded = {one["name"]: one for one in local["applications"][0]["deployments"]}
    for deployment in gpu["applications"][0]["deployments"]:
        options = deployment["ray_actor_options"]
        assert options.get("num_gpus", 0) == FRACTIONS.get(deployment["name"], 0)
        options["num_cpus"] = 0.1
        # No call is left to drain when the test is over.
        deployment |= {"graceful_shutdown_wait_loop_s": 0.1, "graceful_shutdown_timeout_s": 1}
        if "user_config" in deployment:
            # A stage that is off in the embedded profile has none.
            deployment["user_config"] = embedded[deployment["name"]].get("user_config")
        if deployment["name"] == "Portrait":
            deployment["autoscaling_config"]["min_replicas"] = 1
    return gpu


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path))
    set_defaults()
    shared = 100 * 2**20
    ray.init(
        address="local",
        num_cpus=4,
        num_gpus=1,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=shared,
    )
    yield
    serve.shutdown()
    ray.shutdown()


async def free_gpu(expected: float) -> None:
    """Wait until Ray counts so much of the GPU as free."""
    async with asyncio.timeout(60):
        while ray.available_resources().get("GPU", 0.0) != pytest.approx(expected, abs=1e-3):  # noqa: ASYNC110 - Ray has no event for it
            await asyncio.sleep(0.2)


@pytest.mark.usefixtures("node")
async def test_stages_share_one_gpu_and_a_replica_too_many_waits_for_room() -> None:
    config = shared_by_fractions()
    client = deploy(config, threading.Event())
    await free_gpu(1 - sum(FRACTIONS.values()))
    names = client.get_serve_status("avatar").deployment_statuses
    assert {one.status.value for one in names} == {"HEALTHY"}

    for deployment in config["applications"][0]["deployments"]:
        if deployment["name"] == "Lipsync":
            deployment["autoscaling_config"] |= {"min_replicas": 3, "max_replicas": 3}
    with pytest.raises(RuntimeError, match="did not come up"):
        deploy(config, threading.Event(), within=15)
    # 0.4 + 0.15 + 0.25 + 0.25 would be more than there is.
    await free_gpu(1 - sum(FRACTIONS.values()))
    details = client.get_serve_details()["applications"]["avatar"]["deployments"]
    states = sorted(replica["state"] for replica in details["Lipsync"]["replicas"])
    assert states == ["RUNNING", "STARTING", "STARTING"]
