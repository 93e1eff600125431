"""The words of the commands about networks and looks: enrol, recognise, models, train.

Their bodies are imported when they are called.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ModelAction(StrEnum):
    """What can be done with models."""

    LIST = "list"
    ADD = "add"
    PULL = "pull"


def add_commands(app: typer.Typer) -> None:
    """Give the command line the commands of this file."""
    app.command(epilog="Example: aisle enrol corner-shop 4011 banana-*.jpg")(enrol)
    app.command(epilog="Example: aisle recognise --enrol products --query pictures --out told.csv")(recognise)
    app.command(epilog="Example: aisle models add clip-small.onnx --licence MIT")(models)
    app.command(epilog="Example: aisle train shopper --out models/shopper --count 6000 --steps 4000")(train)


def enrol(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="A store folder.")],
    gtin: Annotated[str, typer.Argument(metavar="GTIN", help="The product, as products.csv has it.")],
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURES...", help="JPEG, PNG, WebP or BMP files.")],
) -> None:
    """Teach a store what a product looks like, from a few pictures.

    They are copied into STORE/images/GTIN/; nothing is trained. Three or more, from several sides, are good.
    """
    from aisle.bootstrap.recognising import run_enrol

    raise typer.Exit(run_enrol(store, gtin, pictures))


def recognise(
    enrol: Annotated[Path, typer.Option(metavar="DIR", help="Pictures to learn from: DIR/<class>/*.jpg.")],
    query: Annotated[Path, typer.Option(metavar="DIR", help="Pictures to recognise, in any folders below.")],
    out: Annotated[Path, typer.Option(metavar="CSV", dir_okay=False, help="Where the answers go.")],
    index: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Keep what networks said here, for next time.")
    ] = None,
) -> None:
    """Say which enrolled class each picture shows, and how sure that is.

    Rows: file,class,score,second,third. The score is the probability that it is this class and nothing unknown.
    """
    from aisle.bootstrap.recognising import run_recognise

    raise typer.Exit(run_recognise(enrol, query, out, index))


def models(
    action: Annotated[ModelAction, typer.Argument(help="What to do.")] = ModelAction.LIST,
    what: Annotated[
        str | None, typer.Argument(metavar="FILE|NAME", help="add: a model file; pull: a name of the registry.")
    ] = None,
    name: Annotated[str, typer.Option(help="add: call it so; as its file without it.")] = "",
    licence: Annotated[str, typer.Option(help="add: note its licence on its card.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of another one of that name.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="list: print JSON, for programs.")] = False,
) -> None:
    """List embedding models, add one from a file, or pull one from its publisher.

    They are kept in AISLE_MODELS, or in the user's data folder; all of them are used together, or those that
    AISLE_EMBEDDINGS names.
    """
    from aisle.bootstrap.modelling import ModelWish, run_models

    raise typer.Exit(run_models(action.value, what, ModelWish(name, licence, replace, json)))


def train(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="shopper (people, heads), wrists (hands) or package (likeness).")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", file_okay=False, help="Model, card and checkpoints go there.")],
    pictures: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Picture sets to train on; drawn ones without it.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A picture set to score by; a drawn one without it.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Draw so many pictures (shopper, wrists: 6000) or shops (package: 40).")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="So many batches (shopper: 4000, wrists: 2500, package: 3000).")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same pictures and seed give the same network.")] = 1,
) -> None:
    """Train a network of Aisle's own, from nothing.

    Needs PyTorch. The shopper network goes on where it stopped when called again after an interruption.
    """
    from aisle.bootstrap.training import TrainingWish, run_train

    raise typer.Exit(run_train(model, TrainingWish(out, pictures or (), test, count, steps, seed)))
