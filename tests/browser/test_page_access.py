"""The page for everybody: by keyboard, on a phone, read aloud, soon there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitor import Visitor, visiting
from tests.server import Server


def test_a_video_is_made_by_keyboard_alone(visitor: Visitor) -> None:
    press = visitor.page.keyboard.press
    press("Tab")
    expect(visitor.page.get_by_role("link", name="Skip to the page")).to_be_focused()
    press("Enter")
    visitor.tab_to("[name=face-way]")
    visitor.tab_to("[name=gallery-face]")
    press("Space")
    press("ArrowRight")
    expect(visitor.page.get_by_role("radio", name="Clara")).to_be_checked()
    visitor.tab_to("#text")
    visitor.page.keyboard.type("Hello.")
    visitor.tab_to("#go")
    press("Enter")
    visitor.made()
    visitor.tab_to("a[download$=mp4]")
    outline = visitor.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_nothing_is_cut_off_on_a_phone(browser: Browser, server: Server, files: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    with visiting(browser, server, **phone) as visitor:
        visitor.small()
        visitor.way("Your picture")
        visitor.picture(files / "two.jpg")
        visitor.page.get_by_role("radio", name="Face 1 of 2").tap()
        visitor.write("Hello.")
        visitor.page.get_by_role("button", name="Make the video").tap()
        visitor.made()
        visitor.page.locator("#curl > summary").tap()
        for way in ("Gallery", "Describe", "Your picture"):
            visitor.way(way)
            assert visitor.wide() <= 360
        small = visitor.page.evaluate(
            "() => [...document.querySelectorAll('button, a.button')]"
            ".filter(b => b.offsetParent && b.offsetHeight < 40).map(b => b.textContent)"
        )
        assert not small


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(browser: Browser, server: Server, files: Path, scheme: str) -> None:
    with visiting(browser, server, color_scheme=scheme, bypass_csp=True) as visitor:
        visitor.small()
        visitor.page.locator("#curl > summary").click()
        visitor.send()  # with what is missing told
        visitor.check_access()
        visitor.page.get_by_role("radio", name="Mei").check()
        visitor.write("Hello.")
        visitor.send()
        visitor.made()
        visitor.way("Your picture")
        visitor.picture(files / "two.jpg")
        expect(visitor.page.locator(".found")).to_have_count(2)
        visitor.way("Recording")
        visitor.page.locator("#audio").set_input_files(files / "it's said.wav")
        visitor.check_access()
        visitor.way("Describe")
        visitor.way("Your voice")
        visitor.page.locator("#history-list").get_by_role("button", name="Delete").click()
        visitor.check_access()


def test_engines_and_licences_are_shown(visitor: Visitor) -> None:
    table = visitor.page.locator("#engines")
    with visitor.server.client() as http:
        stages = http.get("/v1/system").json()["stages"]
    for stage in stages.values():
        for weights in stage.get("weights", []):
            expect(table).to_contain_text(weights["licence"])
    expect(table.get_by_text("unclear")).to_have_count(1)
    expect(visitor.page.locator(".ai")).to_contain_text("does not mark videos as AI-made")


def test_the_first_paint_is_told(
    visitor: Visitor, record_property: Callable[[str, object], None]
) -> None:
    """Reported, not judged: how fast it is depends on what else the machine does."""
    paints = visitor.page.evaluate(
        "() => performance.getEntriesByType('paint').map(p => [p.name, p.startTime])"
    )
    record_property("first contentful paint, ms", dict(paints)["first-contentful-paint"])
    assert dict(paints)["first-contentful-paint"] > 0


def test_the_apis_page_shows_every_call_and_loads_nothing_from_elsewhere(visitor: Visitor) -> None:
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.page.goto(f"{visitor.server.url}/docs")
    call = visitor.page.locator("#operations-videos-create_video")
    expect(call).to_be_visible()
    call.click()
    expect(call).to_contain_text("A gallery avatar and a sentence")
    own = f"{visitor.server.url}/"
    assert {url for url in asked if not url.startswith((own, "data:", "blob:"))} == set()
    assert f"{own}docs/swagger-ui-bundle.js" in asked
