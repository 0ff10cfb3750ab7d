"""What a load takes, worked out by hand beside what `serve.sizing` says."""

import math
from dataclasses import replace
from typing import Any

import pytest

from media.errors import AvatarError
from serve.sizing.demand import Demand, Prices
from serve.sizing.estimate import estimate
from serve.sizing.figures import Figures
from serve.sizing.needs import Estimate, StageNeed
from serve.sizing.shapes import Machine, Stage

LIPS, CARD_LIPS, SLOW, QUICK = "lips:Lips", "lips:OnCards", "voice:Slow", "voice:Quick"

FIGURES: dict[str, Any] = {
    "sources": {"bench": {"machine": "one", "command": "measure", "date": "2026-01-02"}},
    "engines": {
        LIPS: {"source": "bench", "cpu": {"at": [{"pixels": 1, "video": 0.5, "second": 0.05}]}},
        CARD_LIPS: {
            "source": "bench",
            "cpu": {"at": [{"pixels": 1, "video": 0, "second": 0.01}]},
            "gpu": {"at": [{"pixels": 1, "video": 0, "second": 0.02}]},
        },
        SLOW: {"source": "bench", "cpu": {"at": [{"pixels": 1, "video": 0, "second": 0.4}]}},
        QUICK: {"source": "bench", "cpu": {"at": [{"pixels": 1, "video": 0, "second": 0.1}]}},
        "face:Face": {"source": "bench", "cpu": {"painted": 0.2, "uploaded": 0.3}},
        "Director": {"source": "bench", "cpu": {"at": [{"pixels": 1, "video": 0.1, "second": 0}]}},
    },
    "beside": {
        "database": {"source": "bench", "cpu": {"at": [{"pixels": 1, "video": 0.05, "second": 0}]}}
    },
    "alone": {"some": {"at": [{"pixels": 1, "video": 1.0, "second": 0.2}]}},
    "segments": {"at": [{"pixels": 1, "video": 4, "second": 0.1}]},
    "stored": {"at": [{"pixels": 1, "video": 1000, "second": 100}]},
    "fetched": {"at": [{"pixels": 1, "video": 0, "second": 500}]},
    "requests": {"PUT": {"at": [{"pixels": 1, "video": 3, "second": 0.1}]}},
    "fetches": {"GET": {"at": [{"pixels": 1, "video": 2, "second": 0}]}},
    "records": {
        "inserted": {"at": [{"pixels": 1, "video": 20, "second": 1}]},
        "deleted": {"at": [{"pixels": 1, "video": 5, "second": 0}]},
    },
}
HOURLY = Demand(videos_per_hour=3600, seconds=10, peak=2, utilisation=0.5)
"""Two videos of 10 s begin in each second of the busiest hour."""
STAGE = Stage("Lipsync", (LIPS,), "cpu", cores=1, gpus=0, fewest=1, most=8, ongoing=32)
MACHINES = {
    "cpu": Machine("cpu", cpus=4, gpus=0, memory_gib=8, fewest=1, most=4),
    "gpu": Machine("gpu", cpus=6, gpus=1, memory_gib=8, fewest=0, most=4),
}


def estimated(
    *stages: Stage, demand: Demand = HOURLY, prices: Prices | None = None, **more: Any
) -> Estimate:
    figures = Figures.model_validate(FIGURES | more)
    return estimate("some", demand, stages, MACHINES, figures, prices or Prices())


def need(stage: Stage, demand: Demand = HOURLY) -> StageNeed:
    (found,) = estimated(stage, demand=demand).stages
    return found


def test_a_stage_is_as_busy_as_its_videos_take_of_it() -> None:
    # A video takes 0.5 s and 10 x 0.05 s: 1 s. Two a second keep 2 cores busy; busy for half of
    # their time, 4 replicas of one core do that. A quarter more is one more.
    found = need(STAGE)
    assert found.busy_cores == pytest.approx(2.0)
    assert (found.replicas, found.max_replicas, found.configured) == (4, 5, 8)


def test_a_replica_of_more_cores_counts_for_as_many() -> None:
    assert need(replace(STAGE, cores=4)).replicas == 1
    assert need(replace(STAGE, cores=3)).replicas == 2  # 2 / (0.5 x 3) = 1.3


