"""Every way to a face with every way to speech, on the page and by the command that it shows."""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import WITHIN, Visitor

WORDS = "It's me, @home: “hi”!"
"""With what a shell, JSON and a form would each read in their own way."""

Way = Callable[[Visitor, Path], None]


def from_the_gallery(visitor: Visitor, files: Path) -> None:
    visitor.page.get_by_role("radio", name="Clara").check()


def from_a_picture(visitor: Visitor, files: Path) -> None:
    visitor.way("Your picture")
    visitor.picture(files / "two.jpg")
    visitor.page.get_by_role("radio", name="Face 2 of 2").check()


def from_a_description(visitor: Visitor, files: Path) -> None:
    visitor.way("Describe")
    visitor.page.get_by_label("What the face looks like").fill("a smiling woman")
    visitor.page.get_by_role("button", name="Show four faces").click()
    visitor.page.get_by_role("radio", name="Painted face 1").check(timeout=WITHIN)


def by_text(visitor: Visitor, files: Path) -> None:
    visitor.write(WORDS)


def by_a_recording(visitor: Visitor, files: Path) -> None:
    visitor.way("Recording")
    visitor.page.locator("#audio").set_input_files(files / "it's said.wav")
    visitor.page.get_by_label("What it says, for captions").fill("@Recorded; it's said.")


def by_a_copied_voice(visitor: Visitor, files: Path) -> None:
    visitor.way("Your voice")
    visitor.page.locator("#sample-file").set_input_files(files / "my voice.wav")
    visitor.page.get_by_label("Name of the voice").fill("Mine")
    visitor.page.get_by_role("checkbox", name="This is my own voice").check()
    visitor.page.get_by_role("button", name="Copy this voice").click()
    expect(visitor.page.locator("#text")).to_be_focused(timeout=WITHIN)
    expect(visitor.page.get_by_role("radio", name="Mine", checked=True)).to_be_visible()
    visitor.write("Hello to you.")


def run(command: str, server_url: str, folder: Path) -> str:
    """What the command answers, run where the files are."""
    assert shlex.split(command)[0] == "curl"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def check_played(visitor: Visitor, job: dict[str, Any]) -> None:
    visitor.until("v => v.currentTime > 0.2 || v.ended")
    assert visitor.shown("v => [v.videoWidth, v.videoHeight]") == [256, 256]
    visitor.until("v => v.textTracks[0]?.cues?.length > 0")
    with visitor.server.client() as http:
        assert len(http.get(job["urls"]["video"]).content) > 10_000


@pytest.mark.parametrize("speech", [by_text, by_a_recording, by_a_copied_voice])
@pytest.mark.parametrize("face", [from_the_gallery, from_a_picture, from_a_description])
def test_a_face_and_words_become_a_video_that_plays(
    visitor: Visitor, files: Path, face: Way, speech: Way
) -> None:
    visitor.small()
    face(visitor, files)
    speech(visitor, files)
    command = visitor.command()
    visitor.send()
    job = visitor.made()
    check_played(visitor, job)
    with visitor.server.client() as http:
        same = json.loads(run(command, visitor.server.url, files))
        assert same.get("status") == "queued", same
        for field in ("speech", "seed", "fps", "life"):
            assert same[field] == job[field]
        if face is from_the_gallery:
            assert same["avatar"] == job["avatar"] == "clara"
        http.delete(f"/v1/videos/{same['id']}")
        if speech is by_a_copied_voice:
            assert http.get(f"/v1/voices/{job['speech']['voice']}").json()["cloned"]
    expect(visitor.page.locator("#history-list li")).to_have_count(1)


def test_a_copied_voice_needs_a_sample_and_its_owners_consent_and_can_be_deleted(
    visitor: Visitor, files: Path
) -> None:
    visitor.way("Your voice")
    visitor.page.get_by_role("button", name="Copy this voice").click()
    expect(visitor.page.locator("#sample-error")).to_contain_text("Choose a sample")
    visitor.page.locator("#sample-file").set_input_files(files / "my voice.wav")
    visitor.page.get_by_role("button", name="Copy this voice").click()
    expect(visitor.page.locator("#consent-error")).to_contain_text("consent of the voice's owner")
    expect(visitor.page.get_by_role("checkbox", name="This is my own voice")).to_be_focused()
    visitor.page.get_by_label("Name of the voice").fill("It's 'me'")
    command = visitor.page.locator("#clone-curl").text_content() or ""
    voice = json.loads(run(command, visitor.server.url, files))
    assert (voice["name"], voice["status"]) == ("It's 'me'", "in_progress")
    visitor.way("Text")
    visitor.open()  # it is being copied meanwhile, and joins the others
    expect(visitor.page.get_by_role("radio", name="It's 'me'")).to_be_visible(timeout=WITHIN)
    visitor.page.get_by_role("button", name="Delete It's 'me'").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete the voice “It's 'me'”?")
    dialog.get_by_role("button", name="Delete").click()
    expect(visitor.page.get_by_role("radio", name="It's 'me'")).to_have_count(0)
    with visitor.server.client() as http:
        assert http.get(f"/v1/voices/{voice['id']}").status_code == 404


def test_a_sample_that_is_refused_is_told_beside_it(visitor: Visitor, files: Path) -> None:
    visitor.expected.append("422")
    visitor.way("Your voice")
    visitor.page.locator("#sample-file").set_input_files(files / "it's said.wav")  # too short
    visitor.page.get_by_role("checkbox", name="This is my own voice").check()
    visitor.page.get_by_role("button", name="Copy this voice").click()
    expect(visitor.page.locator("#sample-error")).not_to_be_empty()
    expect(visitor.page.get_by_role("button", name="Copy this voice")).to_be_enabled()
