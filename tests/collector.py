"""A small OpenTelemetry collector: takes traces by OTLP over HTTP and keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.local_server import answering


@dataclass(frozen=True)
class Span:
    name: str
    service: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    raw: str


@dataclass
class Collector:
    url: str = ""
    spans: list[Span] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                for one in scope.spans:
                    self.spans.append(
                        Span(
                            one.name,
                            about.get("service.name", ""),
                            one.trace_id.hex(),
                            one.span_id.hex(),
                            one.parent_span_id.hex(),
                            {a.key: a.value.string_value for a in one.attributes},
                            str(one),
                        )
                    )

    def trace_with(self, attribute: str, value: str) -> list[Span]:
        """All spans of the trace in which a span has the attribute."""
        traces = {s.trace for s in self.spans if s.attributes.get(attribute) == value}
        return [span for span in self.spans if span.trace in traces]


@contextmanager
def collector() -> Iterator[Collector]:
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                kept.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None:
            del arguments

    with answering(Handler) as address:
        kept.url = address
        yield kept
