"""`aisle train`: renders pictures where none are given, trains a network on them, scores it, writes its card.

It stands at the top because it needs both sides: the simulation, which draws pictures with truth, and learning, which
must know nothing of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

TEST_SEED = 9001
"""Pictures to score by come from shops no training seed draws."""
TEST_PICTURES = 600
MODELS = ("shopper",)
LIMITS = (
    "It has seen drawn shops only: on real pictures measure first, then train on with labelled pictures from there.",
    "People lying down, children, wheelchairs and trolleys were not in the pictures.",
    "Says whether a hand holds something, not what; small things in a closed hand are missed.",
    "Without a picture of the empty shop it finds less; give the background model some seconds.",
)


def run_train(
    model: str,
    out: Path,
    *,
    pictures: Sequence[Path] = (),
    test: Path | None = None,
    count: int = 6000,
    steps: int = 4000,
    seed: int = 1,
    console: Console | None = None,
) -> int:
    """Train `model` into the folder `out`; returns the exit code.

    `pictures` are picture sets; without them `count` pictures are drawn into `out/pictures` first, with `seed`.  A run
    that was interrupted goes on where it stopped when it is called again with the same arguments.
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
        sets = [*pictures] or [_drawn(out / "pictures", count, seed, console)]
        held = test or _drawn(out / "test-pictures", TEST_PICTURES, TEST_SEED, console)
        _train_shopper(sets, held, out, steps, seed, console)
    except (PictureSetError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _drawn(folder: Path, count: int, seed: int, console: Console) -> Path:
    """A rendered picture set, drawn unless it is there already."""
    from aisle.simulation.pictures.picture_sets import TRUTH_FILE, write_picture_set

    done = folder / TRUTH_FILE
    if done.exists() and len(done.read_bytes().splitlines()) >= count:
        return folder
    with _bar(console) as bar:
        task = bar.add_task(f"drawing {count} pictures", total=count)
        write_picture_set(folder, count, seed, progress=lambda n, of: bar.update(task, completed=n))
    return folder


def _train_shopper(sets: Sequence[Path], test: Path, out: Path, steps: int, seed: int, console: Console) -> None:
    from aisle.learning.cards import ModelCard
    from aisle.learning.picture_set import read_pictures
    from aisle.learning.shopper_training import MODEL, ShopperTraining, scored, train_shopper
    from aisle.vision.detectors.shopper import ShopperDetector, open_network
    from aisle.vision.detectors.shopper_layout import SIZE_PX

    how = ShopperTraining(steps=steps, seed=seed)
    with _bar(console) as bar:
        task = bar.add_task("training", total=steps)
        train_shopper(
            sets, out, how, lambda p: bar.update(task, completed=p.step, description=f"training, loss {p.loss:.2f}")
        )
    detector = ShopperDetector(open_network(out / MODEL))
    pictures = read_pictures(test, SIZE_PX)
    tables = {
        f"On {len(pictures.labels)} drawn pictures of other shops ({title})": {
            view: s.rates for view, s in scored(detector, pictures, known).items()
        }
        for title, known in (("empty shop known", True), ("empty shop unknown", False))
    }
    card = ModelCard(
        "shopper",
        "Finds people in pictures of a shop, from any angle: head, box, floor point, wrists, and full hands.",
        out / MODEL,
        [f"{len(_lines(folder))} drawn pictures ({folder.name}) with the same views empty" for folder in sets],
        [f"{how.steps} steps of {how.batch} pictures, seed {how.seed}; AdamW, cosine rate, averaged weights"],
        LIMITS,
        tables,
    )
    console.print(f"{out / MODEL}, and what it is good for in {card.write()}", markup=False)


def _lines(folder: Path) -> list[bytes]:
    from aisle.learning.picture_set import TRUTH

    return (folder / TRUTH).read_bytes().splitlines()


def _bar(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console)
