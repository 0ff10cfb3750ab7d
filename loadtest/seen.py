"""All that was seen of one load, kept in a folder, so that a report can be written again."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loadtest import record
from loadtest.levels import in_all
from loadtest.record import Request
from loadtest.watch import Look


@dataclass
class Left:
    """What a load leaves behind; all of it should be nothing."""

    stuck: int = 0
    """Jobs that did not end."""
    failed: dict[str, int] = field(default_factory=dict)
    """Videos that failed, by code."""
    artifacts: list[str] = field(default_factory=list)
    """Files of the store once every video was removed, gallery portraits apart."""
    temporary: list[str] = field(default_factory=list)
    processes: int = 0
    """Processes that outlived the server."""
    shared: list[str] = field(default_factory=list)
    """Shared memory that did."""

    def faults(self) -> list[str]:
        """A sentence for each."""
        told = {
            f"{self.stuck} jobs did not end": self.stuck,
            f"videos failed: {self.failed}": self.failed,
            f"{len(self.artifacts)} artifacts without a video": self.artifacts,
            f"{len(self.temporary)} temporary files": self.temporary,
            f"{self.processes} processes outlived the server": self.processes,
            f"{len(self.shared)} pieces of shared memory outlived the server": self.shared,
        }
        return [sentence for sentence, found in told.items() if found]


@dataclass
class Seen:
    """One load."""

    about: dict[str, Any]
    """How it was run: machine, users, seconds, pace, and words of whoever ran it."""
    began: float
    """Unix seconds."""
    requests: Sequence[Request] = ()
    looks: Sequence[Look] = ()
    left: Left = field(default_factory=Left)
    marks: list[tuple[float, str]] = field(default_factory=list)
    """Seconds since it began, and what was done then."""

    def save(self, folder: Path) -> None:
        """Write it into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        record.write(self.requests, folder / "requests.jsonl")
        rest = {
            "about": self.about,
            "began": self.began,
            "looks": [asdict(look) for look in self.looks],
            "left": asdict(self.left),
            "marks": self.marks,
        }
        (folder / "rest.json").write_text(json.dumps(rest) + "\n")

    def as_results(self, wrong: list[str]) -> dict[str, Any]:
        """The raw figures that every kind of load has."""
        return {
            **self.about,
            "began": round(self.began),
            "in all": in_all(self.requests),
            "wrong": wrong,
            "left": vars(self.left),
        }

    @classmethod
    def load(cls, folder: Path) -> "Seen":
        """What `save` wrote."""
        rest = json.loads((folder / "rest.json").read_text())
        return cls(
            rest["about"],
            rest["began"],
            list(record.read(folder / "requests.jsonl")),
            [Look(**look) for look in rest["looks"]],
            Left(**rest["left"]),
            [(at, words) for at, words in rest["marks"]],
        )
