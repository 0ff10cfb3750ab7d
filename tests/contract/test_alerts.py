"""Alert rules: their language, the metrics that they ask for, and where they send people."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from tests.contract.published import published
from tests.contract.rendering import ROOT, of_kind, overlay

GUIDE: Final = (ROOT / "docs" / "04-clusters.md").read_text()
(RULES,) = of_kind(overlay("production"), "PrometheusRule")
ALERTS = [rule for group in RULES["spec"]["groups"] for rule in group["rules"]]
SELECTOR: Final = re.compile(r"\bray_\w+")
PLAYED: Final = Path(__file__).parent / "data" / "alerts.yaml"
LABELS: Final = {"ray_io_cluster", "ray_io_group"}
"""That scraping adds: k8s/components/monitoring/scraping.yaml."""

every_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])


@every_alert
def test_an_alert_is_promql(alert: dict[str, Any]) -> None:
    promql_parser.parse(alert["expr"])


@every_alert
def test_an_alert_asks_for_metrics_that_are_published(alert: dict[str, Any]) -> None:
    asked = set(SELECTOR.findall(alert["expr"])) - LABELS
    assert asked
    assert asked <= published()


@every_alert
def test_the_guide_says_what_to_do_about_an_alert(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")
    assert page == "docs/04-clusters.md"
    assert f"\n### {alert['alert']}\n" in GUIDE
    assert anchor == alert["alert"].lower()


@pytest.mark.parametrize("wrong", ["sum by (a (b) > 1", "histogram_quantil(0.9, b)", "rate(b) > 1"])
def test_what_is_no_promql_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        promql_parser.parse(wrong)


def test_every_alert_is_played_both_ways() -> None:
    """With alerts expected, and with none."""
    played = [
        one
        for case in yaml.safe_load(PLAYED.read_text())["tests"]
        for one in case["alert_rule_test"]
    ]
    names = {alert["alert"] for alert in ALERTS}
    assert {one["alertname"] for one in played if one.get("exp_alerts")} == names
    assert {one["alertname"] for one in played if not one.get("exp_alerts")} == names


def test_alerts_stand_when_something_is_wrong_and_only_then(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: no alert was played")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES["spec"]))
    shutil.copy(PLAYED, tmp_path)
    for task in (["check", "rules", "rules.yaml"], ["test", "rules", PLAYED.name]):
        command = [promtool, *task]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
