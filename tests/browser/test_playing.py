"""A video plays in a browser while it is made."""

import time
from typing import Any

import pytest
from playwright.sync_api import Page

from bench.material import text_of
from tests.browser.pages import Site

SECONDS = 30.0
"""Long enough that the video is still being made when its first second has been played."""


@pytest.fixture
def request_body(site: Site) -> dict[str, Any]:
    with site.server.client() as http:
        avatar = http.get("/v1/avatars").json()["data"][0]["id"]
    return {"avatar": avatar, "text": text_of(SECONDS), "size": "512x512"}


def until(page: Page, condition: str, within: float = 90) -> dict[str, Any]:
    """What the page has seen once the condition holds; its faults are the test's."""
    deadline = time.monotonic() + within
    while True:
        seen: dict[str, Any] = page.evaluate("seen")
        assert not seen["faults"], seen
        if page.evaluate(condition):
            return dict(page.evaluate("seen"))
        assert time.monotonic() < deadline, (seen, page.evaluate("[video.currentTime, ranges()]"))
        page.wait_for_timeout(100)


def test_a_video_plays_from_its_playlist_while_it_is_made(
    page: Page, site: Site, request_body: dict[str, Any]
) -> None:
    with site.server.client() as http:
        job = http.post("/v1/videos", json=request_body).json()
    page.evaluate("job => { playByHls(job) }", job["id"])
    seen = until(page, "seen.passed !== null")
    assert seen["supported"], seen["codecs"]
    assert seen["passed"]["status"] == "in_progress"
    over = site.server.over(job["id"], within=90)
    assert over["status"] == "completed", over["error"]
    until(page, "video.duration < Infinity && seen.segments > 0")
    ((start, end),) = page.evaluate("ranges()")
    assert start == 0
    assert abs(end - over["seconds"]) < 0.05
    assert over["segments"]["published"] == page.evaluate("seen.segments") > 4
    # Every border is played over: the picture goes on to the end.
    page.evaluate("video.playbackRate = 8")
    seen = until(page, "seen.ended")
    assert abs(page.evaluate("video.currentTime") - over["seconds"]) < 0.1
    assert page.evaluate("[video.videoWidth, video.videoHeight]") == [512, 512]


def test_a_plain_video_element_plays_the_stream_while_it_is_made(
    page: Page, site: Site, request_body: dict[str, Any]
) -> None:
    site.request = request_body
    page.evaluate("() => { playPlain('/stream.mp4', new Promise(r => (told = r)), 1.0) }")
    assert site.started.wait(60)
    page.evaluate("job => told(job)", site.job)
    seen = until(page, "seen.passed !== null")
    assert seen["passed"]["status"] == "in_progress"
    page.evaluate("video.playbackRate = 8")
    until(page, "seen.ended")
    over = site.server.over(site.job)
    assert over["status"] == "completed", over["error"]
    assert abs(page.evaluate("video.currentTime") - over["seconds"]) < 0.1


def test_a_finished_video_plays_from_its_playlist_and_from_its_file(
    page: Page, site: Site, request_body: dict[str, Any]
) -> None:
    job = site.server.video(json=request_body | {"text": "Once more, please."})
    page.evaluate("job => { playByHls(job) }", job["id"])
    until(page, "seen.ended")
    assert abs(page.evaluate("video.currentTime") - job["seconds"]) < 0.1
    page.reload()
    page.evaluate("url => { playPlain(url, '', Infinity) }", job["urls"]["video"])
    until(page, "seen.ended")
    assert abs(page.evaluate("video.currentTime") - job["seconds"]) < 0.1
