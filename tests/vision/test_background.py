"""The background is learnt under people's feet, follows the light, and lets nobody who was pointed out in."""

import numpy as np
import pytest

from aisle.vision.background import SAMPLES, BackgroundModel, comparators, median
from aisle.vision.seen import FloatArray, Image

SIZE = (96, 160)  # height, width
NOBODY = np.zeros((0, 4))


def room() -> Image:
    """An empty room: a chequered floor with a gradient, the same every time."""
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    tone = 90 + 40 * ((x // 32 + y // 32) % 2) + x // 4
    return np.repeat(tone[..., None], 3, axis=2).astype(np.uint8)


def shown(random: np.random.Generator, box: tuple[int, int, int, int] | None = None, light: float = 1.0) -> Image:
    """The room with sensor noise, in some light, a dark person in the box."""
    picture = room().astype(np.float64)
    if box is not None:
        x0, y0, x1, y1 = box
        picture[y0:y1, x0:x1] = (40.0, 20.0, 30.0)
    return np.clip(picture * light + random.normal(0.0, 1.5, picture.shape), 0, 255).astype(np.uint8)


def boxes(*corners: tuple[int, int, int, int]) -> FloatArray:
    return np.array(corners, dtype=np.float64).reshape(-1, 4)


def worst(model: BackgroundModel, light: float = 1.0) -> float:
    """How far the background is from the empty room, at the worst of its pixels, edges of the chequers left out."""
    picture = model.picture
    assert picture is not None
    apart = np.abs(picture.astype(np.float64) - room() * light).max(axis=2)
    return float(np.percentile(apart, 80))


@pytest.mark.parametrize("n", [3, 7, 15], ids=["three", "seven", "fifteen"])
def test_the_network_finds_the_median(n: int) -> None:
    stack = np.random.default_rng(n).integers(0, 256, (n, 5, 7, 3), dtype=np.uint8)
    assert np.array_equal(median(stack), np.median(stack, axis=0))
    assert all(a < b < n for a, b in comparators(n))


def test_a_walker_is_never_part_of_the_background() -> None:
    random = np.random.default_rng(1)
    model = BackgroundModel(memory=150)
    for i in range(100):
        model.update(shown(random, (i, 20, i + 30, 90)), NOBODY)
    assert worst(model) < 4.0


def test_who_stands_in_a_box_is_left_out_for_ever() -> None:
    random = np.random.default_rng(2)
    model = BackgroundModel(memory=60)
    person = (60, 10, 100, 90)
    for _ in range(10):
        model.update(shown(random), NOBODY)
    for _ in range(200):
        model.update(shown(random, person), boxes(person))
    assert worst(model) < 4.0
    assert model.difference(shown(random, person))[30:70, 70:90].min() > 40


def test_what_was_hidden_from_the_start_is_taken_as_soon_as_it_shows() -> None:
    random = np.random.default_rng(3)
    model = BackgroundModel()
    person = (60, 10, 100, 90)
    for _ in range(40):
        model.update(shown(random, person), boxes(person))
    assert model.known < 0.9
    model.update(shown(random), NOBODY)
    assert model.known == 1.0
    assert worst(model) < 6.0


@pytest.mark.parametrize(
    ("lights", "share"),
    [
        (np.full(30, 0.6), 1.0),
        (np.full(30, 1.3), 1.0),
        (np.linspace(1.0, 0.7, 200), 1.0),
    ],
    ids=["lamps go out", "lamps go on", "dusk"],
)
def test_the_light_is_followed(lights: FloatArray, share: float) -> None:
    random = np.random.default_rng(4)
    model = BackgroundModel(memory=300)
    for _ in range(60):
        model.update(shown(random), NOBODY)
    for light in lights:
        model.update(shown(random, light=float(light)), NOBODY)
        assert np.mean(model.difference(shown(random, light=float(light))) > 12) < 0.02 * share
    assert np.allclose(model.gains, lights[-1], rtol=0.04)
    assert worst(model, float(lights[-1])) < 5.0


def test_a_moved_camera_begins_anew() -> None:
    random = np.random.default_rng(5)
    model = BackgroundModel(memory=300)
    for _ in range(60):
        model.update(shown(random), NOBODY)
    turned = np.ascontiguousarray(np.roll(255 - room(), 40, axis=1))
    for _ in range(40):
        model.update(turned, NOBODY)
    picture = model.picture
    assert picture is not None
    assert np.percentile(np.abs(picture.astype(int) - turned), 80) < 6


def test_nothing_is_claimed_before_enough_was_seen() -> None:
    random = np.random.default_rng(6)
    model = BackgroundModel()
    assert not model.difference(shown(random)).any()
    for _ in range(SAMPLES - 1):
        model.update(shown(random), NOBODY)
        assert model.picture is None
    model.update(shown(random), NOBODY)
    assert model.picture is not None


def test_the_same_pictures_give_the_same_background() -> None:
    def learnt() -> bytes:
        random = np.random.default_rng(7)
        model = BackgroundModel(memory=60)
        for i in range(50):
            model.update(shown(random, (i, 20, i + 30, 90)), NOBODY)
        picture = model.picture
        assert picture is not None
        return picture.tobytes()

    assert learnt() == learnt()


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (np.zeros((96, 160), dtype=np.uint8), "must be uint8"),
        (np.zeros((96, 160, 3)), "must be uint8"),
        (np.zeros((90, 160, 3), dtype=np.uint8), "this camera's pictures were"),
    ],
    ids=["grey", "floats", "another size"],
)
def test_other_pictures_are_refused(picture: Image, words: str) -> None:
    model = BackgroundModel()
    model.update(shown(np.random.default_rng(8)), NOBODY)
    with pytest.raises(ValueError, match=words):
        model.update(picture, NOBODY)


def test_a_memory_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="memory"):
        BackgroundModel(memory=3)
