"""`avatar-serve video`: one video, from the command to the file."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from media.errors import AvatarError
from serve.commands.client import Client, connected

DEFAULT_AVATAR: Final = "amara"
STAGES: Final = {
    "queued": "waiting",
    "starting": "starting",
    "warming_up": "starting the painter, which sleeps while nobody asks for it",
    "portrait": "painting the portrait",
    "video": "speaking, moving the lips, encoding",
    "finishing": "putting the file together",
}

Text = Annotated[str | None, typer.Option(help="What is said.")]
TextFile = Annotated[
    Path | None, typer.Option(help="A file with what is said.", exists=True, dir_okay=False)
]
Audio = Annotated[
    Path | None, typer.Option(help="A recording instead of text.", exists=True, dir_okay=False)
]
Image = Annotated[
    Path | None, typer.Option(help="A picture with the face.", exists=True, dir_okay=False)
]


def video(
    text: Text = None,
    text_file: TextFile = None,
    audio: Audio = None,
    avatar: Annotated[str | None, typer.Option(help="A face from the gallery.")] = None,
    image: Image = None,
    prompt: Annotated[str | None, typer.Option(help="Words that describe a face.")] = None,
    face_index: Annotated[
        int | None, typer.Option(help="Which face of the picture, from the left.")
    ] = None,
    consent: Annotated[
        str | None, typer.Option(help="A sentence: who is in the picture, and that they agree.")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="Who says the text.")] = None,
    speed: Annotated[float | None, typer.Option(help="0.5 to 2.")] = None,
    size: Annotated[str, typer.Option(help="auto or WIDTHxHEIGHT.")] = "auto",
    fps: Annotated[str, typer.Option(help="24, 25, 29.97, 30, 50 or 60.")] = "25",
    seed: Annotated[int, typer.Option(help="Same seed, same video.")] = 0,
    life: Annotated[bool, typer.Option(help="Blinks and slight movement of the head.")] = True,
    normalise: Annotated[bool, typer.Option(help="Bring the sound to -16 LUFS.")] = True,
    caption_track: Annotated[
        bool, typer.Option(help="Captions inside the video, as a text track.")
    ] = False,
    label: Annotated[bool, typer.Option(help="Show in the picture that AI made it.")] = False,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("video.mp4"),
    server: Annotated[
        str | None,
        typer.Option(envvar="AVATAR_SERVER", help="A running server; without one, a private one."),
    ] = None,
) -> None:
    """Make a video of a face that says something."""
    if text_file is not None:
        text = text_file.read_text(encoding="utf-8")
    if avatar is None and image is None and prompt is None:
        avatar = DEFAULT_AVATAR
    fields = {
        "text": text,
        "avatar": avatar,
        "avatar_prompt": prompt,
        "face_index": face_index,
        "consent": consent,
        "voice": voice,
        "speed": speed,
        "size": size,
        "fps": fps,
        "seed": seed,
        "life": life,
        "normalise": normalise,
        "caption_track": caption_track,
        "label": label,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    console = Console(stderr=True)
    began = time.monotonic()
    with ExitStack() as stack:
        with console.status("starting the stages …" if server is None else "connecting …"):
            client = stack.enter_context(connected(server))
        if server is None:
            console.print(f"stages ready after {time.monotonic() - began:.1f} s")
        job = client.post("/v1/videos", **_body(given, audio=audio, avatar_image=image))
        job = follow(client, job, console)
        client.download(job["urls"]["video"], out)
        client.delete(job["urls"]["self"])
    _tell(console, job, out)


def _body(fields: dict[str, Any], **paths: Path | None) -> dict[str, Any]:
    """JSON, or a multipart form where files go with it."""
    files = {name: (path.name, path.read_bytes()) for name, path in paths.items() if path}
    if not files:
        return {"json": fields}
    return {"data": {name: _spelled(value) for name, value in fields.items()}, "files": files}


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def follow(client: Client, job: dict[str, Any], console: Console) -> dict[str, Any]:
    """Show a job's progress until it is over. Raises its error as AvatarError."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("waiting", total=100)
        for kind, data in client.events(job["urls"]["events"]):
            if kind == "stage":
                said = STAGES.get(data["stage"], data["stage"])
                bar.update(task, description=said)
                if not console.is_terminal:
                    console.print(f"{data['progress']:3d} %  {said}")
            if "progress" in data:
                bar.update(task, completed=data["progress"])
    done: dict[str, Any] = client.get(job["urls"]["self"])
    if done["status"] != "completed":
        error = done.get("error") or {}
        message = error.get("message", f"The video was {done['status']}.")
        raise AvatarError(error.get("code", "internal"), message, param=error.get("param"))
    return done


def _tell(console: Console, job: dict[str, Any], out: Path) -> None:
    table = Table("stage", "seconds", box=None)
    for stage, spent in job["timings"].items():
        table.add_row(stage, f"{spent / 1000:.2f}")
    console.print(table)
    wall = job["completed_at"] - job["started_at"]
    console.print(
        f"{job['seconds']:.1f} s of video ({job['size']}, {job['fps']:g} fps) in {wall} s"
    )
    sys.stdout.write(f"{out.resolve()}\n")
