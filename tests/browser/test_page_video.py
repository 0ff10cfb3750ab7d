"""Videos on the page: asked for, followed, lost and found, cancelled, deleted, shared."""

import re

from playwright.sync_api import Browser, Route, expect

from bench.material import text_of
from tests.browser.visitor import Visitor, arriving
from tests.server import Server


def test_a_service_that_cannot_be_reached_is_told_and_asked_again(visitor: Visitor) -> None:
    visitor.expected.append("ERR_FAILED")
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("Hello.")
    visitor.page.route("**/v1/videos", lambda route: route.abort())
    visitor.send()
    expect(visitor.page.locator("#go-error")).to_contain_text("can't be reached")
    visitor.page.unroute("**/v1/videos")
    visitor.send()
    visitor.made()
    expect(visitor.page.locator("#go-error")).to_be_empty()


def test_an_answer_that_is_lost_on_its_way_makes_no_second_video(visitor: Visitor) -> None:
    visitor.expected.append("ERR_FAILED")
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("Only once.")
    lost: list[str] = []

    def lose_first(route: object) -> None:
        if not lost:
            lost.append(route.fetch().json()["id"])  # type: ignore[attr-defined]  # Route
            route.abort()  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    visitor.page.route("**/v1/videos", lose_first)
    visitor.send()
    assert visitor.made()["id"] == lost[0]


def test_a_video_is_cancelled_and_deleted(visitor: Visitor) -> None:
    visitor.expected.append("404")  # a cancelled video has no playlist
    visitor.begin_a_long_one()
    visitor.page.locator("#actions").get_by_role("button", name="Cancel").click()
    expect(visitor.told).to_have_text("The video was cancelled.")
    expect(visitor.page.locator("#history-list")).to_contain_text("cancelled")
    job = visitor.page.locator("#history-list li").get_attribute("id")
    visitor.page.locator("#actions").get_by_role("button", name="Delete").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(visitor.page.locator("#history-list li")).to_have_count(1)
    visitor.page.locator("#history-list").get_by_role("button", name="Delete").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(visitor.page.locator("#history-list li")).to_have_count(0)
    assert visitor.page.locator("#job").is_hidden()
    with visitor.server.client() as http:
        assert http.get(f"/v1/videos/{job}").status_code == 404


def test_a_video_in_the_making_is_there_again_after_a_reload(visitor: Visitor) -> None:
    visitor.expected.append("404")  # it is cancelled at the end, and has no playlist then
    visitor.begin_a_long_one()
    job = visitor.page.locator("#history-list li").get_attribute("id")
    visitor.open()
    expect(visitor.page.locator("#progress-row")).to_be_visible()
    expect(visitor.told).to_have_text("The video is being made, and plays as far as it is.")
    visitor.until("v => v.buffered.length > 0 && v.buffered.end(0) > 1")
    assert visitor.shown("v => v.paused")  # nobody has asked for it just now
    visitor.page.close()
    visitor.page = visitor.context.new_page()  # closed, and opened again
    visitor.open()
    visitor.shown("v => { v.muted = true; v.play() }")
    visitor.until("v => v.currentTime > 0.5")
    visitor.page.locator("#history-list").get_by_role("button", name="Cancel").click()
    expect(visitor.told).to_have_text("The video was cancelled.")
    with visitor.server.client() as http:
        assert http.get(f"/v1/videos/{job}").json()["status"] == "cancelled"


def test_a_video_is_played_past_every_border_shared_and_followed_by_another(
    visitor: Visitor,
) -> None:
    visitor.small()
    visitor.page.get_by_role("radio", name="Ravi").check()
    visitor.write(text_of(6.0))
    expect(visitor.page.locator("#text-length")).to_contain_text(re.compile(r"About [5-9] s of"))
    visitor.send()
    job = visitor.made()
    assert job["segments"]["published"] > 2
    visitor.shown("v => { v.playbackRate = 4 }")
    visitor.until("v => v.ended")
    assert abs(visitor.shown("v => v.currentTime") - job["seconds"]) < 0.1
    expect(visitor.page.locator("#chosen-told")).to_contain_text("ready in about")
    visitor.page.get_by_role("button", name="Share a link").click()
    link = visitor.page.get_by_label("Link to the video")
    expect(link).to_have_value(re.compile(rf"/watch/{job['id']}\?link="))
    expect(visitor.page.locator("#share-told")).to_contain_text("can watch the video until")
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.page.get_by_role("button", name="Make another with this face").click()
    expect(visitor.page.get_by_role("radio", name="Ravi")).to_be_checked()
    expect(visitor.page.locator("#words-title")).to_be_focused()


def test_a_service_without_links_offers_none(browser: Browser, server: Server) -> None:
    with arriving(browser, server) as visitor:
        with server.client() as http:
            told = http.get("/v1/system").json() | {"links": False}
        visitor.page.route("**/v1/system", lambda route: route.fulfill(json=told))
        visitor.open()
        visitor.small()
        visitor.page.get_by_role("radio", name="Mei").check()
        visitor.write("Hello.")
        visitor.send()
        visitor.made()
        expect(visitor.page.get_by_role("button", name="Delete", exact=True)).to_be_visible()
        expect(visitor.page.get_by_role("button", name="Share a link")).to_have_count(0)


def test_progress_is_polled_where_events_do_not_come_through(visitor: Visitor) -> None:
    visitor.expected.append("502")
    visitor.page.route("**/events", lambda route: route.fulfill(status=502, body="bad gateway"))
    visitor.small()
    visitor.page.get_by_role("radio", name="Mei").check()
    visitor.write("Hello.")
    visitor.send()
    visitor.made()


def test_a_video_that_was_deleted_elsewhere_is_told_and_listed_no_more(visitor: Visitor) -> None:
    visitor.expected.append("404")
    visitor.begin_a_long_one()
    job = visitor.page.locator("#history-list li").get_attribute("id")
    with visitor.server.client() as http:
        assert http.delete(f"/v1/videos/{job}").status_code == 200
    expect(visitor.told).to_have_text("The video was deleted.")
    expect(visitor.page.locator("#history-list li")).to_have_count(0)
    assert visitor.page.locator("#job").is_hidden()


def test_what_breaks_off_on_its_way_costs_no_video(visitor: Visitor) -> None:
    visitor.expected += ["404", "ERR_FAILED"]
    visitor.begin_a_long_one()
    # What a proxy answers while the service starts is no word of the service's.
    visitor.page.route("**/v1/videos?*", lambda route: route.fulfill(status=404, body="not here"))
    visitor.page.route("**/v1/videos/*", lambda route: route.fulfill(status=404, body="not here"))
    visitor.open()
    expect(visitor.page.locator("#history-error")).to_contain_text("try again in a moment")
    visitor.page.unroute("**/v1/videos?*")
    visitor.page.unroute("**/v1/videos/*")
    broken: list[str] = []

    def break_two(route: Route) -> None:
        if len(broken) < 2:
            broken.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    visitor.page.route("**/hls/*.m4s", break_two)
    visitor.open()
    visitor.until("v => v.buffered.length > 0 && v.buffered.end(0) > 1")
    assert len(broken) == 2
    visitor.page.locator("#history-list").get_by_role("button", name="Cancel").click()
    expect(visitor.told).to_have_text("The video was cancelled.")
