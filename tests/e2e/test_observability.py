"""What operators see of one video: metrics by a real Prometheus, logs, one trace.

A server of its own, whose logs and traces are all on.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from deployments.metrics import STAGE_SECONDS
from serve.commands.private import LOCAL_CONFIG, free_port
from tests.collector import Collector, Span, collector
from tests.server import Server, running_server

REQUEST_ID: Final = "asked-by-the-test"
TRACE, CALLER = 2 * "5eed5eed5eed5eed", "ca11ca11ca11ca11"
"""Of the client, who traces its own work."""
MARKED: Final = {
    "avatar_prompt": "an elderly woman with quixotish grey hair",
    "text": "Hello there. We whisper zanzibarian secrets.",
    "voice": "vellichor",
    "metadata": "palimpsest",
    "file": "borborygmus.png",
    "refused": "You sesquipedalian!",
    "consent": "I am Quidnunc Lee in this picture, and agree.",
}
"""What users write and send, and the word in it that no log may hold."""
WORDS: Final = (
    *("quixotish", "zanzibarian", "vellichor", "palimpsest", "borborygmus", "sesquipedalian"),
    "Quidnunc",
)
RULE: Final = """
[[rules]]
name = "long-words"
reason = "Use a shorter word."
words = ["sesquipedalian"]
"""
"""What the operator of this server does not want to be said."""

LABELS: Final = {"kind", "stage", "status", "code", "reason", "rule", "outcome", "le"}
RAYS_LABELS: Final = {"instance", "job", "otel_scope_name"}
"""Lower case ones that scraping or Ray adds; Ray's others begin with capitals."""


@dataclass(frozen=True)
class Watched:
    """A server that made one video, and refused three."""

    server: Server
    job: dict[str, Any]
    logs: Path
    spans: list[Span]
    """Of the video's trace."""
    collected: Collector
    prometheus: httpx.Client
    metrics: str
    """Where Prometheus reads them."""

    def value(self, query: str) -> float:
        """A query's one value, as soon as Prometheus has it."""
        deadline = time.monotonic() + 20
        while True:
            answer = self.prometheus.get("/api/v1/query", params={"query": query}).json()
            if found := answer["data"]["result"]:
                (one,) = found
                return float(one["value"][1])
            assert time.monotonic() < deadline, f"nothing for {query}"
            time.sleep(0.5)

    def lines(self) -> list[dict[str, Any]]:
        """What replicas logged."""
        texts = [path.read_text() for path in self.logs.rglob("serve/replica_*.log")]
        return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    config = yaml.safe_load(LOCAL_CONFIG.read_text())
    config["logging_config"] |= {"log_level": "INFO", "enable_access_log": True}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "words.toml").write_text(RULE)
    # Ray's own folder, logs and all, where it can be searched.
    rays = tempfile.mkdtemp(prefix="o", dir="/tmp")
    port = free_port()
    with collector() as traces, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", rays)
        patch.setenv("TMPDIR", rays)  # the server's own temporary files, too
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", traces.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        patch.setenv("AVATAR_METRICS_PORT", str(port))
        patch.setenv("AVATAR_POLICY", "serve.policies.words:Words")
        patch.setenv("AVATAR_POLICY_OPTIONS", json.dumps({"file": str(folder / "words.toml")}))
        patch.setenv("RAY_metrics_report_interval_ms", "1000")
        try:
            with running_server(folder / "data", folder / "config.yaml") as server:
                job = _use(server)
                with _prometheus(folder, port) as prometheus:
                    spans = _trace_of(traces, str(job["id"]))
                    metrics = f"http://127.0.0.1:{port}/metrics"
                    yield Watched(server, job, Path(rays), spans, traces, prometheus, metrics)
        finally:
            shutil.rmtree(rays, ignore_errors=True)


def _use(server: Server) -> dict[str, Any]:
    with server.client() as http:
        wanted = {name: MARKED[name] for name in ("avatar_prompt", "text")}
        wanted |= {"metadata": {"note": MARKED["metadata"]}, "size": "256x256"}
        headers = {"x-request-id": REQUEST_ID, "traceparent": f"00-{TRACE}-{CALLER}-01"}
        answer = http.post("/v1/videos", json=wanted, headers=headers)
        assert answer.status_code == 202, answer.text
        refused = http.post("/v1/videos", json=wanted | {"voice": MARKED["voice"]})
        assert refused.json()["error"]["code"] == "unknown_voice"
        files = {"avatar_image": (MARKED["file"], b"no picture")}
        form = {name: MARKED[name] for name in ("text", "consent")}
        refused = http.post("/v1/videos", data=form, files=files)
        assert refused.json()["error"]["code"] == "unreadable_image"
        refused = http.post("/v1/videos", json=wanted | {"text": MARKED["refused"]})
        assert refused.json()["error"]["message"] == "Use a shorter word."
    job = server.over(answer.json()["id"])
    assert job["status"] == "completed", job["error"]
    return job


def _trace_of(traces: Collector, video_id: str) -> list[Span]:
    """All spans of the trace that made the video."""
    deadline = time.monotonic() + 30
    while not _is_whole(found := traces.trace_with("avatar.video_id", video_id)):
        assert time.monotonic() < deadline, sorted(span.name for span in found)
        time.sleep(0.2)
    return found


