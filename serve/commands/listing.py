"""`avatar-serve voices` and `avatar-serve portrait`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from serve.commands.client import connected

Server = Annotated[
    str | None,
    typer.Option(envvar="AVATAR_SERVER", help="A running server; without one, a private one."),
]


def voices(server: Server = None) -> None:
    """List the voices that can speak now."""
    table = Table("voice", "name", "languages", "gender", "engine", "licence", box=None)
    with connected(server) as client:
        for voice in client.get("/v1/voices")["data"]:
            languages = ", ".join(voice["languages"])
            row = (voice[key] for key in ("gender", "engine", "licence"))
            table.add_row(voice["id"], voice["name"], languages, *row)
    Console().print(table)


def portrait(
    prompt: Annotated[str, typer.Argument(help="Words that describe a face.")],
    seed: Annotated[int, typer.Option(help="Same seed, same face.")] = 0,
    out: Annotated[Path, typer.Option(help="The WebP file to write.")] = Path("portrait.webp"),
    server: Server = None,
) -> None:
    """Paint a portrait from words."""
    with connected(server) as client:
        avatar = client.post("/v1/avatars", json={"prompt": prompt, "seed": seed})
        client.download(avatar["urls"]["preview"], out)
        client.delete(avatar["urls"]["self"])
    console = Console(stderr=True)
    console.print(f"used: {', '.join(avatar['words_used'] or ()) or '-'}")
    if avatar["words_ignored"]:
        console.print(f"not understood: {', '.join(avatar['words_ignored'])}")
    sys.stdout.write(f"{out.resolve()}\n")
