"""ONNX networks of a few bytes, written field by field: what tests need of a model file, without the onnx package."""

from __future__ import annotations

import numpy as np

from aisle.sensing.protobuf import delimited, number

FLOAT, UINT8 = 1, 2


def node(kind: str, takes: list[str], makes: list[str]) -> bytes:
    parts = [delimited(1, name.encode()) for name in takes] + [delimited(2, name.encode()) for name in makes]
    return delimited(1, b"".join(parts) + delimited(4, kind.encode()))


def value(field: int, name: str, shape: list[int | str], kind: int = FLOAT) -> bytes:
    sides = [delimited(1, number(1, s) if isinstance(s, int) else delimited(2, s.encode())) for s in shape]
    told = delimited(1, number(1, kind) + delimited(2, b"".join(sides)))
    return delimited(field, delimited(1, name.encode()) + delimited(2, told))


def constant(name: str, values: np.ndarray) -> bytes:
    sides = b"".join(number(1, side) for side in values.shape)
    content = values.astype(np.float32).tobytes()
    return delimited(5, sides + number(2, FLOAT) + delimited(8, name.encode()) + delimited(9, content))


def model(*graph: bytes) -> bytes:
    return (
        number(1, 8)
        + delimited(8, delimited(1, b"") + number(2, 13))
        + delimited(7, b"".join(graph) + delimited(2, b"tiny"))
    )


def means(side: int | str = 16, batch: int | str = "n") -> bytes:
    """Tells the mean of each channel, (n, 3)."""
    return model(
        node("GlobalAveragePool", ["picture"], ["pooled"]),
        node("Flatten", ["pooled"], ["vector"]),
        value(11, "picture", [batch, 3, side, side]),
        value(12, "vector", [batch, 3]),
    )


def classifier(classes: int = 1000) -> bytes:
    """Tells `classes` numbers by a fully connected layer over what `pooled` holds."""
    weights = np.random.default_rng(3).normal(size=(3, classes))
    return model(
        node("Abs", ["picture"], ["bright"]),
        node("GlobalAveragePool", ["bright"], ["pooled"]),
        node("Flatten", ["pooled"], ["features"]),
        node("MatMul", ["features", "weights"], ["scores"]),
        node("Softmax", ["scores"], ["classes"]),
        constant("weights", weights),
        value(11, "picture", ["n", 3, 16, 16]),
        value(12, "classes", ["n", classes]),
    )
