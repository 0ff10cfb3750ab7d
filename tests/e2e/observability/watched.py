"""The server whose metrics, logs and traces are looked at; it makes a video and refuses three."""

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


@contextmanager
def watched_server(folder: Path) -> Iterator[Watched]:
    """Start it, with its logs and traces all on, and use it. Its files are in `folder`."""
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
