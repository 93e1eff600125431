"""The groceries suite on made pictures: what its rows count, and data that is not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisle.bench.groceries import Labelled, area, closed_rows, judge_groceries, open_rows, read_list
from aisle.bench.truth import BenchError


def labelled(classes: int, each: int, seed: int) -> Labelled:
    places = np.random.default_rng(0).normal(size=(classes, 20))
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(classes), each)
    vectors = places[of] + rng.normal(size=(len(of), 20)) * 0.6
    return Labelled((), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), of)


def test_rows_of_made_classes() -> None:
    train, asked = labelled(30, 12, 1), labelled(30, 4, 2)
    rows = {(row.name, row.on): row for row in (*closed_rows(train, asked), *open_rows(train, asked, lambda _: None))}
    values = {name: row.value for (name, _), row in rows.items() if row.reach is not None}
    assert len(rows) == 7
    assert values["right product"] > 0.9
    assert values["right product among 3 shown"] >= values["right product"]
    assert values["unknown told by the score (AUROC)"] > 0.85
    assert all(row.value is not None and 0.0 <= row.value <= 1.0 for row in rows.values())


@pytest.mark.parametrize(
    ("more", "less", "share"),
    [([3.0, 4.0], [1.0, 2.0], 1.0), ([1.0], [2.0], 0.0), ([1.0, 1.0], [1.0], 0.5), ([1.0, 3.0], [2.0], 0.5)],
    ids=["apart", "the wrong way", "ties", "mixed"],
)
def test_the_area(more: list[float], less: list[float], share: float) -> None:
    assert area(np.array(more), np.array(less)) == pytest.approx(share)


def test_without_data_there_are_no_rows() -> None:
    assert judge_groceries(None, lambda _: None) == []


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), ("a.jpg\n", "must hold lines of"), ("a.jpg, x, 1\n", "must hold")]
)
def test_lists_that_are_none(tmp_path: Path, content: str | None, said: str) -> None:
    (tmp_path / "train.txt").write_text(content) if content is not None else None
    with pytest.raises(BenchError, match=said):
        read_list(tmp_path, "train")
