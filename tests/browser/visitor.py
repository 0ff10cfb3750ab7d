"""Somebody who uses the service's page, as the tests drive them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from bench.material import text_of
from tests.server import Server

WITHIN = 60_000.0
"""Milliseconds within which anything that the service makes has come."""

LONG = 60.0
"""Seconds of speech that are still being made when a test has looked at them."""


@dataclass
class Visitor:
    """A browser's window on the page, and what its console complained of."""

    server: Server
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=lambda: ["status of 503"])
    """Parts of complaints that the test provokes: an answer that refuses is told by Chromium. A
    busy machine says that a first part is not made yet, and is asked again."""

    def open(self) -> None:
        self.page.goto(self.server.url)
        # What the page asks for when it opens has come: gallery, voices, engines.
        expect(self.page.locator("#gallery")).to_have_attribute("aria-busy", "false")
        expect(self.page.locator("#voices")).to_have_attribute("aria-busy", "false")
        expect(self.page.locator("#about-told")).to_contain_text("avatar-serve")

    def way(self, name: str) -> None:
        self.page.get_by_role("radio", name=name, exact=True).check()

    def small(self) -> None:
        """Ask for a video that is quickly made."""
        self.page.locator("#options > summary").click()
        self.page.get_by_label("Shape").select_option("256x256")

    def write(self, words: str) -> None:
        self.page.get_by_label("What it says", exact=True).fill(words)

    def send(self) -> None:
        self.page.get_by_role("button", name="Make the video").click()

    @property
    def told(self) -> Locator:
        """Where the page says how the video stands."""
        return self.page.locator("#job-told")

    def made(self) -> dict[str, Any]:
        """The record of the video shown, once the page says that it is ready."""
        expect(self.told).to_have_text("The video is ready.", timeout=WITHIN)
        return self.record()

    def record(self) -> dict[str, Any]:
        href = self.page.get_by_role("link", name="Download").get_attribute("href") or ""
        with self.server.client() as http:
            found: dict[str, Any] = http.get(href.partition("/content")[0]).json()
        return found

    def shown(self, script: str) -> Any:
        """What a script says of the page's <video>."""
        return self.page.locator("#player").evaluate(script)

    def until(self, script: str, within: float = 30) -> None:
        """Wait until it is true of the <video>; the page's policy forbids Playwright's own way."""
        deadline = time.monotonic() + within
        while not self.shown(script):
            assert time.monotonic() < deadline, (script, self.faults)
            self.page.wait_for_timeout(50)

    def command(self) -> str:
        """The curl command that the page shows for what is chosen."""
        return self.page.locator("#curl-command").text_content() or ""

    def picture(self, path: Path) -> None:
        self.page.locator("#picture").set_input_files(path)

    def begin_a_long_one(self) -> None:
        """Ask for a video that is still being made when a test has looked at it; see it play."""
        self.small()
        self.page.get_by_role("radio", name="Felix").check()
        self.write(text_of(LONG))
        self.send()
        self.until("v => v.currentTime > 0.5", within=60)
        expect(self.told).to_have_text("The video is being made, and plays as far as it is.")

    def check_access(self) -> None:
        """Nothing keeps anybody out of the page as it stands, as far as axe sees."""
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()

    def tab_to(self, selector: str, most: int = 60) -> None:
        """Go on by the keyboard until what the selector means has the focus."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("(at) => document.activeElement?.matches(at) ?? false", selector):
                return
        raise AssertionError(f"no Tab leads to {selector}")

    def wide(self) -> int:
        """Pixels that the page takes from side to side; more than the window has are cut off."""
        width: int = self.page.evaluate("() => document.documentElement.scrollWidth")
        return width


@contextmanager
def arriving(browser: Browser, server: Server, **context: Any) -> Iterator[Visitor]:
    """A window of their own; at the end nothing in its console was unexpected."""
    opened = browser.new_context(reduced_motion="reduce", **context)
    page = opened.new_page()
    visitor = Visitor(server, opened, page)

    def heard(said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            visitor.faults.append(said.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: visitor.faults.append(str(error)))
    yield visitor
    opened.close()
    unexpected = without(visitor.faults, visitor.expected)
    assert not unexpected, unexpected


@contextmanager
def visiting(browser: Browser, server: Server, **context: Any) -> Iterator[Visitor]:
    """Arriving, with the service's page open."""
    with arriving(browser, server, **context) as visitor:
        visitor.open()
        yield visitor


def without(faults: Sequence[str], expected: Sequence[str]) -> list[str]:
    return [fault for fault in faults if not any(part in fault for part in expected)]
