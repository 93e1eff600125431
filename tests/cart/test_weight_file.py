"""The weights a cart keeps between trips."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.cart.weight_file import WeightFile


def test_what_was_learnt_is_there_again(tmp_path: Path) -> None:
    first = WeightFile(tmp_path / "weights.json")
    assert first.learn([("4001", 300.0)] * 4) == ()
    again = WeightFile(tmp_path / "weights.json")
    assert again.book.known == first.book.known
    assert [path.name for path in tmp_path.iterdir()] == ["weights.json"]


@pytest.mark.parametrize("content", [b"", b"{", b'{"products": 3}'], ids=["empty", "cut", "wrong"])
def test_a_broken_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.json").write_bytes(content)
    book = WeightFile(tmp_path / "weights.json")
    assert book.book.known == {}
    book.learn([("4001", 300.0)])
    assert WeightFile(tmp_path / "weights.json").book.known["4001"].mean_g == 300.0


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    assert WeightFile(tmp_path / "missing" / "weights.json").learn([("4001", 300.0)]) == ()


def test_a_faulty_scale_is_told_once(tmp_path: Path) -> None:
    kept = WeightFile(tmp_path / "weights.json")
    kept.learn([(f"product {n % 30}", 300.0 + n % 30) for n in range(150)])
    told = kept.learn([(f"product {n}", 1.05 * (300.0 + n)) for n in range(30)])
    assert told == ("The scale weighs all goods too heavy by about 4.8 %.",)
    assert kept.learn([("product 1", 301.0)]) == ()
