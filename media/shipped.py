"""Files that come with the project: trained networks and tables."""

from hashlib import sha256
from pathlib import Path


def read_shipped(path: Path, digest: str) -> bytes:
    """The file's content. Raises ValueError where it is not the one that this version came with."""
    content = path.read_bytes()
    if sha256(content).hexdigest() != digest:
        raise ValueError(f"{path.name} is not the file this version was made with")
    return content
