"""Another release of the service, as files: what an upgrade deploys over the running one."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from serve.commands.private import LOCAL_CONFIG

ROOT: Final = Path(__file__).parents[1]
ROOMS: Final = ("media", "gallery", "deployments", "serve")
VERSION: Final = "0.1.1"
MARK: Final = "<!-- the next release -->"
"""Stands in the page of the new release, so that its answers are told from the old one's."""


def in_place(folder: Path) -> Path:
    """A config that changes stages under the running ones. Returns its file.

    Encode gets another `user_config`, which its replica takes up where it is; Lipsync, Face and
    Director ask for other resources, which takes new replicas; the rest stays.
    """

    def change(application: dict[str, Any]) -> None:
        stages = {entry["name"]: entry for entry in application["deployments"]}
        stages["Encode"]["user_config"]["workers"] += 1
        for name in ("Lipsync", "Face", "Director"):
            stages[name]["ray_actor_options"]["num_cpus"] += 0.01

    return _changed(folder / "in-place.yaml", LOCAL_CONFIG, change)


def new_version(folder: Path, before: Path) -> Path:
    """A config over `before` whose code is another release. Returns its file.

    The rooms are packed as Ray takes a working directory, with a version of their own and a mark in
    the page; every deployment's replicas are replaced, the ingress' too.
    """
    packed = pack(folder / "release")

    def change(application: dict[str, Any]) -> None:
        application["runtime_env"] = {"working_dir": packed.as_uri()}

    return _changed(folder / "new-version.yaml", before, change)


def pack(folder: Path) -> Path:
    """The new release as a zip file beside its folder."""
    ignored = shutil.ignore_patterns("__pycache__")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=ignored)
    shutil.copy(ROOT / "pipeline_graph.py", folder)
    page = folder / "serve" / "web" / "index.html"
    page.write_text(page.read_text() + MARK + "\n")
    about = folder / f"avatar_serve-{VERSION}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: avatar-serve\nVersion: {VERSION}\n"
    )
    packed = folder.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            # Below one folder, which Ray takes off: so a release is packed everywhere.
            archive.write(file, Path("release") / file.relative_to(folder))
    return packed


def _changed(file: Path, before: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    config = yaml.safe_load(before.read_text())
    (application,) = config["applications"]
    change(application)
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return file
