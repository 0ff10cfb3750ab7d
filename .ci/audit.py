"""Asks PyPI's advisories for every package of every lock: `python .ci/audit.py PIP_AUDIT`.

Exit status 0: nothing is known of them. 1: something is, and is printed. 75 (EX_TEMPFAIL): PyPI did
not answer, or not for all of them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKS = Path(__file__).parents[1] / "locks"


class NotAuditedError(Exception):
    """Nobody answered; the text says why."""


def audited(pip_audit: str, lock: Path) -> list[dict[str, Any]]:
    """The packages of a lock with what is known of each; nothing is resolved, installed or run."""
    command = [pip_audit, "--requirement", str(lock), "--require-hashes", "--disable-pip"]
    command += ["--progress-spinner", "off", "--timeout", "15", "--format", "json"]
    told = subprocess.run(  # noqa: S603 - the program that the caller names
        command, capture_output=True, text=True, check=False
    )
    try:
        packages: list[dict[str, Any]] = json.loads(told.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (told.stderr.strip().splitlines() or ["pip-audit gave no reason"])[-1]
        raise NotAuditedError(last) from None
    # pip-audit calls it success where an index's mirror knows no advisories and answers nothing.
    if packages and all("skip_reason" in one for one in packages):
        raise NotAuditedError(packages[0]["skip_reason"])
    return packages


def weaknesses(packages: list[dict[str, Any]]) -> set[str]:
    """A line for each known one."""
    return {
        f"{one['name']} {one['version']}: {known['id']}, mended in "
        f"{', '.join(known['fix_versions']) or 'no release yet'}"
        for one in packages
        for known in one.get("vulns", [])
    }


def main() -> int:
    """Audit each lock, the shortest first; stop at the first for which nobody answers."""
    weak: set[str] = set()
    unseen: set[str] = set()
    for lock in sorted(LOCKS.glob("*.txt"), key=lambda path: path.stat().st_size):
        try:
            packages = audited(sys.argv[1], lock)
        except NotAuditedError as error:
            sys.stdout.write(f"{lock.name} WAS NOT AUDITED: {error}\n")
            unseen.add(lock.name)
            break
        unseen |= {one["name"] for one in packages if "skip_reason" in one}
        weak |= weaknesses(packages)
        sys.stdout.write(f"{lock.name}: {len(packages)} packages looked up\n")
    sys.stdout.writelines(f"{line}\n" for line in sorted(weak))
    if not weak and unseen:
        sys.stdout.write(f"NOT AUDITED: {', '.join(sorted(unseen))}\n")
    return 1 if weak else os.EX_TEMPFAIL if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
