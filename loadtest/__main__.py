"""`python -m loadtest steps|soak|upgrade`: a load, its report, and a verdict as exit status."""

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from loadtest import report, soak, steps, upgrade
from loadtest.bounds import RefusedError
from loadtest.seen import Seen

KINDS: Final[dict[str, ModuleType]] = {"steps": steps, "soak": soak, "upgrade": upgrade}


def main() -> None:
    """Run, report; exit status 1 where a promise is not kept, 2 where the load is refused."""
    arguments = _parser().parse_args()
    kind = KINDS[arguments.kind]
    try:
        seen = Seen.load(arguments.again) if arguments.again else _measured(arguments)
    except RefusedError as error:
        sys.exit(f"{error}")
    if arguments.raw:
        seen.save(arguments.raw)
    lines = kind.page(seen)
    print("\n".join(lines))
    if not arguments.trial:
        report.keep(arguments.kind, kind.results(seen), lines, kind.plot(seen))
    wrong = kind.wrong(seen)
    if wrong:
        sys.stderr.write("".join(f"{sentence}\n" for sentence in wrong))
        sys.exit(1)


def _measured(arguments: argparse.Namespace) -> Seen:
    if arguments.kind == "steps":
        return steps.measure(arguments.users, arguments.seconds, arguments.pace, arguments.note)
    if arguments.kind == "soak":
        seconds = 60 * arguments.minutes
        return soak.measure(arguments.users, seconds, arguments.pace, arguments.note)
    return upgrade.measure(arguments.users, arguments.pace, arguments.note)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("steps", help=steps.__doc__)
    one.add_argument("--users", type=int, nargs="+", default=list(steps.USERS))
    one.add_argument("--seconds", type=float, default=60.0, help="of each step")
    two = kinds.add_parser("soak", help=soak.__doc__)
    two.add_argument("--users", type=int, default=6)
    two.add_argument("--minutes", type=float, default=60.0)
    three = kinds.add_parser("upgrade", help=upgrade.__doc__)
    three.add_argument("--users", type=int, default=6)
    for kind in (one, two, three):
        kind.add_argument(
            "--pace", type=float, default=1.0, help="users think so many times longer"
        )
        kind.add_argument("--note", default="", help="words for the report, about the machine")
        kind.add_argument("--raw", type=Path, help="keep all that was seen in this folder")
        kind.add_argument("--again", type=Path, help="report from such a folder; load nothing")
        kind.add_argument("--trial", action="store_true", help="write no report")
    return parser


if __name__ == "__main__":
    main()
