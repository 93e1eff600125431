"""The command line: what each command is called and takes, and nothing else.

Every command's body lives in the room it belongs to and is imported when it is called, so that `aisle --help` answers
at once. Exit codes: 0 done, 1 the work failed, 2 wrong use.
"""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aisle import __version__
from aisle.bootstrap.cart_cli import cart
from aisle.bootstrap.model_cli import add_commands

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


class Cells(StrEnum):
    """Where the load cells of a simulated shop are."""

    PLATE = "plate"
    SHELF = "shelf"


class Tracks(StrEnum):
    """How well a simulated shop's people are tracked."""

    CLEAN = "clean"
    ROUGH = "rough"


class KeyAction(StrEnum):
    """What can be done with keys."""

    LIST = "list"
    ADD = "add"
    REMOVE = "remove"


class KeyRole(StrEnum):
    """What the holder of a key may do; shoppers have tokens instead."""

    DEVICE = "device"
    ASSOCIATE = "associate"
    OPERATOR = "operator"


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
    settle: Annotated[
        bool, typer.Option("--settle", help="Charge the receipts in the sandbox and print them as customers get them.")
    ] = False,
    sequential: Annotated[
        bool, typer.Option("--sequential", help="The baseline: decide each event at once by its best explanation.")
    ] = False,
    clips: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write pictures of each change, without faces: DIR/<recording>/.")
    ] = None,
    keep_days: Annotated[
        float | None, typer.Option(help="Delete clips in DIR so much older than what is replayed.")
    ] = None,
) -> None:
    """Turn recordings into receipts with probabilities."""
    from aisle.walkout.command import run_replay, walkout_engine

    engine = walkout_engine
    if settle:
        from aisle.bootstrap.settled import settling_engine

        engine = settling_engine
    code = run_replay(
        recordings,
        json=json,
        out=out,
        why=why,
        sequential=sequential,
        clips=clips,
        keep_days=keep_days,
        engine=engine,
    )
    raise typer.Exit(code)


@app.command(
    epilog="Example: aisle calibrate corner-shop --camera ceiling-1 --points marks.csv --picture now.jpg --write"
)
def calibrate(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store folder.")],
    camera: Annotated[str, typer.Option(metavar="ID", help="The camera, as cameras.toml calls it.")],
    points: Annotated[Path | None, typer.Option(metavar="FILE", help="Clicked places: CSV or TOML.")] = None,
    tags: Annotated[Path | None, typer.Option(metavar="FILE", help="Which AprilTags are where: TOML.")] = None,
    floor_board: Annotated[
        str | None, typer.Option(metavar="X,Y,DEG", help="A checkerboard lies there on the floor, turned so.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FRAME", help="A picture of this camera.")] = None,
    checkerboard: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The lens, from pictures of a checkerboard.")
    ] = None,
    tag_board: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The lens, from pictures of a tag board.")
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="CxR", help="Inner corners (tags) of the board, as 9x6.")] = None,
    square_mm: Annotated[float | None, typer.Option(help="Side of a square of the checkerboard.")] = None,
    tag_mm: Annotated[float | None, typer.Option(help="Side of a tag of the tag board.")] = None,
    gap_mm: Annotated[float | None, typer.Option(help="What is between two tags of the tag board.")] = None,
    unknown_lens: Annotated[bool, typer.Option("--unknown-lens", help="Estimate the focal length too.")] = False,
    source: Annotated[str | None, typer.Option(metavar="URL", help="Add a camera, or give it this source.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="PICTURE", help="Draw the shop over the picture.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Put the result into cameras.toml.")] = False,
    json: Json = False,
) -> None:
    """Work out a camera's lens and place.

    Says how far off that leaves things on the floor, and draws the shop over the camera's picture.
    """
    from aisle.walkout.calibrate import Wish, run_calibrate

    wish = Wish(
        camera=camera,
        checkerboard=checkerboard,
        tag_board=tag_board,
        square_mm=square_mm,
        tag_mm=tag_mm,
        gap_mm=gap_mm,
        size=size,
        tags=tags,
        points=points,
        floor_board=floor_board,
        picture=picture,
        unknown_lens=unknown_lens,
        source=source,
        out=out,
        write=write,
    )
    raise typer.Exit(run_calibrate(store, wish, as_json=json))


walkout_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.add_typer(walkout_app, name="walkout", help="The walk-out store on live cameras.")


@walkout_app.callback()
def walkout() -> None:
    """The walk-out store on live cameras."""


@walkout_app.command("run", epilog="Example: aisle walkout run corner-shop --record monday.mcap --seconds 3600")
def walkout_run(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store folder with cameras.")],
    plates: Annotated[
        Path | None, typer.Option(metavar="RECORDING", help="Play this recording's weights in step with the cameras.")
    ] = None,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Record all that is heard as MCAP.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after so long; at Ctrl-C without it.")] = None,
    fps: Annotated[float, typer.Option(help="Look at no more pictures a second of each camera.")] = 10.0,
    unpaced: Annotated[
        bool, typer.Option("--unpaced", help="Read films as fast as they come, and every picture of them.")
    ] = False,
    clips: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write pictures of each change, without faces; AISLE_CLIPS without it."),
    ] = None,
    keep_days: Annotated[
        float | None, typer.Option(help="Delete clips after so many days; AISLE_CLIPS_KEEP_DAYS (7) without it.")
    ] = None,
    json: Json = False,
) -> None:
    """Watch the store's cameras and say who has what.

    Baskets are told as they change, receipts in the end. Cameras are files, folders, devices or URLs (cameras.toml).
    """
    from aisle.bootstrap.watching import run_watching
    from aisle.walkout.live_command import LiveWish

    wish = LiveWish(plates, record, seconds, fps, json, paced=not unpaced, clips=clips, keep_days=keep_days)
    raise typer.Exit(run_watching(store, wish))


