"""Scores of the lip sync on a fixed set: `python -m bench.lips [--quick]`.

The engines run in a row, without Ray. Videos of 512 x 512 at 25 fps are painted, the face mesh is
fitted to every frame again, and what it shows is held against what is heard. A full run writes
bench/results/lips.json and docs/images/lips.webp; a quick one prints only, unless --out is given.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import cv2
from obstore.store import MemoryStore

from bench.lips_scores.clip import Clip, Track
from bench.lips_scores.controls import CONTROLS
from bench.lips_scores.film import Cost, asked_openings, cost, film
from bench.lips_scores.look import Look, look
from bench.lips_scores.looks import open_identity
from bench.lips_scores.material import (
    SENTENCES,
    SPEAKERS,
    gallery_portraits,
    painted_portraits,
    photographed_portraits,
    recordings,
    spoken,
    viewed_portraits,
    voices,
)
from bench.lips_scores.scores import Scores, score, together
from bench.lips_scores.sheet import contact_sheet
from bench.lips_scores.table import cost_table, table
from deployments.face.insightface import InsightFace
from deployments.face.mediapipe import MediaPipe
from deployments.in_a_row import InARow
from deployments.loading import EngineConfig, load_engine
from media.face import Portrait
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings
from serve.storage.artifacts import Artifacts

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results" / "lips.json"
SHEET: Final = HERE.parent / "docs" / "images" / "lips.webp"
QUICK_FACES: Final = 2

Rows = dict[str, Scores]


@dataclass(eq=False)
class Studio:
    """The engines that make and judge clips."""

    stages: InARow
    eye: MediaPipe
    identity: InsightFace | None
    seen: list[tuple[Clip, Look]] = field(default_factory=list)
    """Clips kept for the contact sheet."""

    def clip(self, name: str, portrait: Portrait, track: Track) -> Clip:
        """A portrait that speaks a track."""
        asked = asked_openings(self.stages.configs["Lipsync"], track)
        return film(self.stages.engine("Lipsync"), portrait, track, asked, name)

    def rows(self, clips: Iterable[Clip], *, keep: bool = False) -> Rows:
        """Scores of clips, one after the other; `keep` puts them on the contact sheet."""
        found: Rows = {}
        for clip in clips:
            print(".", end="", file=sys.stderr, flush=True)
            looked = look(clip, self.eye)
            found[clip.name] = score(clip, looked, self.identity)
            if keep:
                self.seen.append((clip, looked))
        print(file=sys.stderr)
        return found


def open_studio(config: Path, lipsync: str | None) -> Studio:
    """Engines of a Serve config file; `lipsync` names another lip sync engine."""
    settings = Settings()
    stages = InARow.from_config(config, settings, Artifacts(MemoryStore()))
    if lipsync:
        stages.configs["Lipsync"] = EngineConfig(engine=lipsync)
    eye: MediaPipe = load_engine(
        EngineConfig(engine="deployments.face.mediapipe:MediaPipe"), settings
    )
    return Studio(stages, eye, open_identity())


def speaking(
    studio: Studio, portraits: Mapping[str, Portrait], tracks: Iterable[Track]
) -> Iterator[Clip]:
    """Each portrait with the next of the tracks, which begin anew when they are over."""
    for (name, portrait), track in zip(portraits.items(), cycle(tracks), strict=False):
        yield studio.clip(name, portrait, track)


def measure(
    studio: Studio, folder: Path | None, quick: bool
) -> tuple[dict[str, Rows], dict[str, Cost]]:
    """Scores by group, and costs by portrait."""
    stages = studio.stages
    texts = SENTENCES[:1] if quick else SENTENCES
    tracks = [spoken(stages, "heart", text) for text in texts]
    faces = gallery_portraits(stages, QUICK_FACES if quick else None)
    groups = {"gallery": studio.rows(speaking(studio, faces, tracks), keep=True)}
    if not quick:
        for title, made in (
            ("prompts", painted_portraits(stages)),
            ("photos", photographed_portraits(stages)),
            ("views", viewed_portraits(stages)),
        ):
            groups[title] = studio.rows(speaking(studio, made, tracks), keep=True)
            faces = {**faces, **made}
        for name in SPEAKERS:
            clips = (studio.clip(t.name, faces[name], t) for t in voices(stages, SENTENCES[0]))
            groups[f"voices, {name}"] = studio.rows(clips)
    first = next(iter(faces))
    if folder:
        clips = (studio.clip(t.name, faces[first], t) for t in recordings(folder))
        groups[f"recordings, {first}"] = studio.rows(clips)
    groups[f"controls, {first}"] = studio.rows(controls(studio.seen[0][0]))
    engine = stages.engine("Lipsync")
    costs = {name: cost(engine, faces[name], tracks[0]) for name in list(faces)[::6]}
    return groups, costs


def controls(clip: Clip) -> Iterator[Clip]:
    """The clip as it is, then spoiled in every way."""
    for name, spoil in {"as it is": lambda c: c, **CONTROLS}.items():
        yield replace(spoil(clip), name=name)


def report(groups: Mapping[str, Rows], costs: Mapping[str, Cost], engine: str) -> dict[str, Any]:
    """Print the tables; the same as plain data."""
    for title, rows in groups.items():
        print(f"\n{table(title, rows)}")
    whole = {
        title: together(list(rows.values()))
        for title, rows in groups.items()
        if not title.startswith("controls")
    }
    print(f"\n{table('together', whole)}\n\n{cost_table(costs)}")
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "lipsync": engine,
        "together": {title: asdict(row) for title, row in whole.items()},
        "clips": {
            title: {name: asdict(row) for name, row in rows.items()}
            for title, rows in groups.items()
        },
        "cost": {name: asdict(found) for name, found in costs.items()},
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m bench.lips", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two faces, one sentence")
    parser.add_argument("--recordings", type=Path, help="folder of further recordings")
    parser.add_argument("--config", type=Path, default=LOCAL_CONFIG, help="a Serve config file")
    parser.add_argument("--lipsync", help="another lip sync engine: module:Class")
    parser.add_argument("--out", type=Path, help="folder for lips.json and lips.webp")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    studio = open_studio(given.config, given.lipsync)
    groups, costs = measure(studio, given.recordings, given.quick)
    results = report(groups, costs, studio.stages.configs["Lipsync"].engine)
    if given.out is None and given.quick:
        return
    target, sheet = (
        (given.out / "lips.json", given.out / "lips.webp") if given.out else (RESULTS, SHEET)
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n")
    contact_sheet(studio.seen, sheet)
    print(f"\n{target}\n{sheet}")


if __name__ == "__main__":
    main()
