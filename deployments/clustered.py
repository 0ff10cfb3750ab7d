"""A Serve config file as a cluster takes it: `python -m deployments.clustered config/gpu.yaml`.

config/*.yaml are the one place where stages get their engines and limits; those of one machine
listen on its loopback alone. k8s/overlays/*/serve.yaml are written from them (`make k8s`).
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

_CHANGES: Final = (
    # Each worker answers clients, not the head, where no stage runs.
    (re.compile(r"^proxy_location: \w+$", re.MULTILINE), "proxy_location: EveryNode"),
    (re.compile(r"^  host: [\w.]+$", re.MULTILINE), "  host: 0.0.0.0"),
)
_LOCAL: Final = re.compile(
    r"^    # Nobody needs a key[^\n]*\n    args: \{access: open\}\n", re.MULTILINE
)
"""What holds on one's own machine alone."""


def clustered(config: Path) -> str:
    """The text of a Serve config file with proxies on every node, for holders of access keys.

    Raises ValueError for a file that doesn't say, once, where its proxies run and listen.
    """
    text = config.read_text(encoding="utf-8")
    for found, instead in _CHANGES:
        text, times = found.subn(instead, text)
        if times != 1:
            raise ValueError(f"{config} has {times} lines like {instead!r}; one is needed.")
    settings = _LOCAL.sub("", text[text.index("proxy_location:") :])
    return f"# Made from config/{config.name} by `make k8s`: change it there.\n{settings}"


def main() -> None:
    """Print the config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path)
    sys.stdout.write(clustered(parser.parse_args().config))


if __name__ == "__main__":
    main()