@app.command(epilog="Example: aisle view monday.mcap --at 83 --out moment.png")
def view(
    path: Annotated[Path, typer.Argument(metavar="RECORDING|STORE", help="A recording, or a store folder.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="A .png, .jpg or .webp; moving: .webp, .png or .gif.")
    ] = Path("view.png"),
    at: Annotated[float | None, typer.Option(metavar="SECONDS", help="The moment; the busiest without it.")] = None,
    begin: Annotated[
        float | None, typer.Option("--from", metavar="SECONDS", help="A moving picture from here ...")
    ] = None,
    end: Annotated[float | None, typer.Option("--to", metavar="SECONDS", help="... to here.")] = None,
    fps: Annotated[float, typer.Option(help="Pictures a second of a moving picture.")] = 5.0,
    width: Annotated[int | None, typer.Option(help="Pixels; 1920, or 1280 moving, without it.")] = None,
) -> None:
    """Draw a moment of a recording.

    Cameras with the people in them, the floor plan with their tracks, baskets and how sure they are.
    """
    from aisle.walkout.view.command import Wish, run_view

    wish = Wish(out, at_s=at, from_s=begin, to_s=end, fps=fps, width_px=width)
    raise typer.Exit(run_view(path, wish))


@app.command(epilog="Example: aisle simulate afternoon --minutes 20 --seed 7")
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", file_okay=False, help="The folder for the recordings.")],
    store: Annotated[
        Path | None, typer.Option(metavar="STORE", help="A store folder; the example shop without it.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="The folder for the truth; OUT-truth without it."),
    ] = None,
    scenes: Annotated[int | None, typer.Option(min=1, help="So many short scenes instead of an afternoon.")] = None,
    minutes: Annotated[float | None, typer.Option(help="How long the afternoon is; 10 without it.")] = None,
    seed: Annotated[int, typer.Option(help="Another number, another afternoon.")] = 1,
    dynamics: Annotated[
        str, typer.Option(metavar="PRESET", help="How plates, people and products behave; mixed for all in turn.")
    ] = "default",
    cells: Annotated[Cells, typer.Option(help="One load cell under each plate, or under each shelf.")] = Cells.PLATE,
    tracks: Annotated[
        Tracks, typer.Option(help="People tracked cleanly, or noisily and with a new id after every loss.")
    ] = Tracks.CLEAN,
    baskets: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Real till baskets whose lengths the shopping lists take.")
    ] = None,
    cameras: Annotated[int, typer.Option(help="So many cameras film; 0 for none.")] = 0,
    fps: Annotated[float, typer.Option(help="Pictures a second of each camera.")] = 10.0,
    picture_size: Annotated[str, typer.Option(metavar="WxH", help="Width and height in pixels.")] = "640x360",
    given_tracks: Annotated[
        bool, typer.Option("--tracks-given/--no-tracks", help="Whether a tracker tells where people are.")
    ] = True,
    plates: Annotated[bool, typer.Option("--plates/--no-plates", help="Whether plates weigh the goods.")] = True,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that share the rendering.")] = 1,
    pictures: Annotated[
        int | None, typer.Option(help="So many single pictures of random shops to learn from, instead of recordings.")
    ] = None,
) -> None:
    """Make recordings of a shop that does not exist, with truth."""
    from aisle.simulation.command import run_simulate

    code = run_simulate(
        out,
        store=store,
        truth=truth,
        scenes=scenes,
        minutes=minutes,
        seed=seed,
        dynamics=dynamics,
        cells=cells.value,
        tracks=tracks.value,
        baskets=baskets,
        cameras=cameras,
        fps=fps,
        picture_size=picture_size,
        given_tracks=given_tracks,
        plates=plates,
        jobs=jobs,
        pictures=pictures,
    )
    raise typer.Exit(code)


