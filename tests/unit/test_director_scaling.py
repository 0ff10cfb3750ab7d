"""Directors grow with what the records say is to do, and keep encoders in work."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.serve._private.common import DeploymentID, ReplicaID
from ray.serve.config import AutoscalingConfig, AutoscalingContext

from deployments.director.room import DirectorConfig, share
from deployments.director.scaling import UNFINISHED
from serve.commands.private import LOCAL_CONFIG

CONFIGS = sorted(LOCAL_CONFIG.parent.glob("*.yaml"))
POLICY = {"policy_function": "deployments.director.scaling:by_unfinished"}
DIRECTOR = DeploymentID("Director", "avatar")


def wanted(*, running: int, ongoing: float, told: list[float], policy: Any = POLICY) -> int:
    """Directors that Serve would want of the policy, before its bounds and delays."""
    bounds = {"min_replicas": 1, "max_replicas": 100, "target_ongoing_requests": 32}
    at_once = {"upscale_delay_s": 0, "downscale_delay_s": 0}
    config = AutoscalingConfig(**bounds, **at_once, policy=policy)
    replicas = [ReplicaID(f"r{n}", DIRECTOR) for n in range(running)]
    context = AutoscalingContext(
        deployment_id=DIRECTOR,
        deployment_name="Director",
        app_name="avatar",
        current_num_replicas=running,
        target_num_replicas=running,
        running_replicas=replicas,
        total_num_requests=ongoing,
        total_queued_requests=0.0,
        aggregated_metrics={UNFINISHED: dict(zip(replicas, told, strict=False))} if told else {},
        raw_metrics={},
        capacity_adjusted_min_replicas=1,
        capacity_adjusted_max_replicas=100,
        policy_state={},
        last_scale_up_time=None,
        last_scale_down_time=None,
        current_time=0.0,
        config=config,
    )
    replicas_wanted, _ = config.policy.get_policy()(context)
    return math.ceil(replicas_wanted)


def test_after_a_restart_what_waits_in_the_records_counts_beyond_what_a_sweep_took_up() -> None:
    assert wanted(running=1, ongoing=16, told=[400]) == 13


def test_jobs_whose_ingress_is_gone_keep_their_directors() -> None:
    assert wanted(running=3, ongoing=0, told=[90, 90, 90]) == 3


def test_what_every_director_reads_alike_is_not_added_up() -> None:
    assert wanted(running=4, ongoing=60, told=[64, 64, 63, 64]) == 2


@pytest.mark.parametrize("told", [[], [1]])
def test_calls_count_that_the_records_did_not_show_yet(told: list[float]) -> None:
    assert wanted(running=1, ongoing=65, told=told) == 3


def test_with_nothing_to_do_none_is_wanted_and_the_bounds_keep_the_fewest() -> None:
    assert wanted(running=2, ongoing=0, told=[0, 0]) == 0


def test_while_none_runs_who_would_tell_the_target_stays() -> None:
    assert wanted(running=0, ongoing=0, told=[]) == 0


def director(config: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    (application,) = yaml.safe_load(config.read_text())["applications"]
    stages = {d["name"]: d for d in application["deployments"]}
    return stages["Director"], stages["Encode"]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_our_configs_scale_directors_by_it(config: Path) -> None:
    assert director(config)[0]["autoscaling_config"]["policy"] == POLICY


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_directors_leave_encoders_room_for_first_segments(config: Path) -> None:
    directing, encode = director(config)
    each = DirectorConfig(**directing.get("user_config", {})).segments_an_encoder
    assert 1.5 * each <= encode["max_ongoing_requests"]


@pytest.mark.parametrize("name", ["cluster.yaml", "gpu.yaml"])
def test_where_encode_is_to_grow_directors_give_it_more_than_it_aims_at(name: str) -> None:
    directing, encode = director(LOCAL_CONFIG.with_name(name))
    each = DirectorConfig(**directing["user_config"]).segments_an_encoder
    assert each > encode["autoscaling_config"]["target_ongoing_requests"]


@pytest.mark.parametrize(
    ("encoders", "directors", "each"),
    [(1, 1, 6), (2, 1, 12), (1, 2, 3), (16, 3, 32), (0, 1, 6), (1, 8, 1), (2, 0, 12)],
)
def test_directors_share_what_the_encoders_can_have(
    encoders: int, directors: int, each: int
) -> None:
    assert share(encoders, directors, 6) == each
