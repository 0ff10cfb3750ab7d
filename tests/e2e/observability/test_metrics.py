"""What a real Prometheus reads of one video."""

from typing import Final

import httpx
import pytest

from deployments.metrics import STAGE_SECONDS
from tests.e2e.observability.watched import WORDS, Watched

LABELS: Final = {"kind", "stage", "status", "code", "reason", "rule", "outcome", "le"}
RAYS_LABELS: Final = {"instance", "job", "otel_scope_name"}
"""Lower case ones that scraping or Ray adds; Ray's others begin with capitals."""


def test_prometheus_finds_what_one_video_did(watched: Watched) -> None:
    value, job = watched.value, watched.job
    seconds = value("sum(ray_avatar_video_seconds_total)")
    assert seconds == pytest.approx(job["seconds"], abs=0.1)
    for stage in ("portrait", "face", "speech", "finish"):
        which = f'{{stage="{stage}"}}'
        assert value(f"sum(ray_avatar_stage_seconds_count{which})") == 1
        bucket = f"sum by (le) (ray_avatar_stage_seconds_bucket{which})"
        spent = job["timings"][stage] / 1e3
        assert value(f"histogram_quantile(1, {bucket})") == min(
            bound for bound in STAGE_SECONDS if bound >= spent
        )
    for stage in ("lipsync", "encode"):
        each = value(f'sum(ray_avatar_stage_seconds_count{{stage="{stage}"}})')
        assert each == value('sum(ray_avatar_stage_seconds_count{stage="lipsync"})') > 1
    assert value("sum(ray_avatar_first_media_seconds_count)") == 1
    first = "sum by (le) (ray_avatar_first_media_seconds_bucket)"
    assert 0 < value(f"histogram_quantile(1, {first})") < 300
    assert value("sum(ray_avatar_lipsync_batch_calls_count)") >= job["frames"] / 16 / 8
    assert value('sum(ray_avatar_claims_ended_total{kind="video",status="completed"})') == 1
    assert value('max(ray_avatar_jobs{status="queued"})') == 0
    assert value("max(ray_avatar_queue_age_seconds)") == 0
    assert value('sum(ray_avatar_policy_refusals_total{rule="long-words"})') == 1
    for code in ("unknown_voice", "unreadable_image", "content_refused"):
        assert value(f'sum(ray_avatar_refusals_total{{code="{code}"}})') == 1


def test_labels_hold_nothing_of_users_and_no_ids(watched: Watched) -> None:
    answer = watched.prometheus.get(
        "/api/v1/series", params={"match[]": '{__name__=~"ray_avatar_.+"}'}
    )
    series = answer.json()["data"]
    assert {one["__name__"] for one in series} >= {"ray_avatar_jobs"}
    ours = {label for one in series for label in one if label[0].islower()} - RAYS_LABELS
    assert {"stage", "status", "code"} <= ours <= LABELS
    assert watched.job["id"] not in answer.text


def test_metrics_hold_nothing_that_users_write(watched: Watched) -> None:
    told = httpx.get(watched.metrics, trust_env=False).text
    assert "ray_avatar_jobs" in told
    assert not [word for word in WORDS if word in told]


def test_a_video_that_is_cancelled_is_counted(watched: Watched) -> None:
    """Behind the others: what this video begins would be in their counts."""
    with watched.server.client() as http:
        wanted = {"avatar": "amara", "text": "There is more to say than anybody hears. " * 40}
        made = http.post("/v1/videos", json=wanted).raise_for_status().json()
        stopped = http.post(f"/v1/videos/{made['id']}/cancel").raise_for_status().json()
    assert stopped["status"] == "cancelled"
    assert watched.value('sum(ray_avatar_jobs_cancelled_total{reason="asked"})') == 1
