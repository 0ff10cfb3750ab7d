"""`python -m tests.fuzz [TARGET[:INPUTS] ...]`: fuzz, tell what was found, and fail if anything."""

import argparse
import base64
import sys

from tests.fuzz import report
from tests.fuzz.supervisor import Finding, fuzz
from tests.fuzz.target import names


def main() -> int:
    """Fuzz the targets in a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=names(), help=", ".join(names()))
    parser.add_argument("--inputs", type=int, default=10_000, help="of each target")
    parser.add_argument("--seconds", type=int, default=0, help="of each target at most; 0: no end")
    parser.add_argument("--seed", type=int, default=1, help="runs of one seed begin alike")
    parser.add_argument("--report", action="store_true", help=f"write {report.PAGE.name}")
    arguments = parser.parse_args()
    results = []
    for wanted in arguments.targets:
        name, _, inputs = wanted.partition(":")
        many = int(inputs or arguments.inputs)
        result = fuzz(name, many, seed=arguments.seed, seconds=arguments.seconds)
        print(
            f"{name}: {result.inputs:,} inputs, {result.taken:,} taken, {result.seconds:.0f} s, "
            f"slowest {1e3 * result.slowest:.0f} ms, {len(result.findings)} findings",
            flush=True,
        )
        for finding in result.findings:
            print(told(finding), flush=True)
        results.append(result)
        if arguments.report:
            report.write(results, f"python -m tests.fuzz {' '.join(sys.argv[1:])}")
    return int(any(not f.is_contained for result in results for f in result.findings))


def told(finding: Finding) -> str:
    """A finding in words, with its input."""
    answered = f" (the service: {finding.in_production})" if finding.in_production else ""
    shown = base64.b64encode(finding.data).decode()
    return f"  {finding.kind}{answered}: {finding.why}\n  input, base64: {shown}"


if __name__ == "__main__":
    raise SystemExit(main())