def test_a_stage_has_its_fewest_replicas_however_little_there_is_to_do() -> None:
    found = need(replace(STAGE, fewest=2), Demand(videos_per_hour=1))
    assert (found.replicas, found.max_replicas) == (2, 3)


def test_shares_of_cards_are_counted_like_cores() -> None:
    # A video takes 0.2 s of a card: 0.4 cards are busy, 0.8 are to be had; two replicas of 0.4
    # find room on one machine.
    stage = Stage("Lipsync", (CARD_LIPS,), "gpu", cores=2, gpus=0.4, fewest=1, most=8, ongoing=32)
    found = estimated(stage)
    (wanted,) = found.stages
    assert wanted.busy_gpus == pytest.approx(0.4)
    assert wanted.replicas == 2
    assert found.gpus == {"gpu": pytest.approx(0.8)}
    assert [(group.group, group.machines) for group in found.groups] == [("gpu", 1)]
    # Per minute of video: 60 x 0.02 s of a card.
    assert found.work.gpu_seconds_per_minute == pytest.approx(1.2)


def test_jobs_under_way_are_those_of_littles_law() -> None:
    # Made alone, a video takes 1 + 10 x 0.2 = 3 s; on a service that is half busy, 6 s. Two a
    # second: 12 under way. Twelve and four times the root of twelve are 25.9.
    director = Stage("Director", ("Director",), "cpu", 1, 0, fewest=1, most=8, ongoing=5)
    found = estimated(director)
    assert found.jobs_under_way == pytest.approx(12.0)
    assert found.active_jobs == 26
    # By processor time one would do: 2 x 0.1 s. But 12 jobs, 5 each, need three.
    assert [one.replicas for one in found.stages] == [3]


def test_machines_hold_the_replicas_of_their_group() -> None:
    # Nine replicas of one core on machines of four.
    found = estimated(replace(STAGE, fewest=9))
    assert [(group.machines, group.most) for group in found.groups] == [(3, 4)]


def test_store_records_and_network_follow_from_the_videos() -> None:
    flow = estimated(STAGE, demand=replace(HOURLY, views=3)).flow
    # 86,400 videos a day (the mean, not the peak) of 1000 + 10 x 100 bytes.
    assert flow.stored_bytes_a_day == pytest.approx(172.8e6)
    assert flow.stored_bytes_kept == pytest.approx(7 * 172.8e6)
    # Of 20 + 10 rows that a video inserts, 5 go before it is over.
    assert flow.records_a_second == pytest.approx({"inserted": 60.0, "deleted": 10.0})
    assert flow.rows_kept == pytest.approx(7 * 86_400 * 25)
    assert flow.segments_a_second == pytest.approx(2 * (4 + 1))
    # Made once, fetched three times.
    assert flow.requests_a_second == pytest.approx({"PUT": 2 * 4.0, "GET": 2 * 3 * 2.0})
    assert flow.sent_bits_a_second == pytest.approx(2 * 3 * 10 * 500 * 8)


def test_what_is_kept_for_ever_has_no_sum() -> None:
    flow = estimated(STAGE, demand=replace(HOURLY, keep_days=0)).flow
    assert (flow.stored_bytes_kept, flow.rows_kept) == (None, None)


def test_a_minute_of_video_costs_what_its_work_takes_of_machines_that_are_not_full() -> None:
    # A video of 10 s takes 1 s in the stage and 0.05 s beside it; a minute six times that, 6.3 s.
    found = estimated(STAGE, prices=Prices(cpu_hour=36.0))
    assert found.work.cpu_seconds_per_minute == pytest.approx(6.3)
    # 0.01 a second, of cores that are busy for half of their time.
    assert found.work.cost_per_minute == pytest.approx(6.3 * 0.01 / 0.5)
    assert found.cores == pytest.approx(2 * 1.05 / 0.5)


