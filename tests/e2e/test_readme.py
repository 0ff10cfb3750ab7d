"""What the README tells people to type works as it is told."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.server import Server

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
BIN = str(Path(sys.executable).parent)


def run(script: str, folder: Path, server: Server) -> str:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "AVATAR_SERVER": server.url}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", server.url)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def seconds(path: Path) -> float:
    with av.open(path) as file:
        assert file.duration is not None
        return file.duration / 1e6


def block(words: str) -> str:
    (found,) = [text for text in BLOCKS if words in text]
    return found


def test_the_curl_commands_make_a_video_with_captions(server: Server, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: the README's curl commands were not run")
    told = run(block("/v1/videos"), tmp_path, server)
    assert '"status": "completed"' in told
    assert seconds(tmp_path / "hello.mp4") > 1
    assert "Hello!" in (tmp_path / "hello.vtt").read_text()
    assert "#EXT-X-ENDLIST" in told
    assert seconds(tmp_path / "streamed.mp4") > 1


def test_the_curl_commands_for_a_portrait_and_speech_alone_give_them(
    server: Server, tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: the README's curl commands were not run")
    run(block("/v1/images"), tmp_path, server)
    (painted,) = json.loads((tmp_path / "portrait.json").read_text())["data"]
    with Image.open(io.BytesIO(base64.b64decode(painted["b64_json"]))) as picture:
        assert picture.size == (512, 512)
    assert 1 < seconds(tmp_path / "speech.mp3") < 10


def test_the_command_line_works_as_told(server: Server, tmp_path: Path) -> None:
    told = run(block("avatar-serve voices"), tmp_path, server)
    assert "heart" in told
    assert "Apache-2.0" in told
    assert seconds(tmp_path / "hello.mp4") > 1


def test_make_demo_runs_commands_that_work(tmp_path: Path) -> None:
    """The demo as the Makefile would run it, with this environment in place of a new one."""
    told = subprocess.run(
        ["make", "-n", "demo", "EXTRAS=test"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    commands = [line for line in told.splitlines() if line.startswith(".venv/bin/avatar-serve")]
    assert len(commands) == 2
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command.replace(".venv/bin", BIN)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
    assert 4 < seconds(tmp_path / "demo.mp4") < 30
    assert "stages ready after" in done.stderr
    assert "lipsync" in done.stderr
    assert str(tmp_path / "demo.mp4") in done.stdout


def test_every_target_that_the_readme_names_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"^make (\w+)", "\n".join(BLOCKS), re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_file_that_the_readme_links_is_there() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target
