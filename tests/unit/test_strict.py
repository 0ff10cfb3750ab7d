"""A Serve config is refused for what Ray's own schema lets pass."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.arguments import Arguments, opened_too_far
from deployments.clustered import clustered
from deployments.strict import faults
from pipeline_graph import app
from serve.commands.private import LOCAL_CONFIG

CONFIGS = sorted(LOCAL_CONFIG.parent.glob("*.yaml"))
CLUSTER = yaml.safe_load(LOCAL_CONFIG.with_name("cluster.yaml").read_text())


def deployments_of_the_graph() -> set[str]:
    found, todo = {}, [app(Arguments())]
    while todo:
        bound = todo.pop()._bound_deployment
        found[bound.name] = bound
        todo += [arg for arg in bound.init_args if hasattr(arg, "_bound_deployment")]
    return set(found)


def stage(config: dict[str, Any], name: str) -> dict[str, Any]:
    (application,) = config["applications"]
    found: dict[str, Any] = next(d for d in application["deployments"] if d["name"] == name)
    return found


def set_policy(config: dict[str, Any], function: str) -> None:
    scaling = stage(config, "Director")["autoscaling_config"]
    scaling["policy"] = {"policy_function": function}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_our_own_configs_are_right(config: Path) -> None:
    assert list(faults(yaml.safe_load(config.read_text()))) == []


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.name)
def test_our_own_configs_name_every_deployment_of_the_graph(config: Path) -> None:
    (application,) = yaml.safe_load(config.read_text())["applications"]
    assert {d["name"] for d in application["deployments"]} == deployments_of_the_graph()


def test_only_the_local_profile_lets_everybody_in() -> None:
    opened = [
        path.name
        for path in CONFIGS
        if "open" in str(yaml.safe_load(path.read_text())["applications"][0].get("args"))
    ]
    assert opened == ["local.yaml"]
    assert "args" not in yaml.safe_load(clustered(LOCAL_CONFIG))["applications"][0]


@pytest.mark.parametrize("host", ["::", "10.1.2.3", "example.com", "127.0.0.1.evil"])
def test_an_open_service_is_refused_where_others_reach_it(host: str) -> None:
    config = yaml.safe_load(LOCAL_CONFIG.read_text())
    for near in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        assert list(opened_too_far(config | {"http_options": {"host": near}})) == []
    far = config | {"http_options": {"host": host}}
    (sentence,) = opened_too_far(far)
    assert "--access keys" in sentence
    far["applications"][0]["args"] = {"access": "keys"}
    assert list(opened_too_far(far)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(proxy_locatoin="HeadOnly"), "proxy_locatoin is no setting"),
        (lambda c: c["http_options"].update(prot=8000), "http_options.prot is no setting"),
        (lambda c: c["http_options"].update(port="eight"), "http_options.port: "),
        (lambda c: c["logging_config"].update(level="INFO"), "logging_config.level"),
        (lambda c: c["applications"][0].update(import_pat="x"), "avatar.import_pat is no"),
        (lambda c: c["applications"][0].pop("import_path"), "import_path: Field required"),
        (lambda c: c["applications"][0].update(args={"access": "all"}), "args.access: "),
        (lambda c: c["applications"][0].update(args={"acess": "open"}), "args.acess: "),
        (lambda c: stage(c, "Face").update(max_ongoing_request=3), "Face.max_ongoing_request is"),
        (lambda c: stage(c, "Face").update(max_ongoing_requests="a"), "max_ongoing_requests"),
        (lambda c: set_policy(c, "deployments.no:such"), "No module named 'deployments.no'"),
        (lambda c: set_policy(c, "deployments.director.scaling:such"), "no attribute 'such'"),
        (
            lambda c: stage(c, "Director")["user_config"].update(segments=1),
            "Director.user_config.segments",
        ),
        (
            lambda c: stage(c, "Face")["autoscaling_config"].update(max_replica=3),
            "autoscaling_config.max_replica is no setting",
        ),
        (
            lambda c: stage(c, "Face")["autoscaling_config"].update(min_replicas=9),
            "Face.autoscaling_config",
        ),
        (
            lambda c: stage(c, "Face")["autoscaling_config"].update(target_ongoing_requests=9),
            "never get another replica",
        ),
        (lambda c: stage(c, "Cloning").update(user_config={"engin": "a:B"}), "Cloning.user_config"),
        (lambda c: stage(c, "Face")["ray_actor_options"].update(num_gpu=1), "num_gpu is no"),
        (lambda c: stage(c, "Face")["ray_actor_options"].update(num_gpus=-1), "num_gpus"),
        (lambda c: stage(c, "Face")["user_config"].update(thread=2), "Face.user_config.thread"),
        (lambda c: stage(c, "Face").pop("user_config"), "Face.user_config.engine"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    change: Callable[[dict[str, Any]], object], said: str
) -> None:
    config = copy.deepcopy(CLUSTER)
    change(config)
    assert any(said in sentence for sentence in faults(config)), list(faults(config))


def test_the_launcher_starts_nothing_with_a_config_that_is_wrong(tmp_path: Path) -> None:
    text = LOCAL_CONFIG.read_text().replace("max_replicas: 2", "max_replica: 2", 1)
    (wrong := tmp_path / "wrong.yaml").write_text(text)
    command = [sys.executable, "-m", "deployments.launch", str(wrong)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 1
    assert "Director.autoscaling_config.max_replica is no setting of Serve" in told.stderr


def test_a_cluster_takes_the_config_of_one_machine_for_holders_of_keys() -> None:
    changed = yaml.safe_load(clustered(LOCAL_CONFIG))
    ours = yaml.safe_load(LOCAL_CONFIG.read_text())
    assert changed.pop("proxy_location") == "EveryNode"
    assert changed["http_options"].pop("host") == "0.0.0.0"  # noqa: S104 - a pod's own
    assert ours.pop("proxy_location") == "HeadOnly"
    assert ours["http_options"].pop("host") == "127.0.0.1"
    assert ours["applications"][0].pop("args") == {"access": "open"}
    assert changed == ours


def test_a_config_that_does_not_say_where_it_listens_is_refused(tmp_path: Path) -> None:
    (silent := tmp_path / "silent.yaml").write_text("proxy_location: HeadOnly\n")
    with pytest.raises(ValueError, match="one is needed"):
        clustered(silent)
