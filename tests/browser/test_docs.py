"""The API described as a page in a real browser: it works, and asks nobody else for anything."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Request, expect

from tests.browser.visitor import arriving
from tests.server import Server


def test_the_description_is_shown_and_nothing_comes_from_elsewhere(
    browser: Browser, server: Server
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    with arriving(browser, server) as visitor:  # which has no fault in its console
        visitor.page.on("request", note)
        visitor.page.goto(f"{server.url}/docs")
        expect(visitor.page.get_by_role("heading", name="avatar-serve")).to_be_visible()
        create = visitor.page.locator(".opblock", has_text="/v1/videos").first
        create.locator("button").first.click()
        expect(create.get_by_role("button", name="Try it out")).to_be_visible()
        health = visitor.page.locator(".opblock", has_text="/healthz")
        health.locator("button").first.click()
        health.get_by_role("button", name="Try it out").click()
        health.get_by_role("button", name="Execute").click()
        expect(
            health.locator(".live-responses-table .response .response-col_status")
        ).to_contain_text("200")
    origins = {urlsplit(url).netloc for url in asked if urlsplit(url).scheme in ("http", "https")}
    assert origins == {urlsplit(server.url).netloc}
    assert {urlsplit(url).scheme for url in asked} <= {"http", "data"}
