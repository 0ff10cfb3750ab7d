"""What is measured with: a gallery face, and text of a wanted length."""

import itertools
from typing import Final

import gallery
from media.face import Picture

SENTENCES: Final = (
    "Every morning the baker opens the shop before the sun is up.",
    "People stop by for warm bread, and most of them stay to talk.",
    "Some buy a loaf for a neighbour who can no longer walk so far.",
    "By noon the shelves are empty, but the smell remains in the street.",
    "Maybe that is why nobody hurries past the open door.",
    "What would you have done with such a beautiful afternoon?",
    "We followed the river for an hour, and then we lost the path.",
    "Nothing happened for a while, which suited all of us perfectly.",
)
SECONDS_A_SENTENCE: Final = 3.7


def text_of(seconds: float, first: int = 0) -> str:
    """About so many seconds of speech, beginning with another sentence for each `first`."""
    count = max(1, round(seconds / SECONDS_A_SENTENCE))
    chosen = itertools.islice(itertools.cycle(SENTENCES), first % len(SENTENCES), None)
    return " ".join(itertools.islice(chosen, count))


def avatar_id() -> str:
    """The gallery avatar that is measured with."""
    return gallery.avatars()[0].id


def avatar_picture() -> Picture:
    """Its picture."""
    return gallery.picture(avatar_id())
