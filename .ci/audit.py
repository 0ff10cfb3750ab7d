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


def audited(pip_audit: str, lock: Path) -> list[dict[str, Any]] | None:
    """The packages of a lock with what is known of each; None, with why, where nobody answered."""
    command = [pip_audit, "--requirement", str(lock), "--require-hashes", "--disable-pip"]
    command += ["--progress-spinner", "off", "--timeout", "15", "--format", "json"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(told.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (told.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        sys.stdout.write(f"{lock.name} WAS NOT AUDITED: {last}\n")
        return None
    return found


def main() -> int:
    """Audit each lock; stop at the first for which nobody answers."""
    weak: set[str] = set()
    for lock in sorted(LOCKS.glob("*.txt")):
        packages = audited(sys.argv[1], lock)
        if packages is None:
            break
        unseen = [one["name"] for one in packages if "skip_reason" in one]
        found = {
            f"{one['name']} {one['version']}: {weakness['id']}, mended in "
            f"{', '.join(weakness['fix_versions']) or 'no release yet'}"
            for one in packages
            for weakness in one.get("vulns", [])
        }
        sys.stdout.write(f"{lock.name}: {len(packages)} packages, {len(found)} known weaknesses\n")
        sys.stdout.writelines(f"  not looked at: {name}\n" for name in unseen)
        weak |= found
    else:
        sys.stdout.writelines(f"{line}\n" for line in sorted(weak))
        return 1 if weak else 0
    sys.stdout.writelines(f"{line}\n" for line in sorted(weak))
    return 1 if weak else os.EX_TEMPFAIL


if __name__ == "__main__":
    sys.exit(main())
