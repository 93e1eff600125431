"""The words of `aisle cart`: run, check, staff, replay, simulate. Their bodies are imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

cart = typer.Typer(
    name="cart",
    help="A smart cart: run it, check it, replay its trips.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
Place = Annotated[Path, typer.Argument(metavar="CONFIG|STORE", help="A cart's config file, or a store folder.")]
Camera = Annotated[
    str | None, typer.Option(metavar="SOURCE", help="STORE only: the scan camera, such as 0, a film or a URL.")
]


@cart.command(epilog="Example: aisle cart run corner-shop --camera 0")
def run(
    place: Annotated[
        Path | None, typer.Argument(metavar="CONFIG|STORE", help="A cart's config file, or a store folder.")
    ] = None,
    camera: Camera = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="A simulated shopper with a simulated cart.")] = False,
    speed: Annotated[float, typer.Option(min=0.1, max=200, help="--simulate: so many times faster than life.")] = 8.0,
    items: Annotated[int, typer.Option(min=1, max=200, help="--simulate: about so many pieces.")] = 12,
    situation: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="--simulate: weave this situation in; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="--simulate: another number, another trip.")] = 1,
    stay: Annotated[bool, typer.Option("--stay", help="--simulate: keep the screen until Ctrl-C.")] = False,
    host: Annotated[str | None, typer.Option(help="Where the screen is served; this machine only without it.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Its port; 0 takes a free one.")] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE.mcap", dir_okay=False, help="Keep what devices and screen said.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so long.")] = None,
    looks: Annotated[
        bool, typer.Option("--looks/--no-looks", help="Recognise products by the store's pictures.")
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing on the terminal but the screen's address.")] = False,
) -> None:
    """Run a cart: its devices, its screen, its way through the lane.

    A store folder with --camera 0 makes a cart of a laptop. --simulate needs neither store nor devices.
    """
    if simulate:
        from aisle.bootstrap.cart_simulated import SimulatedWish, run_simulated

        wanted = SimulatedWish(speed, items, tuple(situation or ()), seed, stay, host, port, record)
        raise typer.Exit(run_simulated(place, wanted))
    if place is None:
        raise typer.BadParameter("a config file or store folder is needed, or --simulate", param_hint="CONFIG|STORE")
    from aisle.bootstrap.cart_running import RunWish, run_cart

    raise typer.Exit(run_cart(place, RunWish(camera, host, port, record, seconds, looks, quiet)))


@cart.command(epilog="Example: aisle cart check cart-14.toml")
def check(
    place: Place,
    camera: Camera = None,
    seconds: Annotated[float, typer.Option(min=0.5, max=120, help="Listen to the devices for so long.")] = 6.0,
) -> None:
    """Check a cart's config, its store and that each device answers.

    Exit code 1 when a device does not.
    """
    from aisle.bootstrap.cart_running import run_check

    raise typer.Exit(run_check(place, camera, seconds))


@cart.command(epilog="Example: aisle cart staff corner-shop 17 --name Ada")
def staff(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A store folder, or a cart's own folder.")],
    number: Annotated[str, typer.Argument(help="Their number.")],
    name: Annotated[str, typer.Option(help="What the screen calls them.")] = "",
) -> None:
    """Let a member of staff unlock carts; asks for their PIN.

    A badge is a code NUMBER.PIN shown to the camera.
    """
    from aisle.bootstrap.cart_running import run_staff

    raise typer.Exit(run_staff(folder, number, name))


@cart.command(epilog="Example: aisle cart replay trips/monday.mcap --store corner-shop --json")
def replay(
    recordings: Annotated[
        list[Path], typer.Argument(metavar="RECORDING...", help="MCAP files of trips, or folders of them.")
    ],
    store: Annotated[
        Path | None, typer.Option(metavar="STORE", help="The store folder; one beside the recording without it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write DIR/<trip>.json each.")] = None,
) -> None:
    """Receipts of recorded trips, with what was asked and what a person should look at."""
    from aisle.bootstrap.cart_replaying import run_cart_replay

    raise typer.Exit(run_cart_replay(recordings, store=store, json=json, out=out))


@cart.command(epilog="Example: aisle cart simulate trips --trips 40 --situation own-bag")
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new or empty folder.")],
    trips: Annotated[int, typer.Option(help="So many trips.")] = 10,
    items: Annotated[int, typer.Option(help="About so many pieces in each.")] = 25,
    seed: Annotated[int, typer.Option(help="Another number, other trips.")] = 1,
    situation: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Weave this situation in; may be repeated.")
    ] = None,
    pictures: Annotated[bool, typer.Option("--pictures", help="Film the scan camera (large files).")] = False,
    photographs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="--pictures: show photographs DIR/<class>/*.jpg of produce.")
    ] = None,
    fps: Annotated[float, typer.Option(help="--pictures: so many a second.")] = 8.0,
    scanner: Annotated[bool, typer.Option("--scanner/--no-scanner", help="Whether there is a hand scanner.")] = True,
    baskets: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Till baskets whose lengths shopping lists take.")
    ] = None,
) -> None:
    """Recordings of simulated trips, with their truth and their store folder."""
    from aisle.simulation.cart.command import run_cart_simulate

    code = run_cart_simulate(
        out,
        trips=trips,
        items=items,
        seed=seed,
        situations=tuple(situation or ()),
        pictures=pictures,
        photographs=photographs,
        fps=fps,
        scanner=scanner,
        baskets=baskets,
    )
    raise typer.Exit(code)
