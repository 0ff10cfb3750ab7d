"""A long run as raw figures and as a page to read."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tests.fuzz.supervisor import Result

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "bench" / "results" / "fuzz.json"
PAGE: Final = ROOT / "docs" / "fuzzing.md"
READERS: Final = ("atheris", "pillow", "av", "numpy", "hibari-tts", "python-multipart")
"""Packages whose versions tell what was fuzzed by what."""

WHAT: Final = {
    "pictures": "decoder of pictures (limited process)",
    "sounds": "decoder of recordings (limited process)",
    "containers": "which container a recording is, what is missing of it",
    "ssml": "texts with marks",
    "texts": "texts to spoken pieces and captions, nine languages",
    "espeak": "the same through the program espeak-ng, five languages",
    "clauses": "texts cut for networks that read letters, ten languages",
    "prompts": "descriptions of faces",
    "captions": "transcripts to captions, WebVTT",
    "voices": "cloned voices as files",
    "torch_files": "files of torch",
    "uploads": "bodies: forms and JSON",
    "headers": "ranges, tags, links, addresses of webhooks",
}


def raw(results: Sequence[Result], command: str) -> dict[str, Any]:
    """All that a run found."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, shared",
        "command": command,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in READERS},
        },
        "targets": [result.summary() for result in results],
    }


def page(run: dict[str, Any]) -> str:
    """The page of a run."""
    rows = run["targets"]
    of_decoders = sum(
        row["inputs"] for row in rows if row["target"] in ("pictures", "sounds", "containers")
    )
    findings = [finding for row in rows for finding in row["findings"]]
    lines = [
        _HEAD.format(
            date=run["date"],
            machine=run["machine"],
            command=run["command"],
            versions=", ".join(f"{name} {number}" for name, number in run["versions"].items()),
            inputs=sum(row["inputs"] for row in rows),
            decoders=of_decoders,
            findings=len(findings),
        ),
        "| target | what reads | inputs | taken | minutes | slowest, ms | limit, s | findings |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['target']} | {WHAT[row['target']]} | {row['inputs']:,} | {row['taken']:,} "
            f"| {row['seconds'] / 60:.0f} | {row['slowest_ms']:,} | {row['limit_s']:g} "
            f"| {len(row['findings'])} |"
            for row in rows
        ),
        "",
        *(
            f"- {finding['target']}, {finding['kind']}: {finding['why']}"
            + (f"; the service answers {finding['in_production']}" * bool(finding["in_production"]))
            for finding in findings
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


_HEAD: Final = """\
# Fuzzing

What reads what strangers send is given broken inputs by [atheris](https://github.com/google/atheris) (libFuzzer, guided by which lines of Python
an input reaches). A target is a module of `tests/fuzz/targets`. Anything that it raises, an input that takes more than its limit of processor
time, and a process that dies is a finding. Decoders run as in their limited process: nothing can be opened, and what comes out is checked
against the report. Inputs that end a process are given to the service's own decoder as well, which must answer them by a refusal.

```sh
python -m tests.fuzz --inputs 1000000                    # of each target; or name some: pictures:500000 sounds
python -m tests.fuzz --inputs 1000000 --report           # writes this page and bench/results/fuzz.json
```

CI gives each target some thousand inputs of a fixed seed (`tests/unit/test_fuzzing.py`). FFmpeg, libjpeg and the like are not instrumented:
of them a run finds what mutated files reach, not what guided ones would.

## The last long run

{date}, {machine}; {versions}: `{command}`

**{inputs:,} inputs, {decoders:,} of them to the decoders, {findings} findings.**
"""


def write(results: Sequence[Result]) -> None:
    """Keep both."""
    command = f"python -m tests.fuzz {' '.join(sys.argv[1:])}"
    run = raw(results, command)
    RESULTS.write_text(json.dumps(run, indent=1) + "\n")
    PAGE.write_text(page(run))
