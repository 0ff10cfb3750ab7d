"""cluster.yaml and cluster.gcp.yaml, as Ray's cluster launcher reads them."""

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from jsonschema import ValidationError
from ray.autoscaler._private.util import prepare_config, validate_config

from deployments import launch
from tests.contract.capacity import Group, capacity_faults
from tests.contract.rendering import ROOT

CLUSTERS = ("cluster.yaml", "cluster.gcp.yaml")
SERVE = yaml.safe_load((ROOT / "config" / "cluster.yaml").read_text())

both = pytest.mark.parametrize("name", CLUSTERS)


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return loaded


def as_ray_reads_it(config: dict[str, Any]) -> dict[str, Any]:
    prepared: dict[str, Any] = prepare_config(copy.deepcopy(config))
    validate_config(prepared)
    return prepared


def groups(config: dict[str, Any]) -> list[Group]:
    types = as_ray_reads_it(config)["available_node_types"]
    return [
        Group(name, about["max_workers"], about["resources"])
        for name, about in types.items()
        if name != config["head_node_type"]
    ]


@both
def test_ray_takes_the_file(name: str) -> None:
    as_ray_reads_it(load(name))


@both
def test_the_machines_hold_what_the_serve_config_asks_for_at_most(name: str) -> None:
    assert list(capacity_faults(SERVE, groups(load(name)))) == []


@both
def test_bounds_of_the_groups_agree_with_those_of_the_whole(name: str) -> None:
    config = load(name)
    types = config["available_node_types"].values()
    assert all(one["min_workers"] <= one["max_workers"] for one in types)
    assert config["max_workers"] == sum(one["max_workers"] for one in types)
    assert config["available_node_types"]["head"]["resources"] == {"CPU": 0}


@both
def test_ray_runs_by_the_same_settings_as_on_one_machine(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {})
    launch.set_defaults()
    given = dict(
        option.removeprefix("-e ").split("=")
        for option in load(name)["docker"]["run_options"]
        if option.startswith("-e ")
    )
    assert given.pop("RAY_AUTH_MODE") == "token"
    assert given.pop("RAY_SERVE_MAX_PER_REPLICA_RETRY_COUNT") == "20"
    assert given == {key: v for key, v in os.environ.items() if key != "RAY_AUTH_MODE"}


@both
def test_both_clouds_differ_in_their_machines_alone(name: str) -> None:
    ours, other = load(name), load(CLUSTERS[0])
    for config in (ours, other):
        config.pop("provider")
        for about in config["available_node_types"].values():
            about.pop("node_config")
    assert ours == other


def test_amazon_s_own_model_of_its_api_takes_the_machines() -> None:
    model = ServiceModel(Loader().load_service_model("ec2", "service-2"))
    request = model.operation_model("RunInstances").input_shape
    instances = model.shape_for("InstanceType").enum
    for name, about in load("cluster.yaml")["available_node_types"].items():
        node = about["node_config"]
        report = ParamValidator().validate(node | {"MinCount": 1, "MaxCount": 1}, request)
        unknown = set(node) - set(request.members)
        assert (name, report.generate_report(), unknown) == (name, "", set())
        assert node["InstanceType"] in instances


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda c: c.update(max_worker=3), "'max_worker' was unexpected"),
        (lambda c: c["docker"].update(imag="x"), "'imag' was unexpected"),
        (lambda c: c["available_node_types"]["cpu"].update(resource={}), "'resource' was unexp"),
        (lambda c: c["available_node_types"]["cpu"].update(max_workers="x"), "not of type 'integ"),
        (lambda c: c.update(upscaling_speed="fast"), "'fast' is not of type 'number'"),
    ],
)
def test_ray_refuses_what_is_wrong(change: Callable[[dict[str, Any]], object], error: str) -> None:
    config = load("cluster.yaml")
    change(config)
    with pytest.raises(ValidationError, match=error):
        as_ray_reads_it(config)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["cpu"]["resources"].pop("on-cpu"), "Encode: 0 of 16"),
        (lambda t: t["gpu-large"].update(max_workers=1), "Portrait: 2 of 4"),
        (lambda t: t["gpu-small"].update(max_workers=7), "Lipsync: 7 of 8"),
    ],
)
def test_machines_that_are_missing_are_missed(
    change: Callable[[dict[str, Any]], object], said: str
) -> None:
    config = load("cluster.yaml")
    change(config["available_node_types"])
    assert any(said in fault for fault in capacity_faults(SERVE, groups(config)))
