"""Inner values of a network told as its outputs: most public networks are classifiers, and end a layer too late.

What a classifier's last layer is given describes a picture far better than the thousand classes it was trained for.
Both kinds of model files allow to name more outputs by adding some bytes, without the libraries that build networks.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from aisle.sensing.protobuf import LENGTH, delimited, fields

_GRAPH, _NODE, _OUTPUT, _NAME = 7, 1, 12, 1  # ModelProto.graph; GraphProto.node, .output; ValueInfoProto.name
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE = 1, 2, 4
_LAST_LAYERS = frozenset({"Gemm", "MatMul", "QLinearMatMul", "QGemm"})
_PASSING = frozenset({"Softmax", "LogSoftmax", "Add", "Identity", "DequantizeLinear", "QuantizeLinear", "Cast"})
_SUBGRAPHS, _OUTPUTS = 2, 2  # slots of the tables Model and SubGraph in TensorFlow Lite's schema


def onnx_with_outputs(model: bytes, names: Sequence[str]) -> bytes:
    """The ONNX model with more outputs: a message that is given twice is merged, repeated fields one after another."""
    graph = b"".join(delimited(_OUTPUT, delimited(_NAME, name.encode())) for name in names)
    return model + delimited(_GRAPH, graph)


def onnx_before_classes(model: bytes, output: str) -> str | None:
    """What the last fully connected layer before `output` is given; None when there is none right before it.

    Raises ValueError for what is no ONNX model.
    """
    makers = {}
    for field, wire, value in fields(model):
        if field != _GRAPH or wire != LENGTH or not isinstance(value, bytes):
            continue
        for inner, inner_wire, node in fields(value):
            if inner == _NODE and inner_wire == LENGTH and isinstance(node, bytes):
                kind, taken, made = _node(node)
                makers.update(dict.fromkeys(made, (kind, taken)))
    at: str | None = output
    for _ in range(6):
        kind, taken = makers.get(at or "", ("", []))
        if kind in _LAST_LAYERS and taken:
            return taken[0]
        at = next((name for name in taken if name in makers), None) if kind in _PASSING else None
    return None


def _node(node: bytes) -> tuple[str, list[str], list[str]]:
    """Type, inputs and outputs of a node of the graph."""
    kind, taken, made = "", list[str](), list[str]()
    for field, _, value in fields(node):
        if not isinstance(value, bytes):
            continue
        text = value.decode("utf-8", "replace") if field in (_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE) else ""
        if field == _NODE_INPUT:
            taken.append(text)
        elif field == _NODE_OUTPUT:
            made.append(text)
        elif field == _NODE_TYPE:
            kind = text
    return kind, taken, made


def lite_with_outputs(model: bytes, tensors: Sequence[int]) -> bytes:
    """The TensorFlow Lite model with these tensors (by index) as its only outputs.

    A FlatBuffer is read by following offsets, so a new list may stand at its end.  Raises ValueError for what is none.
    """
    out = bytearray(model)
    try:
        subgraphs = _target(out, _slot(out, _u32(out, 0), _SUBGRAPHS))
        if _u32(out, subgraphs) < 1:
            raise ValueError("it holds no graph")
        place = _slot(out, _target(out, subgraphs + 4), _OUTPUTS)
        out += bytes(-len(out) % 16)
        struct.pack_into("<I", out, place, len(out) - place)
        return bytes(out) + struct.pack(f"<I{len(tensors)}i", len(tensors), *tensors)
    except struct.error as error:
        raise ValueError(f"not a TensorFlow Lite model: {error}") from None


def _u32(data: bytearray, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def _target(data: bytearray, at: int) -> int:
    return at + _u32(data, at)


def _slot(data: bytearray, table: int, slot: int) -> int:
    """Where a table keeps a field; ValueError when it does not."""
    listing = table - int(struct.unpack_from("<i", data, table)[0])
    place = 4 + 2 * slot
    if listing < 0 or place + 2 > struct.unpack_from("<H", data, listing)[0]:
        raise ValueError("not a TensorFlow Lite model: a field is missing")
    offset = int(struct.unpack_from("<H", data, listing + place)[0])
    if offset == 0:
        raise ValueError("not a TensorFlow Lite model: a field is missing")
    return table + offset
