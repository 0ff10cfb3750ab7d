"""A server that wants keys, as its operator and its callers meet it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest
import yaml
from playwright.sync_api import expect, sync_playwright

from serve.commands.private import LOCAL_CONFIG
from tests.server import Server, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The embedded profile, as it is where others can reach it."""
    folder = tmp_path_factory.mktemp("keyed")
    config = yaml.safe_load(LOCAL_CONFIG.read_text())
    del config["applications"][0]["args"]
    path = folder / "keyed.yaml"
    path.write_text(yaml.safe_dump(config))
    with running_server(folder / "data", path) as running:
        yield running


def command(server: Server, *words: str, key: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AVATAR_DATA_DIR": str(server.data_dir), "AVATAR_ACCESS_KEY": key}
    return subprocess.run(
        [sys.executable, "-m", "serve.cli", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_key_made_beside_the_server_lets_in_until_it_is_revoked(
    server: Server, tmp_path: Path
) -> None:
    video = ("video", "--server", server.url, "--avatar", "amara", "--text", "Hello there.")
    out = tmp_path / "hello.mp4"
    refused = command(server, *video, "--out", str(out))
    assert refused.returncode == 1
    assert refused.stderr.startswith("unauthorized")
    key = command(server, "keys", "create", "the shop").stdout.strip()
    made = command(server, *video, "--out", str(out), key=key)
    assert made.returncode == 0, made.stderr
    with av.open(str(out)) as file:
        assert file.streams.video[0].frames > 10
    (line,) = command(server, "keys", "list").stdout.splitlines()
    assert line.endswith("good  the shop")
    assert key.rpartition("_")[2] not in line
    command(server, "keys", "revoke", line.split()[0])
    assert "revoked" in command(server, "keys", "list").stdout
    ended = command(server, *video, "--out", str(out), key=key)
    assert ended.stderr.startswith("unauthorized")


def test_nothing_but_health_and_the_page_answers_without_a_key(server: Server) -> None:
    with server.client() as http:
        assert http.get("/healthz").status_code == http.get("/").status_code == 200
        refused = http.get("/v1/videos")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        upload = http.post("/v1/videos", files={"audio": b"x" * 10_000_000})
        assert upload.status_code == 401


def test_an_open_server_does_not_start_where_others_reach_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "serve.cli", "serve", "--host", "0.0.0.0", "--port", "1"],  # noqa: S104 - refused
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    assert "--access keys" in ended.stderr


def test_who_opens_the_page_signs_in_sees_pictures_and_signs_out(server: Server) -> None:
    key = command(server, "keys", "create", "my laptop").stdout.strip()
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed: nobody signed in")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=found).new_page()
        page.goto(server.url)
        asked = page.get_by_label("Your access key")
        asked.fill("avk_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert").filter(has_text="is wrong")).to_be_visible()
        asked.fill(key)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Signed in by the key “my laptop”")).to_be_visible()
        picture = page.locator("#gallery img").first
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.evaluate("image => image.naturalWidth") > 0
        expect(page.locator("#curl-command")).to_contain_text("Bearer $AVATAR_ACCESS_KEY")
        assert key not in page.evaluate("() => JSON.stringify(localStorage) + document.cookie")
        page.get_by_role("button", name="Sign out").click()
        expect(asked).to_be_visible()


def test_a_browser_that_signed_in_plays_its_videos(server: Server) -> None:
    key = command(server, "keys", "create", "me").stdout.strip()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as browser:
        assert browser.post("/v1/session", json={"key": key}).status_code == 200
        asked = browser.post("/v1/videos", json={"avatar": "amara", "text": "Hello."})
        assert asked.status_code == 202
        events = browser.get(asked.json()["urls"]["events"])
        assert '"completed"' in events.text
        assert browser.get(f"/v1/videos/{asked.json()['id']}/content").content[4:8] == b"ftyp"
