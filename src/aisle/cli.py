"""The command line: what each command is called and takes, and nothing else.

Every command's body lives in the room it belongs to and is imported when it is called, so that `aisle --help` answers
at once. Exit codes: 0 done, 1 the work failed, 2 wrong use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aisle import __version__

app = typer.Typer(
    name="aisle",
    help="Autonomous checkout as open software: who has what, and how sure.",
    epilog="Start with: aisle demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback(invoke_without_command=True)
def aisle(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Autonomous checkout as open software: who has what, and how sure."""
    if version:
        typer.echo(f"aisle {__version__}")
        raise typer.Exit(0)


@app.command(epilog="Example: aisle new corner-shop")
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Make a store folder: a small example shop to edit."""
    from aisle.store.command import run_new

    raise typer.Exit(run_new(folder))


@app.command(epilog="Example: aisle check corner-shop --json")
def check(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store folder.")],
    json: Json = False,
) -> None:
    """Check a store folder and say what is wrong.

    Each problem names the file, the line, the field, what was found and what would be right.
    """
    from aisle.store.command import run_check

    raise typer.Exit(run_check(store, as_json=json))


@app.command(epilog="Example: aisle replay monday.mcap tuesday.mcap --json --out receipts")
def replay(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="RECORDING...", help="MCAP files, or AutoCheckout folders or archives.")
    ],
    json: Json = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write DIR/<recording>.json each.")] = None,
    why: Annotated[
        str | None, typer.Option(metavar="SHOPPER", help="Explain this shopper's receipt, line by line.")
    ] = None,
    sequential: Annotated[
        bool, typer.Option("--sequential", help="The baseline: decide each event at once by its best explanation.")
    ] = False,
) -> None:
    """Turn recordings into receipts with probabilities."""
    from aisle.walkout.command import run_replay

    raise typer.Exit(run_replay(recordings, json=json, out=out, why=why, sequential=sequential))


def main() -> None:
    """Run the program. The console script of the package."""
    app()
