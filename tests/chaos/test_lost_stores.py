"""What the service stands on goes away for a while: its records, its artifacts, its disk."""

import pytest

from tests.chaos.conftest import Jobs


@pytest.mark.parametrize("name", ["stop database", "fill disk", "break store"])
async def test_jobs_wait_until_what_is_away_comes_back(jobs: Jobs, name: str) -> None:
    await jobs.until_committed(await jobs.accepted(4))
    await jobs.struck_by(name)
    verdicts = await jobs.nothing_is_lost()
    assert {verdict.outcome for verdict in verdicts} == {"completed"}
    assert sum(verdict.redone for verdict in verdicts) == 0
    assert {verdict.attempts for verdict in verdicts} == {1}
