"""The Grafana dashboard as code: `python k8s/components/monitoring/dashboard.py` prints dashboard.json (`make k8s`).

Metrics and their labels: docs/observability.md. Gauges of the records are the same from every director, so `max`.
"""

import sys
from typing import Final

from grafana_foundation_sdk.builders import dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${source}")
WIDTH, HEIGHT = 8, 7

Query = tuple[str, str]
"""PromQL and the legend of its lines."""


def quantiles(metric: str, by: str = "") -> list[Query]:
    """Median and 95th percentile of a histogram, by one label if asked."""
    labels = f"le, {by}" if by else "le"
    legend = f"{{{{{by}}}}} " if by else ""
    return [
        (
            f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket[5m])))",
            f"{legend}p{100 * q:.0f}",
        )
        for q in (0.5, 0.95)
    ]


PANELS: Final[dict[str, list[tuple[str, str, list[Query]]]]] = {
    "Jobs": [
        (
            "Jobs in the works",
            "short",
            [('max by (status) (ray_avatar_jobs{status=~"queued|in_progress"})', "{{status}}")],
        ),
        ("Age of the oldest queued job", "s", [("max(ray_avatar_queue_age_seconds)", "age")]),
        (
            "Claims ended",
            "ops",
            [
                (
                    "sum by (kind, status) (rate(ray_avatar_claims_ended_total[5m]))",
                    "{{kind}} {{status}}",
                )
            ],
        ),
        (
            "Videos cancelled",
            "ops",
            [("sum by (reason) (rate(ray_avatar_jobs_cancelled_total[5m]))", "{{reason}}")],
        ),
        ("Until the first segment", "s", quantiles("ray_avatar_first_media_seconds")),
        (
            "Seconds of video made in a second",
            "short",
            [("sum(rate(ray_avatar_video_seconds_total[5m]))", "video")],
        ),
        (
            "Jobs kept",
            "short",
            [('max by (status) (ray_avatar_jobs{status!~"queued|in_progress"})', "{{status}}")],
        ),
    ],
    "Stages": [
        ("Work on a piece of a job, p95", "s", quantiles("ray_avatar_stage_seconds", "stage")[1:]),
        ("Calls in a batch of lip sync", "short", quantiles("ray_avatar_lipsync_batch_calls")),
        (
            "Steps tried again",
            "ops",
            [
                (
                    "sum by (stage, reason) (rate(ray_avatar_retries_total[5m]))",
                    "{{stage}} {{reason}}",
                )
            ],
        ),
        (
            "Replicas",
            "short",
            [
                (
                    'sum by (deployment) (ray_serve_deployment_replica_healthy{application="avatar"})',
                    "{{deployment}}",
                )
            ],
        ),
        (
            "Calls that wait",
            "short",
            [
                (
                    'sum by (deployment) (ray_serve_deployment_queued_queries{application="avatar"})',
                    "{{deployment}}",
                )
            ],
        ),
        (
            "GPU memory, peak of a replica",
            "decmbytes",
            [("max by (stage) (ray_avatar_gpu_memory_peak_mb)", "{{stage}}")],
        ),
    ],
    "Outside": [
        (
            "Requests by status",
            "reqps",
            [
                (
                    'sum by (status_code) (rate(ray_serve_num_http_requests_total{application="avatar"}[5m]))',
                    "{{status_code}}",
                )
            ],
        ),
        (
            "Refusals by code",
            "ops",
            [("sum by (code) (rate(ray_avatar_refusals_total[5m]))", "{{code}}")],
        ),
        (
            "Words refused by the policy's rules",
            "ops",
            [("sum by (rule) (rate(ray_avatar_policy_refusals_total[5m]))", "{{rule}}")],
        ),
        (
            "Webhook messages",
            "ops",
            [("sum by (outcome) (rate(ray_avatar_webhooks_total[5m]))", "{{outcome}}")],
        ),
    ],
}
"""Rows of panels: title, unit, queries."""


def panel(title: str, unit: str, queries: list[Query]) -> timeseries.Panel:
    """One chart of lines over time."""
    made = (
        timeseries.Panel()
        .title(title)
        .unit(unit)
        .datasource(SOURCE)
        .span(WIDTH)
        .height(HEIGHT)
        .min(0)
    )
    for n, (expression, legend) in enumerate(queries):
        query = (
            prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(chr(ord("A") + n))
        )
        made = made.with_target(query)
    return made


def made() -> str:
    """The dashboard as JSON."""
    board = (
        dashboard.Dashboard("Talking avatars")
        .uid("avatar-serve")
        .tags(["avatar-serve"])
        .refresh("30s")
        .time("now-3h", "now")
        .with_variable(
            dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus")
        )
    )
    for row, panels in PANELS.items():
        board = board.with_row(dashboard.Row(row))
        for title, unit, queries in panels:
            board = board.with_panel(panel(title, unit, queries))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


if __name__ == "__main__":
    sys.stdout.write(made())
