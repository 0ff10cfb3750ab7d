"""Where the operator demands consent to photos, the page asks for it and sends it along."""

import json
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.test_page_ways import run
from tests.browser.visitor import Visitor

STATEMENT = "I am the person in this picture, or that person has agreed"


def demand(page: Page) -> None:
    """The service's own account of itself, but for this one demand of its operator."""

    def answer(route: Route) -> None:
        told = route.fetch()
        route.fulfill(response=told, json=told.json() | {"photo_consent": True})

    page.route("**/v1/system", answer)


def test_a_photo_needs_a_tick_which_the_next_photo_needs_again(
    visitor: Visitor, files: Path
) -> None:
    demand(visitor.page)
    visitor.open()
    visitor.small()
    visitor.write("Hello.")
    visitor.way("Your picture")
    visitor.picture(files / "one face.png")
    expect(visitor.page.locator("#looked-told")).to_have_text("One face was found.")
    box = visitor.page.get_by_role("checkbox", name=STATEMENT)
    expect(box).to_be_visible()
    assert "avatar_image" not in visitor.command()
    visitor.send()
    problem = visitor.page.locator('#face [data-way="upload"] .error')
    expect(problem).to_contain_text("Only with the consent of the person in the picture")
    visitor.check_access()
    box.check()
    expect(problem).to_be_empty()
    command = visitor.command()
    assert f"consent={STATEMENT}" in command
    visitor.send()
    job = visitor.made()
    assert job["consent"]["statement"].startswith(STATEMENT)
    same = json.loads(run(command, visitor.server.url, files))
    assert same["consent"]["statement"] == job["consent"]["statement"]
    with visitor.server.client() as http:
        http.delete(f"/v1/videos/{same['id']}")
    visitor.picture(files / "two.jpg")
    expect(visitor.page.locator(".found")).to_have_count(2)
    expect(box).not_to_be_checked()
    assert visitor.wide() <= 1280


def test_where_it_is_not_demanded_nobody_is_asked(visitor: Visitor, files: Path) -> None:
    visitor.way("Your picture")
    visitor.picture(files / "one face.png")
    expect(visitor.page.locator("#looked-told")).to_have_text("One face was found.")
    expect(visitor.page.locator("#photo-consent")).to_be_hidden()
    assert "consent" not in visitor.command()
    assert "avatar_image" in visitor.command()
