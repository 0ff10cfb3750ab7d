"""The real server tells a real receiver what becomes of a video."""

import asyncio

from tests.receiver import Receiver, receiving
from tests.server import Server


async def _until(receiver: Receiver, kind: str) -> None:
    async with asyncio.timeout(60):
        while kind not in receiver.types():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.1)


async def test_a_receiver_is_told_of_a_video_from_its_start_to_its_end(server: Server) -> None:
    async with receiving() as receiver:
        wanted = {
            "avatar": "amara",
            "text": "Tell me when it is done.",
            "size": "256x256",
            "webhook_url": receiver.url,
        }
        video = await asyncio.to_thread(server.video, json=wanted)
        assert video["status"] == "completed", video["error"]
        await _until(receiver, "video.completed")
    kinds = receiver.types()  # every signature was found good
    assert [kind for kind in kinds if kind != "video.progress"] == [
        "video.in_progress",
        "video.completed",
    ]
    assert len({message.id for message in receiver.messages}) == len(kinds)
    data = receiver.messages[-1].payload["data"]
    assert (data["id"], data["urls"]) == (video["id"], video["urls"])
