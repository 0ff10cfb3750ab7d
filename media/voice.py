"""Who can speak: stock voices, and voices cloned from a person's sample."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Voice:
    """A named speaker."""

    id: str
    name: str
    languages: tuple[str, ...]
    """BCP 47 tags."""
    gender: str
    licence: str
    gain_db: float
    """What brings this voice to TARGET_LUFS, whatever it says: measured once for each voice
    (`python -m bench.voices`). The engine speaks at the voice's own level; the gain comes later."""
    engine: str = ""
    """The name of what speaks it, in lower case: `model` of a request for speech alone."""


@dataclass(frozen=True, slots=True)
class ClonedVoice:
    """A cloned voice, as calls to the speech stage carry it in place of a stock voice's id."""

    id: str
    key: str
    """The artifact that holds what the engine adopts; it changes with its content."""
    engine: str
    """The name of the speech engine that adopts it."""
    languages: tuple[str, ...]
    """BCP 47 tags."""
    gain_db: float
    licence: str
    name: str

    def as_voice(self) -> Voice:
        """As the engine that adopts it sees it."""
        return Voice(
            self.id, self.name, self.languages, "unknown", self.licence, self.gain_db, self.engine
        )


Speaker: TypeAlias = str | ClonedVoice
"""Who is to speak: a stock voice by its id, or a cloned one."""


def id_of(speaker: Speaker) -> str:
    """The voice's id."""
    return speaker if isinstance(speaker, str) else speaker.id
