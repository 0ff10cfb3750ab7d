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


@pytest.mark.parametrize("speech", [by_text, by_a_recording])
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
    expect(visitor.page.locator("#history-list li")).to_have_count(1)
