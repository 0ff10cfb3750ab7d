"""The page that a shared link leads to: what those see who were sent it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from bench.material import avatar_id, text_of
from serve.access import links
from serve.settings import Settings
from tests.browser.visitor import LONG, Visitor, arriving
from tests.server import Server

SMALL = {"avatar": avatar_id(), "size": "256x256"}


def shared(http: httpx.Client, job: str) -> str:
    """The address of the page that shows a video."""
    answer = http.post(f"/v1/videos/{job}/share")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["page_url"])


@contextmanager
def watching(browser: Browser, server: Server, url: str, **context: Any) -> Iterator[Visitor]:
    with arriving(browser, server, **context) as guest:
        guest.page.goto(url)
        yield guest


@pytest.fixture(scope="module")
def finished(server: Server) -> dict[str, Any]:
    """A video that is there."""
    mine = {"metadata": {"customer": "Ms Confidential"}}
    return server.video(json=SMALL | mine | {"text": "Hello to you all. How are you today?"})


@pytest.fixture
def link(server: Server, finished: dict[str, Any]) -> str:
    with server.client() as http:
        return shared(http, finished["id"])


def test_a_video_is_watched_while_it_is_made_by_nothing_but_its_link(
    browser: Browser, server: Server
) -> None:
    with server.client() as http:
        job = http.post("/v1/videos", json=SMALL | {"text": text_of(LONG)}).json()
        url = shared(http, job["id"])
        with arriving(browser, server) as guest:
            guest.expected.append("404")  # a cancelled video has no playlist
            asked: list[str] = []
            guest.page.on("request", lambda request: asked.append(request.url))
            guest.page.goto(url)
            guest.until("v => v.buffered.length > 0")
            assert guest.shown("v => v.paused")  # it makes no noise by itself
            guest.shown("v => { v.play() }")
            guest.until("v => v.currentTime > 0.5")
            expect(guest.page.locator("#told")).to_contain_text("still being made")
            http.post(f"/v1/videos/{job['id']}/cancel")
            expect(guest.page.locator("#told")).to_contain_text("was cancelled")
            expect(guest.page.locator("#player")).to_be_hidden()
    token = parse_qs(urlsplit(url).query)["link"]
    calls = [urlsplit(address) for address in asked if "/v1/" in address]
    assert {call.path.split("/")[4] for call in calls} == {"share", "hls", "events"}
    assert all(parse_qs(call.query)["link"] == token for call in calls)
    assert all(address.startswith((server.url, "blob:")) for address in asked), asked


def test_a_finished_video_is_watched_with_its_captions_and_downloaded(
    browser: Browser, server: Server, finished: dict[str, Any], link: str
) -> None:
    with watching(browser, server, link) as guest:
        page = guest.page
        expect(page.get_by_role("heading")).to_have_text("“Hello to you all. How are you today?”")
        expect(page).to_have_title("“Hello to you all. How are you today?”")
        assert guest.shown("v => v.textTracks[0].cues.length") > 0
        guest.shown("v => { v.playbackRate = 4; v.play() }")
        guest.until("v => v.ended")
        assert abs(guest.shown("v => v.currentTime") - finished["seconds"]) < 0.1
        expect(page.locator(".ai")).to_contain_text("made by AI")
        expect(page.locator("#until")).to_contain_text("This link works until")
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download").click()
        assert saved.value.path().read_bytes() == server.fetch(finished["urls"]["video"])
        everything = page.content() + page.locator("body").inner_text()
        for mine in (finished["avatar"], finished["speech"]["voice"], "Confidential"):
            assert mine not in everything


def test_what_a_link_cannot_show_is_said_in_words(
    browser: Browser, server: Server, finished: dict[str, Any], link: str
) -> None:
    (secret,) = links.read_secrets(Settings(data_dir=server.data_dir))
    over = links.sign(secret, finished["id"], int(time.time()) - 1)
    page_url = link.partition("?")[0]
    for wrong in (f"{page_url}?link={over}", link[:-1], f"{link}{'x' * 80}"):
        with watching(browser, server, wrong) as guest:
            guest.expected += ["401", "422"]
            expect(guest.page.get_by_role("heading")).to_have_text("This link does not work")
            expect(guest.page.get_by_role("alert")).to_contain_text("Ask whoever sent it")
            expect(guest.page.locator("#shown")).to_be_hidden()


def test_a_video_that_is_deleted_is_gone_and_a_service_that_is_away_asked_again(
    browser: Browser, server: Server
) -> None:
    job = server.video(json=SMALL | {"text": "Soon gone."})
    with server.client() as http:
        url = shared(http, job["id"])
        with arriving(browser, server) as guest:
            guest.expected += ["404", "502"]
            guest.page.route("**/share?*", lambda route: route.fulfill(status=502, body="away"))
            guest.page.goto(url)
            expect(guest.page.get_by_role("alert")).to_contain_text("try again")
            guest.page.unroute("**/share?*")
            guest.page.get_by_role("button", name="Try again").click()
            expect(guest.page.get_by_role("link", name="Download")).to_be_visible()
            expect(guest.page.get_by_role("alert")).to_be_empty()
            http.delete(f"/v1/videos/{job['id']}")
            guest.page.reload()
            expect(guest.page.get_by_role("heading")).to_have_text("This video is gone")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_watched_on_a_phone_by_keyboard_and_read_aloud(
    browser: Browser, server: Server, link: str, scheme: str
) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme, "bypass_csp": True}
    with watching(browser, server, link, **phone) as guest:
        expect(guest.page.get_by_role("link", name="Download")).to_be_visible()
        assert guest.wide() <= 360
        guest.check_access()
        guest.page.keyboard.press("Tab")
        expect(guest.page.locator("#player")).to_be_focused()
        guest.tab_to("a[download$=mp4]")  # past the player's own controls
        guest.page.goto(link[:-1])
        guest.expected.append("401")
        expect(guest.page.get_by_role("alert")).to_be_visible()
        guest.check_access()
