"""The command `avatar-serve`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from media.errors import AvatarError
from serve.access.keys import Access
from serve.commands.database import database_app
from serve.commands.keys import keys_app
from serve.commands.listing import portrait, voices
from serve.commands.private import LOCAL_CONFIG, require_weights
from serve.commands.size import size
from serve.commands.verify import verify
from serve.commands.video import video
from serve.doctor import doctor
from serve.weights.commands import weights_app

app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False, add_completion=False)
app.command()(video)
app.command()(portrait)
app.command()(voices)
app.command()(doctor)
app.command()(size)
app.command()(verify)
app.add_typer(weights_app, name="weights")
app.add_typer(database_app, name="database")
app.add_typer(keys_app, name="keys")


@app.command()
def serve(
    config: Annotated[Path, typer.Option(help="A Serve config file.", exists=True)] = LOCAL_CONFIG,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    access: Annotated[
        Access | None, typer.Option(help="Whom to let in: holders of keys, or everybody.")
    ] = None,
) -> None:
    """Keep the server up until it is interrupted."""
    require_weights(config)
    command = [sys.executable, "-m", "deployments.launch", str(config)]
    for name, value in (("--host", host), ("--port", port), ("--access", access)):
        command += [name, str(value)] if value is not None else []
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter; signals go straight to it


def main() -> None:
    """Run a command; a fault of the taxonomy is one line and exit status 1."""
    try:
        app()
    except AvatarError as error:
        where = f" ({error.param})" if error.param else ""
        sys.stderr.write(f"{error.code}{where}: {error.message}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
