"""`aisle train`: draws pictures where none are given, trains a network on them, scores it, writes its card.

It stands at the top because it needs both sides: the simulation, which draws pictures with truth, and learning, which
must know nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

TEST_SEED = 9001
"""Pictures to score by come from shops no training seed draws."""
TEST_PICTURES = 600
PACKAGE_SHOPS, PACKAGE_VIEWS = 40, 14
TEST_SHOPS, FIRST_TEST_SHOP = 8, 5000
MODELS = ("shopper", "wrists", "package")
SHOPPER_LIMITS = (
    "It has seen drawn shops only: on real pictures measure first, then train on with labelled pictures from there.",
    "People lying down, children, wheelchairs and trolleys were not in the pictures.",
    "Says whether a hand holds something, not what; small things in a closed hand are missed.",
    "Without a picture of the empty shop it finds less; give the background model some seconds.",
)
WRIST_LIMITS = (
    "It has seen drawn people only, with bare hands; gloves, wheelchairs and children were not in the pictures.",
    "It looks where the detector saw somebody: who is not found has no hands.",
    "Tells how likely a hand is full from the picture alone; small things in a closed hand are missed.",
)
PACKAGE_LIMITS = (
    "It has seen drawn packages only; enrol photographs from the camera that will ask, and measure there.",
    "Look-alikes (another sort, another size) are hard in small pictures: let weight and place decide with it.",
    "Fruit, bakery and whatever has no package were not in the pictures.",
)


@dataclass(frozen=True, slots=True)
class TrainingWish:
    """What `aisle train` was asked for: `pictures` are sets to train on, `test` one to score by (drawn without them);
    `count` pictures (shopper) or products' shops (package) are drawn with `seed`; `steps` batches."""

    out: Path
    pictures: Sequence[Path] = ()
    test: Path | None = None
    count: int | None = None
    steps: int | None = None
    seed: int = 1


