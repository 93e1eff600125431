"""What every way to tell people apart must do: unit vectors, near for one person and far for two, in any light."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aisle.vision.looks.appearance import Looks, log_odds
from aisle.vision.looks.colours import ColourStripes
from aisle.vision.seen import Image

Clothes = tuple[tuple[int, int, int], tuple[int, int, int]]
RED_ON_BLUE: Clothes = ((50, 40, 180), (130, 70, 40))
GREEN_ON_BLACK: Clothes = ((60, 150, 70), (30, 30, 30))
MAKERS: dict[str, Callable[[pytest.FixtureRequest], Looks]] = {
    "colours": lambda request: ColourStripes(),
    "osnet": lambda request: osnet(request.getfixturevalue("data_folder")),
}


def osnet(folder: Path) -> Looks:
    from aisle.vision.looks.osnet import OsNet

    return OsNet(folder / "models" / "osnet-x0.25.onnx")


@pytest.fixture(params=list(MAKERS))
def looks(request: pytest.FixtureRequest) -> Looks:
    return MAKERS[request.param](request)


def person(clothes: Clothes, seed: int = 0, light: float = 1.0, size: tuple[int, int] = (160, 70)) -> Image:
    """A drawn person: head, shirt, trousers, before a grey wall."""
    height, width = size
    picture = np.full((height, width, 3), 150.0)
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    picture[np.hypot((x - 0.5) * width, (y - 0.1) * height) < 0.08 * height] = (120, 150, 200)
    for (low, high, half), colour in zip(((0.19, 0.55, 0.3), (0.55, 0.98, 0.2)), clothes, strict=True):
        picture[(y > low) & (y < high) & (np.abs(x - 0.5) < half)] = colour
    noise = np.random.default_rng(seed).normal(0.0, 4.0, picture.shape)
    return np.clip(picture * light + noise, 0, 255).astype(np.uint8)


def test_unit_vectors_for_crops_of_any_size(looks: Looks) -> None:
    crops = [person(RED_ON_BLUE, size=size) for size in ((160, 70), (61, 33), (9, 5))]
    vectors = looks.of(crops)
    assert vectors.shape == (3, looks.size)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
    assert looks.of([]).shape == (0, looks.size)


def test_one_person_is_nearer_than_two_in_any_light(looks: Looks) -> None:
    one, again, other = looks.of([person(RED_ON_BLUE, 1), person(RED_ON_BLUE, 2, 0.7), person(GREEN_ON_BLACK, 3)])
    assert one @ again > one @ other + 0.1
    assert log_odds(looks, float(one @ again)) > log_odds(looks, float(one @ other))


def test_the_same_crop_gives_the_same_vector(looks: Looks) -> None:
    crops = [person(RED_ON_BLUE), person(GREEN_ON_BLACK)]
    assert looks.of(crops).tobytes() == looks.of(crops).tobytes()


@pytest.mark.parametrize(
    ("crop", "mask", "words"),
    [
        (np.zeros((0, 5, 3), dtype=np.uint8), None, "crop 0: found"),
        (np.zeros((5, 5), dtype=np.uint8), None, "crop 0: found"),
        (np.zeros((5, 5, 3), dtype=np.uint8), np.zeros((4, 5), dtype=np.uint8), "mask 0: found"),
    ],
    ids=["empty", "grey", "mask of another size"],
)
def test_what_cannot_be_used_is_refused(looks: Looks, crop: Image, mask: Image | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        looks.of([crop], [mask])


def test_masks_and_crops_come_in_pairs(looks: Looks) -> None:
    with pytest.raises(ValueError, match="masks: found 0"):
        looks.of([person(RED_ON_BLUE)], [])


def test_colours_mind_the_mask() -> None:
    before_red = person(GREEN_ON_BLACK)
    mask = (np.abs(before_red.astype(int) - 150).max(axis=2) > 25).astype(np.uint8)
    before_red[mask == 0] = (40, 40, 200)
    plain, masked, whole = (
        ColourStripes().of([c], [m])[0]
        for c, m in ((person(GREEN_ON_BLACK), mask), (before_red, mask), (before_red, None))
    )
    assert plain @ masked > plain @ whole + 0.05
