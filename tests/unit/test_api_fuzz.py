"""The API keeps its own description's word, asked at random: a few of what `bench.api_fuzz` asks.

By fixed seeds, though ids differ from run to run; a failure tells how to ask for it again.
"""

import pytest

from bench.api_fuzz.run import Found, round_of
from serve.access.keys import Access


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
    assert found.answers["create_video", "202"] > 1
    assert found.answers["get_video_content", "200"] > 1
