"""Dockerfiles, what goes into the images, and that all name one version of everything."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.contract.rendering import OVERLAYS, ROOT, overlay, ray_service

DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

every_file = pytest.mark.parametrize("file", DOCKERFILES, ids=lambda path: path.name)


def lint(file: Path) -> subprocess.CompletedProcess[str]:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    return subprocess.run([str(hadolint), str(file)], capture_output=True, text=True, check=False)


@every_file
def test_the_linter_has_nothing_to_say(file: Path) -> None:
    linted = lint(file)
    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.parametrize(
    ("line", "by", "rule"),
    [
        ("FROM python:3.11.14-slim-bookworm AS build", "FROM python", "DL3006"),
        ('"espeak-ng=1.51*"', "espeak-ng", "DL3008"),
        ("WORKDIR /app", "WORKDIR app", "DL3000"),
        ("USER 10001:10001", "USER root", "DL3002"),
    ],
)
def test_the_linter_finds_what_is_wrong(line: str, by: str, rule: str, tmp_path: Path) -> None:
    text = (ROOT / "docker" / "cpu.Dockerfile").read_text()
    assert line in text
    (changed := tmp_path / "Dockerfile").write_text(text.replace(line, by))
    linted = lint(changed)
    assert linted.returncode == 1
    assert rule in linted.stdout


@every_file
def test_a_stage_builds_and_another_runs_as_nobody_in_particular(file: Path) -> None:
    text = file.read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(bases) == 2
    for base in bases:
        version = re.fullmatch(r"python:(\d\.\d+)\.\d+-slim-\w+", base)
        assert version
        assert f">={version[1]}," in PROJECT["requires-python"]
    _, _, runs = text.split("\nFROM ")
    assert "build-essential" not in runs
    assert re.findall(r"^USER (.+)", text, re.MULTILINE) == ["10001:10001"]


@every_file
def test_an_image_installs_nothing_but_by_its_hash(file: Path) -> None:
    """Or what lies in the repository, built by what was installed by its hash."""
    installed = re.findall(r"pip install ([^&]+?)(?: \\?\n| && |$)", file.read_text(), re.MULTILINE)
    by_hash = [words for words in installed if "--require-hashes" in words]
    name = file.name.partition(".")[0]
    assert [words.split()[-1] for words in by_hash] == ["locks/build.txt", f"locks/{name}.txt"]
    for words in installed:
        assert "--no-deps" in words.split()
        if words not in by_hash:
            assert "--no-build-isolation" in words.split()
            assert words.split()[-1][0] == "."


def test_what_goes_into_an_image_is_enough_to_run(tmp_path: Path) -> None:
    """Everything that .dockerignore lets in, alone in a folder: the graph is built from it."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    for name in (line[1:] for line in lines if line.startswith("!")):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    asks = (
        "import pipeline_graph, serve.cli, deployments.launch, gallery; "
        "from serve.api.gallery import load_gallery; "
        "from serve.commands.private import LOCAL_CONFIG; "
        "assert LOCAL_CONFIG.is_file() and load_gallery(); "
        "print(serve.cli.__file__)"
    )
    command = [sys.executable, "-c", asks]
    env = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    told = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout.strip()) == (0, str(tmp_path / "serve" / "cli.py")), told
    assert not (tmp_path / "tests").exists()


def test_everything_runs_one_release_of_ours_and_one_of_ray() -> None:
    (ray,) = re.findall(r"ray\[serve\]==([\d.]+)", " ".join(PROJECT["dependencies"]))
    assert f"\nray=={ray}\n" in (ROOT / "constraints.txt").read_text()
    images = set()
    for name in OVERLAYS:
        cluster = ray_service(overlay(name))["spec"]["rayClusterConfig"]
        assert cluster["rayVersion"] == ray
        images |= set(re.findall(r"avatar-serve-\wpu:?[^\s'\",]*", str(cluster)))
    for name in ("cluster.yaml", "cluster.gcp.yaml"):
        images.add(yaml.safe_load((ROOT / name).read_text())["docker"]["image"].split("/")[-1])
    for file in DOCKERFILES:
        (built,) = re.findall(r"docker build \S* \S+ -t (\S+)", file.read_text())
        images.add(built)
    version = PROJECT["version"]
    assert images == {f"avatar-serve-cpu:{version}", f"avatar-serve-gpu:{version}"}
