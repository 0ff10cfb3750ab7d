"""The plot of replicas against load: what it draws, and that it stays small."""

import re

from bench.scaling.plot import draw


def sights(counts: list[int]) -> dict[str, object]:
    return {
        "bounds": {"Lipsync": [1, 5]},
        "loads": [],
        "sights": [
            {"at": float(n), "jobs": 0, "replicas": {"Lipsync": count}}
            for n, count in enumerate(counts)
        ],
    }


def steps(svg: str) -> list[str]:
    """The strokes of the stage's line."""
    *_, line = re.findall(r'<path d="([^"]+)"', svg)
    return re.findall(r"[MHV][^MHV]+", line)


def test_a_stage_that_grows_and_shrinks_has_a_stroke_for_each_change() -> None:
    # 650 points wide from 90 on, ten seconds; 44 points high from 140 up, at most 4 replicas.
    drawn = steps(draw(sights([1, 1, 1, 4, 4, 4, 4, 2, 2, 2, 2])))
    assert drawn == ["M90.0 129.0", "H285.0", "V96.0", "H545.0", "V118.0", "H740.0"]


def test_a_long_watch_without_a_change_is_one_stroke() -> None:
    assert len(steps(draw(sights([1] * 5000)))) == 2
