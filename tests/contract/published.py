"""Names of the metrics that exist: Ray's, from its own code, and ours, from where they are made."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import ray

from tests.contract.rendering import ROOT

_KINDS: Final = {
    "Counter": ("_total",),
    "Gauge": ("",),
    "Histogram": ("_bucket", "_sum", "_count"),
}
"""What Ray makes of the names of each kind."""
_RAYS: Final = (
    "serve/_private",
    "dashboard/modules/metrics/dashboards",
    "dashboard/modules/reporter",
)


@functools.cache
def published() -> frozenset[str]:
    return frozenset(_rays() | {name for _, names in ours() for name in names})


def ours() -> Iterator[tuple[str, list[str]]]:
    """Our metrics by the name that they are made under, and as Prometheus sees them."""
    for room in ("deployments", "serve"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                kind, name = getattr(node.func, "id", ""), getattr(node.args[0], "value", None)
                if kind in _KINDS and isinstance(name, str):
                    yield name, [f"ray_{name}{suffix}" for suffix in _KINDS[kind]]


def _rays() -> set[str]:
    """As strings in its code, or as its dashboards draw them."""
    here = Path(ray.__file__).parent
    text = "\n".join(
        path.read_text(encoding="utf-8") for place in _RAYS for path in (here / place).glob("*.py")
    )
    return {f"ray_{name}" for name in re.findall(r'"((?:serve|node)_\w+)"', text)} | set(
        re.findall(r"\b(ray_(?:serve|node)_\w+)", text)
    )
