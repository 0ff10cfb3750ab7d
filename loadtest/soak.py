"""A soak: a gentle load that does not end for an hour. Does anything fail, grow, or stay behind?"""

import itertools
from typing import Any

from loadtest import report
from loadtest.bounds import Step
from loadtest.flat import (
    ALLOWED,
    WARMING,
    Growth,
    by_process,
    file_growth,
    judged,
    memory_growth,
)
from loadtest.levels import failures, in_all, summary
from loadtest.plot import Panel
from loadtest.run import on_own_server
from loadtest.seen import Seen
from loadtest.watch import Look


def measure(users: int, seconds: float, pace: float, note: str) -> Seen:
    """Run it."""
    return on_own_server([Step(users, seconds)], pace, note)


def wrong(seen: Seen) -> list[str]:
    """A sentence for each thing that is not as it should be.

    How fast answers were is not judged: a soak shares its machine; `steps` does not.
    """
    said = failures(seen.requests)
    said += seen.left.faults()
    for what, growth in _growths(seen).items():
        if growth.share > ALLOWED:
            said.append(f"{what} grows by {growth.share:.1%} an hour")
    return said


def results(seen: Seen) -> dict[str, Any]:
    """Raw figures."""
    return {
        **seen.as_results(wrong(seen)),
        "growth": {what: growth.rounded() for what, growth in _growths(seen).items()},
        "growth by process": {
            name: line.rounded() for name, line in by_process(judged(seen.looks))
        },
        "requests": summary(seen.requests),
        "by minute": report.by_minute(seen.requests, seen.began),
        "looks": [_short(look, seen.began) for look in seen.looks],
    }


def page(seen: Seen) -> list[str]:
    """The report."""
    (users, seconds), *_ = seen.about["steps"]
    total, said = in_all(seen.requests), wrong(seen)
    growths = _growths(seen)
    memory, files = growths["memory"], growths["open files"]
    cpu = seen.looks[-1].cpu - seen.looks[0].cpu
    wall = seen.looks[-1].at - seen.looks[0].at
    return [
        "# A soak",
        "",
        f"`python -m loadtest soak`: {users} users for {seconds / 60:.0f} minutes "
        f"on {seen.about['machine']}, embedded engines (config/local.yaml). {seen.about['note']}",
        "",
        f"**{total['requests']} requests, {total['failed']} failed; {total['videos']} videos made; "
        f"told to wait: {total['told to wait']}.** The server used {cpu / wall:.2f} cores.",
        "",
        f"Memory of the {memory.processes} processes that lived through it: "
        f"{memory.held / 1e6:.0f} MB, {memory.an_hour / 1e6:+.1f} MB an hour "
        f"({memory.share:+.1%}), by Theil and Sen's line from minute {WARMING / 60:.0f} on. "
        f"Open files: {files.held:.0f}, {files.an_hour:+.1f} an hour. Allowed is {ALLOWED:.0%}.",
        "",
        "Left behind: "
        + (
            "; ".join(seen.left.faults())
            or "no job, no artifact, no temporary file, no process, no shared memory"
        )
        + ".",
        "",
        "Not as it should be: " + ("; ".join(said) or "nothing") + ".",
        "",
        "![Memory, open files, cores, requests and times over the soak](soak.svg)",
        "",
        "| process | held, MB | growth an hour, MB |",
        "|---|---|---|",
        *(
            f"| {name.partition('.')[0]} | {line.held / 1e6:.0f} | {line.an_hour / 1e6:+.1f} |"
            for name, line in by_process(judged(seen.looks))
        ),
        "",
        *report.request_table(summary(seen.requests)),
        "",
        "`told to wait` are 429 with Retry-After, which users honour; `playlist, not yet` is a "
        "playlist that was asked for before the first segment was made. Figures: "
        "[load_soak.json](../../bench/results/load_soak.json).",
    ]


def plot(seen: Seen) -> str:
    """What was held and what was done, over minutes."""

    def minutes(at: float) -> float:
        return (at - seen.began) / 60

    looks, rows = seen.looks, report.by_minute(seen.requests, seen.began)
    lasting = set.intersection(*({name.split()[0] for name in look.memory} for look in looks))
    pairs = list(itertools.pairwise(looks))
    megabytes = {
        "all processes": [(minutes(k.at), sum(k.memory.values()) / 1e6) for k in looks],
        "those that lasted": [
            (minutes(k.at), sum(v for n, v in k.memory.items() if n.split()[0] in lasting) / 1e6)
            for k in looks
        ],
    }
    panels = [
        Panel("memory, MB", megabytes),
        Panel("open files", {"": [(minutes(k.at), float(k.files)) for k in looks]}),
        Panel(
            "cores that the server keeps busy",
            {
                "": [
                    (minutes(b.at), (b.cpu - a.cpu) / (b.at - a.at))
                    for a, b in pairs
                    if b.at > a.at
                ]
            },
        ),
        Panel("requests a minute", {"": [(row["minute"], row["requests"]) for row in rows]}),
        Panel("videos a minute", {"": [(row["minute"], row["videos"]) for row in rows]}),
        report.p95_panel(rows),
    ]
    return report.drawn(panels, "minutes")


def _growths(seen: Seen) -> dict[str, Growth]:
    looks = judged(seen.looks)
    return {"memory": memory_growth(looks), "open files": file_growth(looks)}


def _short(look: Look, began: float) -> dict[str, Any]:
    """One look, its processes added up by name."""
    by_name: dict[str, int] = {}
    for name, size in look.memory.items():
        word = name.split(maxsplit=1)[-1]
        by_name[word] = by_name.get(word, 0) + round(size / 1e6)
    return {
        "seconds": round(look.at - began),
        "megabytes": round(sum(look.memory.values()) / 1e6),
        "by name": by_name,
        "processes": len(look.memory),
        "files": look.files,
        "cpu": look.cpu,
    }