def run_train(model: str, wish: TrainingWish, console: Console | None = None) -> int:
    """Train `model` into the folder `wish.out`; returns the exit code.

    A run that was interrupted goes on where it stopped when called again with the same wish.
    """
    console = console or Console()
    if model not in MODELS:
        print(f"error: model: found {model!r}, must be one of {', '.join(MODELS)}", file=sys.stderr)
        return 2
    try:
        import torch  # noqa: F401
    except ImportError:
        print("error: training needs PyTorch; install it: pip install torch onnx onnxscript", file=sys.stderr)
        return 1
    from aisle.learning.picture_set import PictureSetError

    try:
        card = {"shopper": _shopper, "wrists": _wrists, "package": _package}[model](wish, console)
    except (PictureSetError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    console.print(f"The model, and beside it what it is good for: {card}", markup=False)
    return 0


# ------------------------------------------------------------------- shopper
def _shopper(wish: TrainingWish, console: Console) -> Path:
    from aisle.learning.shopper_training import COURSE, train_shopper

    sets, test = _picture_sets(wish, console)
    how = replace(COURSE, steps=wish.steps or COURSE.steps, seed=wish.seed)
    with _bar(console) as bar:
        task = bar.add_task("training", total=how.steps)
        train_shopper(
            sets,
            wish.out,
            how,
            lambda p: bar.update(task, completed=p.step, description=f"training, loss {p.loss:.2f}"),
        )
    return shopper_card(wish.out, sets, test, f"{how.steps} steps of {how.batch} pictures, seed {how.seed}")


def shopper_card(folder: Path, sets: Sequence[Path], test: Path, how: str) -> Path:
    """Score the network in `folder` on a test set and write its card; returns the card's path."""
    from aisle.learning.cards import ModelCard
    from aisle.learning.picture_set import read_pictures
    from aisle.learning.shopper_training import MODEL, scored
    from aisle.vision.detectors.shopper import ShopperDetector, open_network
    from aisle.vision.detectors.shopper_layout import SIZE_PX

    detector = ShopperDetector(open_network(folder / MODEL))
    pictures = read_pictures(test, SIZE_PX)
    tables = {
        f"On {len(pictures.labels)} drawn pictures of other shops, the empty shop {title}": {
            view: s.rates for view, s in scored(detector, pictures, known).items()
        }
        for title, known in (("known", True), ("unknown", False))
    }
    return ModelCard(
        "shopper",
        "Finds people in pictures of a shop, from any angle: head, box, floor point, wrists, full and empty hands.",
        folder / MODEL,
        [_drawn_from(sets)],
        [f"{how}; AdamW, cosine rate, averaged weights (`aisle train shopper`)"],
        SHOPPER_LIMITS,
        tables,
    ).write()


# -------------------------------------------------------------------- wrists
def _wrists(wish: TrainingWish, console: Console) -> Path:
    from aisle.learning.wrist_training import COURSE, train_wrists

    sets, test = _picture_sets(wish, console)
    how = replace(COURSE, steps=wish.steps or COURSE.steps, seed=wish.seed)
    with _bar(console) as bar:
        task = bar.add_task("training", total=how.steps)
        train_wrists(
            sets,
            wish.out,
            how,
            lambda p: bar.update(task, completed=p.step, description=f"training, loss {p.loss:.2f}"),
        )
    return wrists_card(wish.out, sets, test, f"{how.steps} steps of {how.batch} people, seed {how.seed}")


def wrists_card(folder: Path, sets: Sequence[Path], test: Path, how: str) -> Path:
    """Score the network in `folder` behind the shipped detector and write its card; returns the card's path."""
    from aisle.learning.cards import ModelCard
    from aisle.learning.wrist_training import MODEL, scored_wrists
    from aisle.vision.detectors.shopper import ShopperDetector, open_network
    from aisle.vision.pose.wrists import CloseLook, WristFinder

    look = CloseLook(ShopperDetector(open_network()), WristFinder(folder / MODEL))
    rates = scored_wrists(look, test)
    return ModelCard(
        "wrists",
        "Finds both wrists of a person the detector found, and whether each hand holds something.",
        folder / MODEL,
        [_drawn_from(sets)],
        [f"{how}; AdamW, cosine rate, averaged weights (`aisle train wrists`)"],
        WRIST_LIMITS,
        {"On drawn pictures of other shops, behind the shipped detector, in pixels of 640 x 360": rates},
    ).write()


def _drawn_from(sets: Sequence[Path]) -> str:
    from aisle.learning.picture_set import read_labels

    drawn = sum(len(read_labels(part)) for part in sets)
    return f"{drawn} drawn pictures of random shops (`aisle simulate --pictures`), each with the same view empty"


def _picture_sets(wish: TrainingWish, console: Console) -> tuple[list[Path], Path]:
    """The sets to train on and the one to score by, drawn where none are given."""
    count = wish.count or 6000
    sets = [*wish.pictures] or [_drawn_pictures(wish.out / "pictures", count, wish.seed, console)]
    return sets, wish.test or _drawn_pictures(wish.out / "test-pictures", TEST_PICTURES, TEST_SEED, console)


def _drawn_pictures(folder: Path, count: int, seed: int, console: Console) -> Path:
    """A rendered picture set, drawn unless it is there already."""
    from aisle.simulation.pictures.picture_sets import TRUTH_FILE, write_picture_set

    done = folder / TRUTH_FILE
    if done.exists() and len(done.read_bytes().splitlines()) >= count:
        return folder
    with _bar(console) as bar:
        task = bar.add_task(f"drawing {count} pictures", total=count)
        write_picture_set(folder, count, seed, progress=lambda n, of: bar.update(task, completed=n))
    return folder


# ------------------------------------------------------------------- package
def _package(wish: TrainingWish, console: Console) -> Path:
    from aisle.learning.package_training import COURSE, train_package

    shops = wish.count or PACKAGE_SHOPS
    pictures = wish.pictures[0] if wish.pictures else _drawn_packages(wish.out / "packages", 0, shops, wish, console)
    test = wish.test or _drawn_packages(wish.out / "test-packages", FIRST_TEST_SHOP, TEST_SHOPS, wish, console)
    how = replace(COURSE, steps=wish.steps or COURSE.steps, seed=wish.seed)
    with _bar(console) as bar:
        task = bar.add_task("training", total=how.steps)
        train_package(
            pictures,
            wish.out,
            how,
            lambda p: bar.update(task, completed=p.step, description=f"training, loss {p.loss:.2f}"),
        )
    return package_card(wish.out, pictures, test, f"{how.steps} steps of {how.batch} pictures, seed {how.seed}")


def package_card(folder: Path, pictures: Path, test: Path, how: str) -> Path:
    """Score the network in `folder` on a test set; write its card and its odds; returns the card's path."""
    from aisle.learning.cards import ModelCard
    from aisle.learning.package_training import MODEL, read_package_set, scored_package
    from aisle.vision.recognisers.packages import PackageEmbedding

    data = read_package_set(pictures)
    rates, odds = scored_package(PackageEmbedding(folder / MODEL), read_package_set(test))
    (folder / MODEL).with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(asdict(odds))) + b"\n")
    return ModelCard(
        "package",
        "Turns a picture of one package into a vector that is near for pictures of the same product.",
        folder / MODEL,
        [f"{len(data.of)} drawn pictures of {len(data.shops)} products of random shops, look-alikes among them"],
        [f"{how}; CosFace, AdamW, cosine rate, averaged weights (`aisle train package`)"],
        PACKAGE_LIMITS,
        {"Products of other shops, half of them enrolled by two pictures each, by the pictures' size": rates},
    ).write()


def _drawn_packages(folder: Path, first_shop: int, shops: int, wish: TrainingWish, console: Console) -> Path:
    from aisle.simulation.pictures.package_views import TRUTH_FILE, write_package_set

    if (folder / TRUTH_FILE).exists():
        return folder
    with _bar(console) as bar:
        task = bar.add_task(f"drawing packages of {shops} shops", total=shops)
        write_package_set(
            folder,
            shops,
            PACKAGE_VIEWS,
            wish.seed if first_shop == 0 else TEST_SEED,
            first_shop=first_shop,
            progress=lambda n, of: bar.update(task, completed=n),
        )
    return folder


def _bar(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console)
