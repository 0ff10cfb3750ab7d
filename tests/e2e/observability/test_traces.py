"""The one trace of a video, begun by its client."""

from tests.collector import Span
from tests.e2e.observability.watched import CALLER, TRACE, WORDS, Watched


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
