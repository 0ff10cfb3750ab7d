"""Where Serve's traces go: to an OpenTelemetry collector that the environment names.

Serve makes the spans of proxy, ingress and every call to a stage, and carries their context in
its own calls; a director adds those of its steps. Variables are those of OpenTelemetry:
`OTEL_EXPORTER_OTLP_…`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_…`
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, Final

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER: Final = "opentelemetry.exporter.otlp.proto.http"
MISSING: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends traces is not installed: "
    'pip install "avatar-serve[traces]".'
)


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a collector, and does not turn traces off."""
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not off and any(environment.get(name) for name in _ENDPOINTS)


def can_send() -> bool:
    """Whether the extra `traces` is installed."""
    try:
        return importlib.util.find_spec(_EXPORTER) is not None
    except ModuleNotFoundError:
        return False


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Serve's settings for the traces that the environment wants; none where it wants none."""
    if not wanted(environment):
        return {}
    return {
        "RAY_SERVE_TRACING_EXPORTER_IMPORT_PATH": f"{__name__}:exporters",
        # Serve decides anew at each hop of a trace that is not sampled: only all make whole traces.
        "RAY_SERVE_TRACING_SAMPLING_RATIO": "1",
        "OTEL_SERVICE_NAME": "avatar-serve",
    }


def exporters() -> list[Any]:
    """Called by Serve in each of its processes when it sets tracing up."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return [careful(OTLPSpanExporter())]


def careful(exporter: Any) -> Any:
    """A span processor that sends by the exporter, without what exceptions say.

    Serve writes the message of an error, which may hold a user's words, into the span of its call.
    """
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Careful(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result: SpanExportResult = exporter.export([_without_words(span) for span in spans])
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return BatchSpanProcessor(Careful())


def _without_words(span: Any) -> Any:
    """The span, of its exceptions the types alone."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status

    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[
            Event(
                event.name,
                {k: v for k, v in (event.attributes or {}).items() if k == "exception.type"},
                event.timestamp,
            )
            for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
