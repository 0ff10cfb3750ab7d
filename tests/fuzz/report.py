"""A long run as raw figures and as a page to read."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tests.fuzz.supervisor import Result

ROOT: Final = Path(__file__).parents[2]
RESULTS: Final = ROOT / "bench" / "results" / "fuzz.json"
PAGE: Final = ROOT / "docs" / "fuzzing-decoders.md"
DECODERS: Final = ("pictures", "sounds", "containers")
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
    """What a run found, by target."""
    about = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, shared",
        "command": command,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in READERS},
        },
    }
    return {result.target: {**result.summary(), **about} for result in results}


def page(runs: Mapping[str, Any]) -> str:
    """The page of all targets' last runs."""
    rows = [runs[name] for name in sorted(runs)]
    decoders = [row["inputs"] for row in rows if row["target"] in DECODERS]
    findings = [finding for row in rows for finding in row["findings"]]
    said = sorted({(row["date"], row["machine"], row["command"]) for row in rows})
    versions = rows[0]["versions"]
    lines = [
        _HEAD.rstrip(),
        "",
        *(f"- {date}, {machine}: `{command}`" for date, machine, command in said),
        "",
        ", ".join(f"{name} {number}" for name, number in versions.items()) + ".",
        "",
        f"**{sum(row['inputs'] for row in rows):,} inputs, {sum(decoders):,} of them to the "
        f"decoders of pictures and recordings and what tells containers apart, {len(findings)} "
        "findings.**",
        "",
        "| target | what reads | inputs | taken | minutes | slowest, ms | limit, s | findings |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['target']} | {WHAT[row['target']]} | {row['inputs']:,} | {row['taken']:,} "
            f"| {row['seconds'] / 60:.0f} | {row['slowest_ms']:,} | {row['limit_s']:g} "
            f"| {len(row['findings'])} |"
            for row in rows
        ),
        "",
        "Slowest and limit are processor time of one input.",
        *(f"\n- {_told(finding)}" for finding in findings),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _told(finding: Mapping[str, Any]) -> str:
    answer = finding["in_production"]
    words = f"{finding['target']}, {finding['kind']}: {finding['why']}"
    return f"{words}; the service answers {answer}" if answer else words


_HEAD: Final = """\
# Fuzzing: decoders and texts

What reads what strangers send is given broken inputs by
[atheris](https://github.com/google/atheris): libFuzzer, guided by which lines of Python an input
reaches. A target is a module of `tests/fuzz/targets`. Anything that it raises, an input that takes
more processor time than its limit, and a process that dies is a finding. Decoders run as in their
limited process: nothing can be opened, and what comes out is checked against the report. An input
that ends a process is given to the service's own decoder as well, which must refuse it.

```sh
python -m tests.fuzz --inputs 1000000            # of each target
python -m tests.fuzz pictures:500000 sounds      # of these
python -m tests.fuzz --inputs 1000000 --report   # writes this page and bench/results/fuzz.json
```

CI gives each target up to two thousand inputs (`tests/unit/test_fuzzing.py`). Runs of one seed
begin alike and do not go on so: a finding is told with its input, to be repeated by it. FFmpeg,
libjpeg and the like are not instrumented: of them a run finds what files broken at random reach,
not what guided ones would.

## What was found, and mended

- PyAV (18.1) counts a frame's planes on to a null pointer, which FFmpeg does not put behind eight
  or more: recordings of 7.1 channels were refused, and some files ended the process. Planes are
  read one by one now (`media/sound_decoding.py`).
- NumPy's reader of headers lets other errors through than it says (`media/npy.py`).
- Of 130 bytes that number an object 174,000,000, a pickle makes a table of 2.7 GB; what holds
  itself was gone through without end (`deployments/cloning/torch_file.py`).
- Words of a transcript could end before they began (`media/transcript.py`).
- A recording of which no sample is left at 48 kHz was no refusal of the decoder's own.
- A WAV whose list says that it is 2.9 GB long has FFmpeg ask for as much: the limited process has
  not got it, and the file is refused.

Most came of a first run to the decoder of recordings, which is not counted below.

## The last long runs

Of those of 2026-11-26 is kept what they printed: times in whole milliseconds, and not the slowest
input itself.
"""


def write(results: Sequence[Result], command: str) -> None:
    """Keep both; of targets that were not fuzzed now, what is kept of them."""
    runs = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    runs |= raw(results, command)
    RESULTS.write_text(json.dumps(runs, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(page(runs))
