"""The API keeps its own description's word, asked at random: a few of what `bench.api_fuzz` asks.

By fixed seeds, though ids differ from run to run; a failure tells how to ask for it again.
"""

from typing import Any

import httpx
import jsonschema_rs
import pytest
import requests
import schemathesis
from schemathesis.core.transport import Response
from schemathesis.generation.jsonschema import strategy
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import EnsureResourceAvailability
from schemathesis.transport.serialization import Binary

from bench.api_fuzz import shares
from bench.api_fuzz.cases import files_are_judged
from bench.api_fuzz.run import Found, round_of
from media.errors import AvatarError
from serve.access.keys import Access
from serve.api.app import create_app
from serve.api.services import Services
from serve.jobs import leases, progress, records
from tests.fakes import queue_job


@pytest.mark.parametrize("access", ["open", "keys"])
def test_generated_requests_are_answered_as_the_description_says(access: Access) -> None:
    found = Found()
    round_of(found, seed=9, examples=2, access=access)
    assert not found.failures, "\n\n".join(f"{k}\n{how}" for k, how in found.failures.items())
    assert not found.errors, found.errors
    assert not found.unasked
    assert not {answer for answer in found.answers if answer[1][0] in "5b"}
    assert found.requests > 1000
    assert {"positive", "negative"} <= set(found.modes)
    # What is valid comes through: videos are made, and followed up.
    assert sum(found.answers["create_video", status] for status in ("200", "202")) > 5
    assert found.answers["get_video_content", "200"]


def test_what_filters_generated_bodies_takes_files_for_texts() -> None:
    form = {"properties": {"file": {"type": "string"}, "n": {"type": "integer"}}}
    schema = jsonschema_rs.canonicalize(form)
    body: Any = {"file": Binary(b"a picture"), "n": 1}
    with pytest.raises(ValueError, match="Binary"):  # once this is mended, ours is not needed
        strategy._validator(schema)(body)
    with files_are_judged():
        assert strategy._validator(schema)(body)
        assert not strategy._validator(schema)(body | {"n": "one"})


@pytest.mark.parametrize(
    ("ended", "call", "counts"),
    [
        ("failed", "/share", False),
        ("cancelled", "/share", False),
        (None, "/share", True),
        ("cancelled", "", True),
    ],
)
async def test_of_videos_that_are_not_there_only_an_ended_one_s_share_is_no_failure(
    client: httpx.AsyncClient, services: Services, ended: str | None, call: str, counts: bool
) -> None:
    job = await queue_job(services.database)
    if ended == "cancelled":
        await records.cancel(services.database, job)
    if ended == "failed":
        fence = await leases.claim(services.database, job, 60)
        assert fence
        await progress.fail(services.database, job, fence, AvatarError("internal", "It broke."))
    path, method = "/v1/videos/{video_id}", "POST" if call else "GET"
    name = job if ended and call else "vid_nowhere"
    told = await client.request(method, f"/v1/videos/{name}{call}")
    assert told.status_code == 404
    schema = schemathesis.openapi.from_dict(create_app(services, access="open").openapi())
    case = schema[f"{path}{call}"][method].Case(path_parameters={"video_id": name})
    failure = EnsureResourceAvailability(
        operation="", message="", created_with="", not_available_with=""
    )
    request = requests.Request(method, str(told.url)).prepare()
    answer = Response(404, {}, told.content, request, 0.1, verify=False)
    assert shares.is_failure(HookContext(), failure, case, answer) is counts