def test_without_prices_there_is_no_cost() -> None:
    card = Stage("Lipsync", (CARD_LIPS,), "gpu", cores=2, gpus=1, fewest=1, most=8, ongoing=32)
    assert estimated(STAGE).work.cost_per_minute is None
    assert estimated(card, prices=Prices(cpu_hour=1.0)).work.cost_per_minute is None
    priced = estimated(card, prices=Prices(cpu_hour=1.0, gpu_hour=10.0)).work
    # 60 x 0.01 s and 60 x 0.005 s (the database) of cores, 60 x 0.02 s of a card.
    assert priced.cost_per_minute == pytest.approx((0.9 * 1.0 + 1.2 * 10.0) / 3600 / 0.5)


def test_what_was_not_measured_is_said_and_not_guessed() -> None:
    unknown = replace(STAGE, name="Encode", engines=("new:New",))
    found = estimated(STAGE, unknown, prices=Prices(cpu_hour=1.0))
    known, lacking = found.stages
    assert known.replicas == 4
    assert (lacking.replicas, lacking.max_replicas, lacking.busy_cores) == (None, None, None)
    assert [group.machines for group in found.groups] == [None]
    assert found.work.cost_per_minute is None
    assert "Encode: no cost of new:New was measured" in found.not_measured


def test_an_engine_that_was_measured_without_a_card_says_nothing_of_one() -> None:
    found = estimated(replace(STAGE, group="gpu", gpus=0.5))
    assert found.stages[0].not_measured == f"no cost of {LIPS} on a GPU was measured"
    assert found.work.gpu_seconds_per_minute is None
    assert found.gpus == {"gpu": None}


def test_of_several_engines_the_dearest_counts() -> None:
    found = need(replace(STAGE, name="Speech", engines=(QUICK, SLOW)))
    assert found.engine == SLOW
    assert found.busy_cores == pytest.approx(2 * 10 * 0.4)


def test_stages_of_faces_work_for_the_share_of_videos_that_brings_one() -> None:
    face = Stage("Face", ("face:Face",), "cpu", 1, 0, fewest=1, most=8, ongoing=4)
    assert need(face).busy_cores == 0
    found = need(face, replace(HOURLY, painted=0.5, uploaded=0.25))
    assert found.busy_cores == pytest.approx(2 * (0.5 * 0.2 + 0.25 * 0.3))


def test_a_painter_that_nobody_asks_for_rests_though_its_cost_is_unknown() -> None:
    painter = Stage("Portrait", ("new:Painter",), "gpu", 2, 0.5, fewest=0, most=4, ongoing=2)
    found = need(painter)
    assert (found.replicas, found.not_measured) == (0, "")
    asked = need(painter, replace(HOURLY, painted=0.01))
    assert (asked.replicas, asked.not_measured) == (None, "no cost of new:Painter was measured")
    assert need(painter, replace(HOURLY, uploaded=1.0)).replicas == 0


def test_a_profile_of_which_no_video_was_timed_has_no_jobs_under_way() -> None:
    found = estimated(STAGE, alone={})
    assert (found.jobs_under_way, found.active_jobs) == (None, None)
    assert any("jobs under way" in sentence for sentence in found.not_measured)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"videos_per_hour": 0}, "videos_per_hour"),
        ({"videos_per_hour": -5}, "videos_per_hour"),
        ({"videos_per_hour": math.nan}, "videos_per_hour"),
        ({"videos_per_hour": math.inf}, "videos_per_hour"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": 1801}, "seconds"),
        ({"peak": 0.5}, "peak"),
        ({"size": "big"}, "size"),
        ({"size": "512x0"}, "size"),
        ({"painted": 1.5}, "painted"),
        ({"painted": 0.6, "uploaded": 0.6}, "painted"),
        ({"uploaded": -0.1}, "uploaded"),
        ({"views": -1}, "views"),
        ({"keep_days": -1}, "keep_days"),
        ({"utilisation": 0}, "utilisation"),
        ({"utilisation": 1}, "utilisation"),
        ({"headroom": -0.5}, "headroom"),
    ],
)
def test_nonsense_is_refused_by_its_name(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(AvatarError) as caught:
        Demand(**({"videos_per_hour": 10} | wrong))
    assert (caught.value.code, caught.value.param) == ("invalid_request", named)


@pytest.mark.parametrize("price", [-1.0, math.nan])
def test_a_price_below_nothing_is_refused(price: float) -> None:
    with pytest.raises(AvatarError, match="cpu_hour_price must be 0 or more"):
        Prices(cpu_hour=price)
