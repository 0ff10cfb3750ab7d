"""A voice of one's own goes whole, and nobody else has it while it is there."""

import asyncio

import httpx

from serve.access.callers import Caller
from serve.api.app import create_app
from serve.api.services import Services, caller_of, owner_of, reach_of
from tests.cloned import CloningStages, cloned, held
from tests.conftest import Stored, ask, check_refusal


async def test_a_deleted_voice_leaves_nothing(
    client: httpx.AsyncClient, stored: Stored, services: Services
) -> None:
    voice = await cloned(client)
    await client.get(f"/v1/voices/{voice}/sample")
    assert len(stored()) == 2
    answer = await client.delete(f"/v1/voices/{voice}")
    assert answer.json() == {"id": voice, "object": "voice.deleted", "deleted": True}
    assert stored() == set()
    assert voice.encode() not in (services.settings.data_dir / "records.sqlite3").read_bytes()
    for gone in (
        await client.get(f"/v1/voices/{voice}"),
        await client.delete(f"/v1/voices/{voice}"),
    ):
        assert gone.status_code == 404
    check_refusal(await ask(client, voice=voice), "unknown_voice", "voice")


async def test_a_voice_deleted_while_it_is_made_leaves_nothing(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    voice = await held(client, stages)
    assert (await client.delete(f"/v1/voices/{voice}")).status_code == 200
    async with asyncio.timeout(2):
        while stages.making:  # noqa: ASYNC110 - a script has no event for it
            await asyncio.sleep(0.01)
    assert stored() == set()


async def test_a_voice_that_speaks_in_a_video_stays_until_that_is_over(
    client: httpx.AsyncClient,
) -> None:
    voice = await cloned(client)
    video = (await ask(client, voice=voice)).json()["id"]
    refused = await client.delete(f"/v1/voices/{voice}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_finished")
    await client.post(f"/v1/videos/{video}/cancel")
    assert (await client.delete(f"/v1/voices/{voice}")).status_code == 200


async def test_stock_voices_stay(client: httpx.AsyncClient) -> None:
    check_refusal(await client.delete("/v1/voices/anna"), "invalid_request", None)


async def test_a_sample_that_is_spoken_while_its_voice_goes_is_not_kept(
    client: httpx.AsyncClient, stages: CloningStages, stored: Stored
) -> None:
    voice = await cloned(client)
    stages.delays["speak"] = 0.3
    asking = asyncio.create_task(client.get(f"/v1/voices/{voice}/sample"))
    async with asyncio.timeout(5):
        while "speak" not in stages.calls:  # noqa: ASYNC110 - a script has no event for it
            await asyncio.sleep(0.01)
    await client.delete(f"/v1/voices/{voice}")
    assert (await asking).status_code == 404
    assert stored() == set()


async def test_nobody_hears_or_uses_anothers_voice(
    client: httpx.AsyncClient, services: Services
) -> None:
    voice = await cloned(client)
    app = create_app(services, access="open")
    other_caller = Caller("somebody else", "write")
    app.dependency_overrides |= {
        caller_of: lambda: other_caller,
        owner_of: lambda: other_caller.owner,
        reach_of: lambda: other_caller.reaches,
    }
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as other:
        for answer in (
            await other.get(f"/v1/voices/{voice}"),
            await other.get(f"/v1/voices/{voice}/sample"),
            await other.delete(f"/v1/voices/{voice}"),
        ):
            assert answer.status_code == 404
        assert len((await other.get("/v1/voices")).json()["data"]) == 2
        check_refusal(await ask(other, voice=voice), "unknown_voice", "voice")
    assert (await client.get(f"/v1/voices/{voice}")).status_code == 200
