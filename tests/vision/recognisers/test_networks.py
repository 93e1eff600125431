"""Embedding networks of any file: cards, what files tell of themselves, and files that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.vision.detectors.sessions import ModelFileError
from aisle.vision.recognisers import taps
from aisle.vision.recognisers.cards import CardError, EmbeddingCard, card_of, card_text, read_card
from aisle.vision.recognisers.colours import ColourEmbedding
from aisle.vision.recognisers.detection import detected
from aisle.vision.recognisers.joined import Joined, View, Viewed
from aisle.vision.recognisers.networks import NetworkEmbedding, fitted
from vision.recognisers import tiny_onnx

PLAIN = EmbeddingCard(width_px=16, height_px=16, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def picture(blue: int, green: int, red: int, height: int = 20, width: int = 30) -> np.ndarray:
    return np.full((height, width, 3), (blue, green, red), np.uint8)


@pytest.fixture
def means_file(tmp_path: Path) -> Path:
    path = tmp_path / "means.onnx"
    path.write_bytes(tiny_onnx.means())
    return path


@pytest.mark.parametrize(("channels", "wanted"), [("rgb", [0.0, 0.6, 0.8]), ("bgr", [0.8, 0.6, 0.0])])
def test_channels_go_in_as_the_card_says(means_file: Path, channels: str, wanted: list[float]) -> None:
    embedding = NetworkEmbedding(means_file, replace(PLAIN, channels=channels))
    np.testing.assert_allclose(embedding.of([picture(200, 150, 0)])[0], wanted, atol=1e-6)


def test_every_embedding_tells_unit_vectors_one_by_one_or_together(means_file: Path) -> None:
    crops = [
        picture(9, 80, 200),
        picture(200, 3, 40, 9, 70),
        np.random.default_rng(1).integers(0, 255, (40, 33, 3), np.uint8),
    ]
    network = NetworkEmbedding(means_file, PLAIN)
    for embedding in (network, ColourEmbedding(), Joined([network, ColourEmbedding()]),
                      Viewed(network, [View(), View(0.5, True)])):  # fmt: skip
        together = embedding.of(crops)
        assert together.shape == (3, embedding.size)
        np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0)
        np.testing.assert_allclose(np.concatenate([embedding.of([crop]) for crop in crops]), together, atol=1e-6)
        assert embedding.of([]).shape == (0, embedding.size)
        with pytest.raises(ValueError, match="crop 1: found"):
            embedding.of([crops[0], np.zeros((0, 4, 3), np.uint8)])


def test_a_network_of_one_picture_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "one.onnx").write_bytes(tiny_onnx.means(batch=1))
    assert NetworkEmbedding(tmp_path / "one.onnx", PLAIN).of([picture(1, 2, 3)] * 3).shape == (3, 3)


@pytest.mark.parametrize(("fit", "lit"), [("squeeze", 2), ("crop", 8), ("pad", 2)])
def test_how_a_wide_picture_becomes_square(fit: str, lit: int) -> None:
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 50:70] = 255  # a square half as high as the picture, in its middle
    small = fitted(wide, replace(PLAIN, fit=fit))
    assert small.shape == (16, 16, 3)
    assert (small[8, :, 0] > 127).sum() == lit


def test_a_classifier_is_used_before_its_classes(tmp_path: Path) -> None:
    path = tmp_path / "classes.onnx"
    path.write_bytes(tiny_onnx.classifier())
    found = detected(path)
    assert found.card.outputs == ("features",) and found.card.root
    assert (found.card.layout, found.card.width_px) == ("nchw", 16)
    assert any("classifier" in guess for guess in found.guesses)
    assert NetworkEmbedding(path, found.card).size == 3


def test_a_network_of_any_size_is_given_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "any.onnx"
    path.write_bytes(tiny_onnx.means(side="s"))
    found = detected(path)
    assert (found.card.width_px, found.card.height_px, found.card.outputs) == (224, 224, ())
    assert any("any size" in guess for guess in found.guesses)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (replace(PLAIN, width_px=32), r"its input is \['n', 3, 16, 16\], its card says \[3, 16, 32\]"),
        (replace(PLAIN, layout="nhwc"), "its card says"),
        (replace(PLAIN, outputs=("nothing",)), r"outputs: found \['nothing'\], no such values"),
        (replace(PLAIN, sha256="0" * 64), "SHA-256 is .*, must be 0000"),
    ],
    ids=["another size", "another layout", "no such output", "another file"],
)
def test_a_card_that_does_not_fit(means_file: Path, card: EmbeddingCard, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        NetworkEmbedding(means_file, card)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_model(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("model") / "any.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        detected(path)
    with pytest.raises(ValueError):
        taps.lite_with_outputs(content, [1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("width_px = 'x'", r"width_px: found 'x', must be a whole number from 8 to 2048"),
        ("width_px = 4", "width_px: found 4"),
        ("std = [1.0, 0.0, 1.0]", "std: found .*, must be three numbers above 0"),
        ("mean = [1.0]", "mean: found"),
        ("channels = 'grb'", "channels: found 'grb', must be one of rgb, bgr"),
        ("sha256 = 'abc'", "sha256: found 'abc', must be 64 hexadecimal digits"),
        ("root = 1", "root: found 1, must be true or false"),
        ("outputs = [1]", "outputs: found"),
        ("colour = 1", "colour: no field of a card; those are width_px"),
        ("width_px = ", "not TOML"),
    ],
)
def test_what_is_wrong_with_a_card(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "card.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CardError, match=said):
        read_card(path)


@given(
    st.integers(8, 2048),
    st.sampled_from(["rgb", "bgr"]),
    st.tuples(*[st.floats(-100, 100)] * 3),
    st.lists(st.text(min_size=1, max_size=9), max_size=4),
    st.text(max_size=20),
)
def test_a_written_card_is_read_as_the_same(side: int, channels: str, mean: tuple, outputs: list, licence: str) -> None:  # type: ignore[type-arg]
    import tomllib

    card = EmbeddingCard(width_px=side, channels=channels, mean=mean, outputs=tuple(outputs), licence=licence)  # type: ignore[arg-type]
    assert card_of(tomllib.loads(card_text(card)), "card") == card


ANY_VALUE = st.one_of(
    st.integers(), st.floats(), st.text(max_size=5), st.booleans(), st.lists(st.integers(), max_size=4)
)


@given(st.dictionaries(st.sampled_from(list(EmbeddingCard.__dataclass_fields__)), ANY_VALUE))
def test_any_table_is_a_card_or_told_to_be_none(table: dict[str, object]) -> None:
    try:
        card = card_of(table, "card")
    except CardError as error:
        assert str(error).startswith("card, ")
    else:
        assert isinstance(card, EmbeddingCard)
