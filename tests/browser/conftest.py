"""A server, a page before it, and a real browser that opens the page.

They end with this folder's tests: while Playwright is open its event loop runs in the main thread,
where no test that is a coroutine could run.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gallery import picture
from tests.browser.pages import Site, running_site
from tests.browser.visitor import Visitor, visiting
from tests.fakes import tone, wav
from tests.server import Server, running_server, with_engines

PATIENCE = 30_000.0
"""Milliseconds within which a page shows what it has been told; a busy machine takes its time."""

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # A microphone that beeps once a second, and a person who allows its use.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The embedded profile, with a stage that copies voices in a second."""
    folder = tmp_path_factory.mktemp("server")
    engines = {
        "Speech": {
            "engine": "deployments.speech.several:Several",
            "options": {"engines": "deployments.speech.hibari:Hibari, tests.browser.engines:Tones"},
        },
        "Cloning": {
            "engine": "tests.engines:PitchCloner",
            "options": {"delay": 1.0, "notes": os.devnull},
        },
    }
    with running_server(folder / "data", with_engines(folder, engines)) as running:
        yield running


@pytest.fixture
def site(server: Server) -> Iterator[Site]:
    with running_site(server) as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed: nothing was played")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    opened = browser.new_page()
    opened.goto(site.url)
    yield opened
    opened.close()


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[Visitor]:
    """Somebody who has the service's own page open; a fault in its console fails the test."""
    with visiting(browser, server) as arrived:
        yield arrived


@pytest.fixture(scope="package")
def files(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Path:
    """A folder with what people send: pictures with a face, two and none, recordings."""
    folder = tmp_path_factory.mktemp("files")
    one, other = (Image.fromarray(picture(name)) for name in ("kenji", "amara"))
    one.save(folder / "one face.png")
    both = Image.new("RGB", (one.width + other.width, one.height))
    both.paste(one, (0, 0))
    both.paste(other, (one.width, 0))
    both.save(folder / "two.jpg")
    Image.new("RGB", (400, 300), "teal").save(folder / "wall.png")
    (folder / "notes.png").write_text("not a picture at all")
    said = {"model": "tts-1", "voice": "heart", "input": "Recorded.", "response_format": "wav"}
    with server.client() as http:
        answer = http.post("/v1/audio/speech", json=said)
        assert answer.status_code == 200, answer.text
    (folder / "it's said.wav").write_bytes(answer.content)
    (folder / "my voice.wav").write_bytes(wav(tone(7.0)))
    return folder
