"""What `avatar-serve doctor` finds, a line each."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `fail`: the configuration cannot work; `note`: good to know."""

    name: str
    status: Literal["ok", "note", "fail"]
    detail: str
    remedy: str = ""
