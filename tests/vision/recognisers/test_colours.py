"""Shades counted: what colour tells, and that light and size change little of it."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.vision.recognisers.colours import ColourEmbedding

GREEN, RED, GREY = (60, 190, 70), (50, 50, 200), (128, 128, 128)


def framed(inner: tuple[int, int, int], outer: tuple[int, int, int], side: int = 120) -> np.ndarray:
    picture = np.full((side, side, 3), outer, np.uint8)
    picture[side // 4 : -side // 4, side // 4 : -side // 4] = inner
    return picture


def alike(one: np.ndarray, other: np.ndarray) -> float:
    first, second = ColourEmbedding().of([one, other])
    return float(first @ second)


@pytest.mark.parametrize(
    "picture", [framed(GREEN, RED), np.zeros((9, 200, 3), np.uint8), np.full((200, 9, 3), 255, np.uint8)]
)
def test_vectors_have_length_one(picture: np.ndarray) -> None:
    vector = ColourEmbedding().of([picture])[0]
    assert vector.shape == (ColourEmbedding.size,)
    assert np.linalg.norm(vector) == pytest.approx(1.0)


def test_what_is_in_the_middle_counts_more_than_what_is_round_it() -> None:
    assert alike(framed(GREEN, GREY), framed(GREEN, RED)) > alike(framed(GREEN, GREY), framed(RED, GREY)) + 0.2


def test_a_little_less_light_changes_little() -> None:
    bright = framed(GREEN, GREY)
    assert alike(bright, (bright * 0.93).astype(np.uint8)) > 0.7 > alike(bright, framed(RED, RED))


def test_size_changes_nothing_much() -> None:
    assert alike(framed(GREEN, RED, 120), framed(GREEN, RED, 400)) > 0.98
