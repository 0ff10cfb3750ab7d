"""The Grafana dashboard: as its script makes it, of Grafana's schema, over metrics that exist."""

import json
import re
import subprocess
import sys
from typing import Any, Final

import promql_parser
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.contract.published import ours, published
from tests.contract.rendering import K8S, ROOT, of_kind, overlay

FOLDER: Final = K8S / "components" / "monitoring"
BOARD: Final[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())
PANELS: Final = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS: Final = [target["expr"] for panel in PANELS for target in panel["targets"]]
METRIC: Final = re.compile(r"\bray_\w+")
GUIDE: Final = (ROOT / "docs" / "observability.md").read_text()


def through_the_schema(board: dict[str, Any]) -> Any:
    """The dashboard as Grafana's own types read it: what they don't know is gone."""
    return json.loads(JSONEncoder().encode(Dashboard.from_json(board)))


def test_the_dashboard_is_what_its_script_makes() -> None:
    command = [sys.executable, str(FOLDER / "dashboard.py")]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert made == (FOLDER / "dashboard.json").read_text()


def test_the_dashboard_is_of_grafanas_schema() -> None:
    assert through_the_schema(BOARD) == BOARD


@pytest.mark.parametrize("key", ["gridPosition", "targetz"])
def test_what_grafana_does_not_know_is_found(key: str) -> None:
    wrong = {**BOARD, "panels": [{**PANELS[0], key: 1}]}
    assert through_the_schema(wrong) != wrong


def test_no_two_panels_lie_over_each_other() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in BOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_panel_asks_in_promql_for_metrics_that_are_published(expression: str) -> None:
    promql_parser.parse(expression)
    asked = set(METRIC.findall(expression))
    assert asked
    assert asked <= published()


@pytest.mark.parametrize(("name", "series"), list(ours()))
def test_each_metric_of_ours_is_drawn_and_described(name: str, series: list[str]) -> None:
    assert any(one in expression for one in series for expression in EXPRESSIONS)
    assert f"`ray_{name}" in GUIDE


def test_gauges_of_the_records_are_never_added_up() -> None:
    for expression in EXPRESSIONS:
        if re.search(r"ray_avatar_(jobs\b|queue_age)", expression):
            assert expression.startswith("max")


def test_grafana_finds_the_dashboard_in_the_cluster() -> None:
    (found,) = (
        one
        for one in of_kind(overlay("production"), "ConfigMap")
        if one["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    )
    assert json.loads(found["data"]["dashboard.json"]) == BOARD