def _is_whole(trace: list[Span]) -> bool:
    """Whether each call that was sent is seen handled, and all have one beginning."""
    known = {span.id for span in trace}
    sent = {span.id for span in trace if span.name.startswith("route_to_replica")}
    handled = {span.parent for span in trace if span.name.startswith("replica_handle_request")}
    return bool(sent) and sent <= handled and sum(s.parent not in known for s in trace) == 1


@contextmanager
def _prometheus(folder: Path, port: int) -> Iterator[httpx.Client]:
    """Prometheus as Debian packs it, scraping one server each second."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed: nothing was scraped")
    targets = [{"targets": [f"127.0.0.1:{port}"]}]
    scraping = {"job_name": "ray", "scrape_interval": "1s", "static_configs": targets}
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [scraping]}))
    own = free_port()
    command = [
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{own}",
    ]
    with (folder / "prometheus.log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{own}", trust_env=False) as client:
            _until_ready(client)
            yield client
    finally:
        running.terminate()
        running.wait()


def _until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + 20
    while True:
        with suppress(httpx.TransportError):
            if client.get("/-/ready").status_code == 200:
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


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


def test_replicas_log_with_the_ids_of_request_and_video(watched: Watched) -> None:
    lines = watched.lines()
    of_request = [line for line in lines if line.get("request_id") == REQUEST_ID]
    stages = {"Ingress", "Director", "Portrait", "Face", "Speech", "Encode", "Lipsync"}
    assert {f"avatar_{stage}" for stage in stages} <= {
        line.get("deployment") for line in of_request
    }
    of_video = [line for line in of_request if line.get("video_id") == watched.job["id"]]
    told = " ".join(line["message"] for line in of_video)
    for step in ("portrait took", "speech took", "segment 0", "is over: completed"):
        assert step in told


def test_nothing_that_users_write_is_in_any_log(watched: Watched) -> None:
    files = [path for path in watched.logs.rglob("*") if path.is_file()]
    found = {
        (word, path.name)
        for path in files
        for word in WORDS
        if path.suffix in (".log", ".out", ".err", ".json", ".txt")
        and word in path.read_text(errors="replace")
    }
    assert len(files) > 10
    assert not found


def test_one_trace_has_every_stage_under_the_one_that_called_it(watched: Watched) -> None:
    spans = {span.id: span for span in watched.spans}
    assert {span.trace for span in watched.spans} == {TRACE}

    def callers(span: Span) -> list[str]:
        above = [span.name]
        while (span := spans.get(span.parent)) is not None:
            above.append(span.name)
        return above

    def way(name: str) -> list[str]:
        """From a span up, without the sending of calls."""
        span = next(s for s in watched.spans if s.name.startswith(name))
        above = [n for n in callers(span) if not n.startswith("route_to_replica")]
        return [n.removeprefix("replica_handle_request ") for n in above]

    director = way("replica_handle_request Director run")
    assert director == [
        "Director run",
        "Ingress __call__",
        "proxy_http_request Ingress POST /v1/videos",
    ]
    assert {span.parent for span in watched.spans} - set(spans) == {CALLER}
    assert way("replica_handle_request Portrait paint") == ["Portrait paint", "portrait", *director]
    assert way("replica_handle_request Speech speak") == ["Speech speak", "speech", *director]
    assert way("replica_handle_request Encode segment") == ["Encode segment", *director]
    assert way("replica_handle_request Lipsync frames") == [
        "Lipsync frames",
        "Encode segment",
        *director,
    ]
    assert way("finish") == ["finish", *director]
    faces = [s for s in watched.spans if s.name == "replica_handle_request Face find"]
    assert any("face" in callers(face) for face in faces)
    assert {span.service for span in watched.spans} == {"avatar-serve"}


def test_no_span_holds_what_users_write(watched: Watched) -> None:
    spans = watched.collected.spans  # those of the refused requests, too
    assert len({span.trace for span in spans}) > 3
    assert not [word for word in WORDS for span in spans if word in span.raw]


def test_a_video_that_is_cancelled_is_counted(watched: Watched) -> None:
    """Behind the others: what this video begins would be in their counts."""
    with watched.server.client() as http:
        wanted = {"avatar": "amara", "text": "There is more to say than anybody hears. " * 40}
        made = http.post("/v1/videos", json=wanted).raise_for_status().json()
        stopped = http.post(f"/v1/videos/{made['id']}/cancel").raise_for_status().json()
    assert stopped["status"] == "cancelled"
    assert watched.value('sum(ray_avatar_jobs_cancelled_total{reason="asked"})') == 1


def test_nothing_that_users_wrote_is_in_any_file_once_its_video_is_deleted(
    watched: Watched,
) -> None:
    """The last test here. Ray's session, its spilled objects and temporary files are searched."""
    folders = (watched.logs, watched.server.data_dir)
    kept = {word for word in WORDS if any(_holding(folder, word) for folder in folders)}
    assert kept == {"quixotish", "zanzibarian", "palimpsest"}  # the records have what was accepted
    with watched.server.client() as http:
        assert http.delete(f"/v1/videos/{watched.job['id']}").status_code == 200
    assert [path for word in WORDS for folder in folders for path in _holding(folder, word)] == []


def _holding(folder: Path, word: str) -> list[Path]:
    """The files below that have a word."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if word.encode() in path.read_bytes()]
