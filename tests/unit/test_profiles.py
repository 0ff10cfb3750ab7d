"""Fractions of a GPU that don't lie: what is capped fits into what is counted."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deployments.in_a_row import engine_configs
from deployments.launch import read_config
from deployments.loading import engine_class
from serve.commands.private import LOCAL_CONFIG
from serve.profiles import CONTEXT_MB, Share, misfits, shares

CONFIGS = sorted(LOCAL_CONFIG.parent.glob("*.yaml"))
T4, A100 = 15_360, 40_960
"""MiB of the smallest card that cloud providers lend, and of the smallest large one."""
CARDS = {
    "local.yaml": {},
    "voices.yaml": {},
    "gpu.yaml": {"": (1, T4)},
    "cluster.yaml": {"on-gpu-small": (9, T4), "on-gpu-large": (2, A100)},
}
"""Cards that a profile is for, by the group of machines that they are in, and MiB of each."""

SHARE = Share("Lipsync", "engine", 1, 0.25, 3000)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_a_profile_fits_the_cards_that_it_is_for(config: Path) -> None:
    wanted = shares(config)
    assert {share.group for share in wanted} == set(CARDS[config.name])
    for group, (cards, card_mb) in CARDS[config.name].items():
        assert list(misfits([one for one in wanted if one.group == group], cards, card_mb)) == []


def test_on_a_cluster_every_stage_is_bound_to_a_group_of_machines() -> None:
    config = yaml.safe_load(LOCAL_CONFIG.with_name("cluster.yaml").read_text())
    (application,) = config["applications"]
    bound = {
        one["name"]: list(one["ray_actor_options"]["resources"])
        for one in application["deployments"]
    }
    assert len(bound) == 8
    assert all(len(resources) == 1 for resources in bound.values())


def test_the_profile_for_a_gpu_shares_it_between_several_stages() -> None:
    assert len(shares(LOCAL_CONFIG.with_name("gpu.yaml"))) >= 3


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (replace(SHARE, memory_mb=0), "without a cap"),
        (replace(SHARE, memory_mb=4096), "more than 0.25 of a card"),
        (replace(SHARE, memory_mb=4096 - CONTEXT_MB + 1), "more than 0.25 of a card"),
        (replace(SHARE, replicas=5), "1.25 GPUs"),
    ],
)
def test_what_does_not_fit_is_told(share: Share, said: str) -> None:
    (misfit,) = misfits([share], 1, 16_384)
    assert said in misfit


def test_replicas_that_would_have_to_be_split_over_cards_do_not_fit() -> None:
    (misfit,) = misfits([replace(SHARE, num_gpus=0.6, replicas=3)], 2, 16_384)
    assert "need 3: there are 2" in misfit


def test_a_replica_may_fill_its_fraction_to_the_last() -> None:
    full = replace(SHARE, memory_mb=4096 - CONTEXT_MB, replicas=4)
    assert list(misfits([full], 1, 16_384)) == []


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_every_engine_of_a_profile_exists_and_takes_its_options(config: Path) -> None:
    for engine in engine_configs(config).values():
        engine_class(engine)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_a_replica_that_is_warm_for_a_portrait_is_full_soon_enough(config: Path) -> None:
    """Serve asks another replica only then: one that came up under load would get nothing."""
    (application,) = yaml.safe_load(config.read_text())["applications"]
    (lipsync,) = (d for d in application["deployments"] if d["name"] == "Lipsync")
    target = lipsync["autoscaling_config"]["target_ongoing_requests"]
    assert target < lipsync["max_ongoing_requests"] <= 1.5 * target


def test_the_profile_with_more_voices_differs_in_their_stages_alone() -> None:
    local, voices = (
        {
            deployment["name"]: deployment
            for deployment in read_config(path)["applications"][0]["deployments"]
        }
        for path in (LOCAL_CONFIG, LOCAL_CONFIG.with_name("voices.yaml"))
    )
    assert list(local) == list(voices)
    assert [name for name in local if local[name] != voices[name]] == ["Speech", "Cloning"]
    assert "user_config" not in local["Cloning"]
