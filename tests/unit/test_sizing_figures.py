"""Measured costs: how they are read, and what the shipped ones cover."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.sizing.fitting import Measured, Sized
from bench.sizing.videos import Means
from media.errors import AvatarError
from serve.commands.private import LOCAL_CONFIG
from serve.sizing.demand import Demand
from serve.sizing.estimate import estimate
from serve.sizing.figures import Cost, load_figures
from serve.sizing.shapes import Machine, Piece, machines, machines_for, stages

SIZED = Cost.model_validate(
    {
        "at": [
            {"pixels": 100, "video": 1, "second": 0.1},
            {"pixels": 200, "video": 2, "second": 0.2},
            {"pixels": 400, "video": 2, "second": 0.6},
        ]
    }
)


def demand(size: str = "512x512", **more: Any) -> Demand:
    return Demand(videos_per_hour=100, seconds=10, size=size, **more)


@pytest.mark.parametrize(
    ("size", "cost"),
    [("10x10", 2.0), ("10x15", 3.0), ("10x20", 4.0), ("10x30", 6.0), ("20x20", 8.0)],
)
def test_between_measured_sizes_a_cost_is_linear_in_pixels(size: str, cost: float) -> None:
    assert SIZED.of(demand(size)) == pytest.approx(cost)


def test_a_cost_of_one_size_holds_for_all_and_one_of_none_is_nothing() -> None:
    one = Cost.model_validate({"at": [{"pixels": 1, "video": 1, "second": 0.1}]})
    assert one.of(demand("4000x4000")) == pytest.approx(2.0)
    assert Cost().of(demand()) == 0


def test_sizes_that_were_not_measured_are_not_extended() -> None:
    figures = load_figures()
    sizes = figures.sizes()
    assert sizes is not None
    with pytest.raises(AvatarError, match="is not between them") as caught:
        estimate("embedded", demand("4000x4000"), stages(LOCAL_CONFIG), machines(), figures)
    assert caught.value.param == "size"


def test_the_shipped_figures_cover_the_embedded_engines() -> None:
    found = estimate(
        "embedded",
        demand(painted=0.1, uploaded=0.3),
        stages(LOCAL_CONFIG),
        machines(),
        load_figures(),
    )
    assert found.not_measured == []
    assert all(need.busy_cores for need in found.stages)
    assert 0.05 < found.work.cpu_seconds_per_minute / 60 < 5


def test_every_figure_has_a_source_with_machine_command_and_date() -> None:
    figures = load_figures()
    assert {source.command for source in figures.sources.values()} == {
        "python -m bench.sizing",
        "python -m bench.voices_speed",
    }
    for source in figures.sources.values():
        assert source.machine
        assert len(source.date.split("-")) == 3


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


OWN: dict[str, Any] = {
    "sources": {"ours": {"machine": "a card", "command": "ours", "date": "2026-01-02"}},
    "engines": {
        "deployments.lipsync.wav2lip.engine:Wav2Lip": {
            "source": "ours",
            "cpu": {"at": [{"pixels": 1, "video": 0, "second": 0.04}]},
            "gpu": {"at": [{"pixels": 1, "video": 0, "second": 0.01}]},
        }
    },
}


def test_figures_of_ones_own_stand_beside_the_shipped(tmp_path: Path) -> None:
    figures = load_figures(write(tmp_path / "own.json", OWN))
    config = LOCAL_CONFIG.with_name("cluster.yaml")
    found = {
        need.stage: need
        for need in estimate("gpu", demand(), stages(config), machines(), figures).stages
    }
    # 100 an hour of 10 s are 0.28 s of video in a second; each takes 0.01 s of a card.
    assert found["Lipsync"].busy_gpus == pytest.approx(100 / 3600 * 10 * 0.01)
    assert found["Encode"].busy_cores
    assert not found["Encode"].not_measured


def test_no_card_was_measured_so_the_shipped_figures_name_none() -> None:
    config = LOCAL_CONFIG.with_name("cluster.yaml")
    found = estimate("gpu", demand(), stages(config), machines(), load_figures())
    assert any(sentence.startswith("Lipsync: no cost of") for sentence in found.not_measured)
    assert found.work.gpu_seconds_per_minute is None


@pytest.mark.parametrize(
    "content",
    [
        {},
        OWN | {"engines": {"a:B": {"source": "nobody", "cpu": {}}}},
        OWN | {"engines": {"a:B": {"source": "ours", "cpu": {"at": [], "extra": 1}}}},
        OWN | {"engines": {"a:B": {"source": "ours", "cpu": {"uploaded": -1}}}},
    ],
)
def test_a_file_that_holds_no_figures_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(AvatarError, match="holds no figures") as caught:
        load_figures(write(tmp_path / "own.json", content))
    assert caught.value.param == "costs"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="cannot be read"):
        load_figures(tmp_path / "none.json")


def test_replicas_are_laid_on_machines_the_largest_first() -> None:
    machine = Machine("cpu", cpus=4, gpus=1, memory_gib=8, fewest=0, most=9)
    two, three = Piece(2, 0, 1), Piece(3, 0, 1)
    assert machines_for([], machine) == 0
    assert machines_for([two, three, two], machine) == 2  # 3 alone, 2 and 2
    assert machines_for([Piece(1, 0, 5)] * 2, machine) == 2  # memory
    assert machines_for([Piece(1, 0.6, 1), Piece(1, 0.6, 1), Piece(1, 0.4, 1)], machine) == 2
    with pytest.raises(ValueError, match="no machine of cpu"):
        machines_for([Piece(5, 0, 1)], machine)


def test_a_replica_of_a_cluster_has_the_cores_it_asks_for_and_one_of_a_machine_its_threads() -> (
    None
):
    on_cluster = {stage.name: stage for stage in stages(LOCAL_CONFIG.with_name("cluster.yaml"))}
    embedded = {stage.name: stage for stage in stages(LOCAL_CONFIG)}
    assert (on_cluster["Encode"].cores, on_cluster["Encode"].group) == (4, "cpu")
    assert (on_cluster["Lipsync"].gpus, on_cluster["Lipsync"].group) == (0.8, "gpu-small")
    assert on_cluster["Speech"].engines == (
        "deployments.speech.hibari:Hibari",
        "deployments.speech.kokoro:Kokoro",
    )
    encode = next(
        one
        for one in yaml.safe_load(LOCAL_CONFIG.read_text())["applications"][0]["deployments"]
        if one["name"] == "Encode"
    )
    assert (embedded["Encode"].cores, embedded["Encode"].group) == (
        encode["user_config"]["workers"],
        "cpu",
    )
    assert "Cloning" not in on_cluster


def test_two_lengths_tell_what_a_video_takes_and_what_its_seconds_take() -> None:
    sized = Sized(100, Means(5.0, {"cpu": 2.0}), Means(25.0, {"cpu": 6.0}))
    assert sized.point("cpu") == {"pixels": 100, "video": 1.0, "second": 0.2}
    assert sized.beyond("cpu", Means(10.0, {"cpu": 3.5})) == pytest.approx(0.5)
    assert sized.beyond("cpu", Means(10.0, {"cpu": 2.0})) == 0


def test_a_line_that_would_fall_below_nothing_is_laid_otherwise() -> None:
    falling = Sized(100, Means(5.0, {"cpu": 2.0}), Means(25.0, {"cpu": 1.0}))
    assert falling.point("cpu") == {"pixels": 100, "video": 1.5, "second": 0.0}
    steep = Sized(100, Means(5.0, {"cpu": 0.1}), Means(25.0, {"cpu": 5.0}))
    assert steep.point("cpu") == {"pixels": 100, "video": 0.0, "second": 0.2}


def test_figures_are_made_of_all_that_was_counted() -> None:
    sized = Sized(
        100,
        Means(5.0, {"records inserted": 10.0, "cpu Face": 0.0}),
        Means(25.0, {"records inserted": 30.0, "cpu Face": 0.0}),
    )
    uploaded = Means(5.0, {"records inserted": 11.0, "cpu Face": 0.25})
    measured = Measured([sized], sized, Means(5.0, {}), uploaded)
    assert measured.cost("records inserted") == {
        "at": [{"pixels": 100, "video": 5.0, "second": 1.0}],
        "painted": 0.0,
        "uploaded": 1.0,
    }
    assert measured.cost("cpu Face")["uploaded"] == 0.25