@app.command(epilog="Example: aisle serve corner-shop")
def serve(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store folder.")],
) -> None:
    """Run a shop: its API, its payments, its mails.

    Settings come from the environment (AISLE_...) and from STORE/aisle.env; docs/serve.md lists them.
    """
    from aisle.bootstrap.command import run_serve

    raise typer.Exit(run_serve(store))


@app.command(epilog="Example: aisle keys corner-shop add device gate-1")
def keys(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store folder.")],
    action: Annotated[KeyAction, typer.Argument(help="What to do.")] = KeyAction.LIST,
    role: Annotated[KeyRole | None, typer.Argument(help="add, remove: what the holder may do.")] = None,
    name: Annotated[str | None, typer.Argument(help="add, remove: the device's or person's name.")] = None,
) -> None:
    """List, add or remove keys of the API."""
    from aisle.bootstrap.command import run_keys

    raise typer.Exit(run_keys(store, action.value, role.value if role else None, name))


@app.command(epilog="Example: aisle reconcile corner-shop --days 7 --json")
def reconcile(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store folder.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="So many days back.")] = 30,
    json: Json = False,
) -> None:
    """Hold the ledger against the payment provider.

    Every night, say. Exit code 1 when they differ.
    """
    from aisle.bootstrap.command import run_reconcile

    raise typer.Exit(run_reconcile(store, days=days, json=json))


