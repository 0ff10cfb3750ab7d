"""Where Serve's traces go: to an OpenTelemetry collector that the environment names.

Serve makes the spans of proxy, ingress and every call to a stage, and carries their context in
its own calls; a director adds those of its steps. Variables are those of OpenTelemetry:
`OTEL_EXPORTER_OTLP_…`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_…`
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

import importlib.util
from collections.abc import Mapping
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
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return [BatchSpanProcessor(OTLPSpanExporter())]
