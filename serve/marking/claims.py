"""What is said of what is given out: how it came about, and which engines had a part in it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from media.credentials import Claim, Maker
from media.marks import SourceType
from serve.jobs.models import Avatar

GALLERY: Final = Maker("portrait", "Steered", ("mobilestylegan-ffhq",))
"""What painted the faces that come with the project (`gallery/recipe.py`)."""

PAINTED: Final = "painted_by"
"""Of an avatar's `origin`: what painted it, as `Painter`."""


class Painter(TypedDict):
    """What an avatar's record keeps of the engine that painted it."""

    engine: str
    weights: list[str]


def source_of(avatar_kind: str, *, recording: bool) -> SourceType:
    """How a video comes about from this kind of avatar, and from a recording or a text."""
    uploaded = recording or avatar_kind == "image"
    return SourceType.COMPOSITE if uploaded else SourceType.MADE


def source_of_job(request: Mapping[str, Any]) -> SourceType:
    """How a job's video comes about. Jobs of older releases do not say: the wider word holds."""
    return SourceType(request.get("source", SourceType.COMPOSITE))


def maker(stage: str, about: Mapping[str, Any], name: str = "") -> Maker:
    """A stage's engine by what the stage tells of itself.

    `name` is what its voice goes by: a stage of several engines has the weights of all, of which
    one spoke. Options are left out: they are the operator's own business, and may be paths.
    """
    several = "engines" in about.get("options", {})
    engine = name or str(about.get("engine", "unknown")).rpartition(":")[2]
    return Maker(stage, engine, () if several else tuple(about.get("weights", ())))


def painter(about: Mapping[str, Any]) -> Painter:
    """What is kept of the portrait stage's engine."""
    made = maker("portrait", about)
    return {"engine": made.engine, "weights": list(made.weights)}


def portrait_claim(kind: str, origin: Mapping[str, Any]) -> Claim:
    """Of an avatar's picture: painted, or uploaded and only shown again."""
    if kind == "image":
        return Claim(None)
    return Claim(SourceType.MADE, _painters(kind, origin))


def video_claim(
    request: Mapping[str, Any], avatar: Avatar, stages: Mapping[str, Mapping[str, Any]]
) -> Claim:
    """Of a job's video. `stages` is what speech, lip sync and encode tell of themselves."""
    named = {"speech": str(request.get("spoken_by") or "")}
    used = [name for name in stages if name != "speech" or not request.get("audio")]
    makers = [maker(name, stages[name], named.get(name, "")) for name in used]
    return Claim(source_of_job(request), [*_painters(avatar.kind, avatar.origin), *makers])


def _painters(kind: str, origin: Mapping[str, Any]) -> Sequence[Maker]:
    if kind == "gallery":
        return (GALLERY,)
    kept: Painter | None = origin.get(PAINTED)
    if kept is None:  # uploaded, or painted by a release that did not note it
        return ()
    return (Maker("portrait", kept["engine"], tuple(kept["weights"])),)
