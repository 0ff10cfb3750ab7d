"""What pyproject.toml asks for, with the extras named: `python requirements.py postgres gpu`."""

import sys
import tomllib
from pathlib import Path
from typing import Any


def requirements(project: dict[str, Any], extras: list[str]) -> list[str]:
    """Requirements of a `[project]` table and of its extras, in their order."""
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(line for name in extras for line in optional[name])]


if __name__ == "__main__":
    pyproject = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    sys.stdout.write("\n".join(requirements(pyproject["project"], sys.argv[1:])) + "\n")
