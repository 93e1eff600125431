"""Shopping lists."""

from pathlib import Path

import numpy as np
import pytest

from aisle.simulation.shopping import Taste, basket_sizes
from aisle.store.example import example_store


def test_lists_are_as_long_as_people_make_them() -> None:
    rng = np.random.default_rng(1)
    taste = Taste.of(example_store(), rng)
    lists = [taste.shopping_list(rng) for _ in range(400)]
    assert {len(wanted) for wanted in lists} == set(range(1, 9))
    assert 2.0 < np.mean([len(wanted) for wanted in lists]) < 4.0
    assert {q for wanted in lists for q in wanted.values()} == {1, 2, 3}
    assert sum(taste.popularity) == pytest.approx(1.0)


def test_real_baskets_give_the_lengths(tmp_path: Path) -> None:
    file = tmp_path / "baskets.csv"
    file.write_text("milk,bread\n\nmilk, ,salt\nbeer\n", encoding="utf-8")
    sizes = basket_sizes(file)
    rng = np.random.default_rng(1)
    taste = Taste.of(example_store(), rng, sizes)
    assert sizes == (2, 2, 1)
    assert {len(taste.shopping_list(rng)) for _ in range(60)} == {1, 2}


def test_no_basket_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "baskets.csv"
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"baskets\.csv: no basket found"):
        basket_sizes(file)
