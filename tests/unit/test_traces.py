"""The environment says whether and where traces are sent, by OpenTelemetry's variables."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from deployments import traces

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        ENDPOINT | {"OTEL_SDK_DISABLED": "true"},
        ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_set_up_unless_wanted(environment: dict[str, str]) -> None:
    assert traces.settings(environment) == {}


def test_a_named_collector_turns_serves_traces_on_all_of_them() -> None:
    settings = traces.settings(ENDPOINT)
    assert settings["RAY_SERVE_TRACING_EXPORTER_IMPORT_PATH"] == "deployments.traces:exporters"
    assert settings["RAY_SERVE_TRACING_SAMPLING_RATIO"] == "1"


def test_serve_gets_processors_that_send(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    (processor,) = traces.exporters()
    assert isinstance(processor, BatchSpanProcessor)
    processor.shutdown()


def test_an_exception_is_sent_without_its_words() -> None:
    sent = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(traces.careful(sent))
    tracer = provider.get_tracer("test")
    with (
        pytest.raises(ValueError, match="words"),
        tracer.start_as_current_span("outer"),
        tracer.start_as_current_span("inner", attributes={"deployment": "Speech"}),
    ):
        raise ValueError("a user's words")
    provider.force_flush()
    inner, outer = sent.get_finished_spans()
    assert (inner.name, outer.name) == ("inner", "outer")
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert inner.attributes == {"deployment": "Speech"}
    assert inner.status.status_code is StatusCode.ERROR
    assert [event.attributes for event in inner.events] == [{"exception.type": "ValueError"}]
    assert "words" not in inner.to_json()
    provider.shutdown()


def test_no_exporter_is_imported_before_serve_asks_for_it() -> None:
    code = "import sys, pipeline_graph; print([m for m in sys.modules if 'otlp' in m])"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip().endswith("[]")


LAST = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from serve import spans

spans.send_last()  # nothing was set up: nothing to do
sent, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(BatchSpanProcessor(sent, schedule_delay_millis=60_000))
trace.set_tracer_provider(provider)
with trace.get_tracer("test").start_as_current_span("last"):
    pass
before = len(sent.get_finished_spans())
spans.send_last()
print(before, [span.name for span in sent.get_finished_spans()])
"""


def test_a_replica_that_ends_sends_its_last_spans() -> None:
    told = subprocess.run([sys.executable, "-c", LAST], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "0 ['last']"