@app.command(epilog="Example: aisle demo --minutes 5 --seed 3 --out afternoon")
def demo(
    seed: Annotated[int, typer.Option(help="Another number, another afternoon.")] = 1,
    minutes: Annotated[float, typer.Option(help="How long the first afternoon is, whose people are tracked.")] = 5.0,
    seconds: Annotated[float, typer.Option(help="How long the second one is, watched by cameras, at most.")] = 60.0,
    pixels: Annotated[bool, typer.Option("--pixels/--no-pixels", help="Watch by cameras, or not at all.")] = True,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Keep recordings there, pictures too; without: demo/*.webp."),
    ] = None,
) -> None:
    """Simulate a shop: print its receipts, then watch it through rendered cameras.

    Shows each receipt with its odds, and the score against the truth; the second time nobody says where people are.
    """
    from aisle.bench.demo import run_demo
    from aisle.bench.filmed_shop import FilmWish

    film = FilmWish(seed, seconds) if pixels else None
    raise typer.Exit(run_demo(seed=seed, minutes=minutes, film=film, out=out))


@app.command(epilog="Example: aisle bench receipts --recordings afternoon --jobs 2 --json --out results")
def bench(
    suite: Annotated[
        str, typer.Argument(metavar="SUITE", help="receipts, scales, commerce, tracking, vision, cart, or table.")
    ],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="table: results that bench --json printed.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(metavar="DIR", help="receipts: these recordings; simulated ones without it.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="DIR", help="receipts: their truth; DIR-truth without it.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="SETTING", help="receipts: the row of the table to judge them by.")
    ] = None,
    json: Json = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="Write pictures and results there.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that share the recordings.")] = 1,
    heads_only: Annotated[bool, typer.Option("--heads-only", help="receipts: take the wrists away.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="receipts: so many recordings, evenly spread.")] = None,
    real: Annotated[bool, typer.Option("--real", help="receipts: the real recording under AISLE_DATA.")] = False,
    baseline: Annotated[bool, typer.Option(help="receipts: measure the sequential baseline too.")] = True,
    scenes: Annotated[int, typer.Option(min=1, help="receipts: so many simulated scenes.")] = 300,
    seed: Annotated[int, typer.Option(help="Where the simulation starts.")] = 1,
    plates: Annotated[int, typer.Option(min=1, help="scales: so many plates.")] = 10_000,
    seconds: Annotated[
        float | None, typer.Option(min=1.0, help="scales: so long a stretch of them (60); commerce: each load (10).")
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART",
            help="commerce: pricing, visits, api; tracking: floor, campus, pictures; vision: visits, shop, ...; "
            "cart: codes, groceries, trips, speed, lane.",
        ),
    ] = None,
    visits: Annotated[
        int, typer.Option(min=1, help="commerce: so many visits, broken at every step; vision: filmed (100 at most).")
    ] = 10_000,
    cameras: Annotated[int, typer.Option(min=1, help="vision: so many rendered cameras watch them.")] = 6,
    films: Annotated[
        Path | None, typer.Option(metavar="DIR", help="vision: keep what was rendered here, and use it again.")
    ] = None,
    day_hours: Annotated[float, typer.Option(help="scales: so many hours of a small rack, for its memory.")] = 24.0,
    peers: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="tracking: a Python that has the peer package trackers.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="tracking: so long a simulated shop is open.")] = 10.0,
    trips: Annotated[int, typer.Option(min=1, help="cart: so many simulated trips.")] = 1000,
    brief: Annotated[bool, typer.Option("--brief", help="table: only measures with a reach.")] = False,
) -> None:
    """Measure what Aisle claims, as a table.

    Suites: receipts (accuracy, calibration, speed), scales (thousands of plates), commerce (prices, visits, API),
    tracking (people on the floor and in pictures), vision (what cameras see, simulated and real), cart (what the smart
    cart sees and decides), table (results as Markdown).
    Exit code 1 when a measure falls short of its reach.
    """
    from aisle.bench.command import run_bench

    code = run_bench(
        suite,
        recordings=recordings,
        truth=truth,
        on=on,
        json=json,
        out=out,
        jobs=jobs,
        heads_only=heads_only,
        limit=limit,
        real=real,
        baseline=baseline,
        scenes=scenes,
        seed=seed,
        plates=plates,
        seconds=seconds,
        day_hours=day_hours,
        files=files or (),
        brief=brief,
        parts=part or (),
        visits=visits,
        cameras=cameras,
        films=films,
        peers=peers,
        minutes=minutes,
        trips=trips,
    )
    raise typer.Exit(code)


add_commands(app)
app.add_typer(cart)


def main() -> None:
    """Run the program. The console script of the package."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name no terminal can show is shown escaped, not as a traceback
            stream.reconfigure(errors="backslashreplace")
    app()
