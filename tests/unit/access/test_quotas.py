"""How much a key lets its owner have made."""

import httpx

from serve.jobs import records
from serve.jobs.quotas import Quota
from tests.conftest import check_refusal
from tests.fakes import make_video
from tests.fragments import claimed, commit
from tests.unit.access.keyed import Keyed


async def ask(keyed: Keyed, key: dict[str, str], text: str) -> httpx.Response:
    body = {"avatar": "ada", "text": text}
    return await keyed.http.post("/v1/videos", json=body, headers=key)


async def test_no_more_jobs_than_a_key_may_have_run_at_a_time(keyed: Keyed) -> None:
    key = await keyed.key("me", quota=Quota(active_jobs=1))
    first = await ask(keyed, key, "Hello.")
    assert first.status_code == 202
    again = await ask(keyed, key, "Hello.")
    check_refusal(again, "too_many_jobs", None, 429)
    assert int(again.headers["retry-after"]) > 0
    assert (await ask(keyed, await keyed.key("other"), "Hello.")).status_code == 202
    await keyed.http.post(f"/v1/videos/{first.json()['id']}/cancel", headers=key)
    assert (await ask(keyed, key, "Hello.")).status_code == 202


async def test_a_days_seconds_are_what_was_made_and_what_is_under_way(keyed: Keyed) -> None:
    key = await keyed.key("me", quota=Quota(seconds_a_day=10))
    ten = "word " * 20  # 99 characters: 6.6 s
    first = await ask(keyed, key, ten)
    assert first.status_code == 202
    session = (await keyed.http.get("/v1/session", headers=key)).json()
    assert session["used"] == {"seconds": 6.6, "active_jobs": 1}
    refused = await ask(keyed, key, ten)
    check_refusal(refused, "rate_limited", None, 429)
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    check_refusal(await ask(keyed, key, "word " * 40), "too_large", None, 413)
    await make_video(keyed.services, first.json()["id"])
    made = (await records.get(keyed.services.database, first.json()["id"])).result
    assert made is not None
    session = (await keyed.http.get("/v1/session", headers=key)).json()
    assert session["used"] == {"seconds": made["seconds"], "active_jobs": 0}


async def test_of_a_cancelled_video_what_was_published_counts(keyed: Keyed) -> None:
    key = await keyed.key("me", quota=Quota(seconds_a_day=10))
    job = (await ask(keyed, key, "word " * 20)).json()["id"]
    fence = await claimed(keyed.services, job)
    await commit(keyed.services, job, fence, 0)
    await keyed.http.post(f"/v1/videos/{job}/cancel", headers=key)
    used = (await keyed.http.get("/v1/session", headers=key)).json()["used"]
    assert 0 < used["seconds"] < 6.6
    assert used["active_jobs"] == 0
