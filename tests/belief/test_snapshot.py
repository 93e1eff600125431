"""An engine restored in the middle of a recording never differs from one that went on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.belief.engine import BeliefEngine, BeliefSettings
from aisle.belief.snapshot import FORMAT, restore, snapshot
from aisle.belief.state import Group, Held, ShelfState
from aisle.scales.snapshot import SnapshotError
from belief.shop_kit import Shop, small_shop
from belief.simulated import feed, stream

SCENES = ("given_and_put_back", "stray_is_taken", "left_on_the_floor", "half_lifted", "swaps", "same_product")


@given(
    kind=st.sampled_from(SCENES),
    seed=st.integers(0, 5),
    tracks=st.sampled_from(("clean", "rough")),
    cells=st.sampled_from(("plate", "shelf")),
    cuts=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4),
)
@settings(max_examples=12)
def test_restored_engines_go_on_byte_for_byte(kind: str, seed: int, tracks: str, cells: str, cuts: list[float]) -> None:
    store, items = stream(kind, seed, tracks, cells)
    steady = BeliefEngine(store)
    feed(steady, items)
    broken, at = BeliefEngine(store), 0
    for cut in sorted(round(c * len(items)) for c in cuts):
        feed(broken, items[at:cut])
        at = cut
        broken = restore(snapshot(broken), store)
    feed(broken, items[at:])
    assert snapshot(broken) == snapshot(steady)


def shopped() -> Shop:
    shop = Shop()
    shop.stand("bob", "soap", -0.5)
    shop.takes("anna", "soap")
    shop.takes("anna", "beans")
    shop.puts("bob", "soap")
    return shop


def test_what_was_one_object_is_one_object_again() -> None:
    shop = shopped()
    again = restore(snapshot(shop.engine), shop.store)
    assert distinct(again.groups) == distinct(shop.engine.groups)


def distinct(groups: list[Group]) -> tuple[int, int, int]:
    """How many different items, values and choices the hypotheses hold."""
    values = [v for g in groups for h in g.hypotheses for v in h.values]
    items = {id(i) for v in values if isinstance(v, Held) for i in v.items}
    items |= {id(s.item) for v in values if isinstance(v, ShelfState) for s in v.strays}
    return (
        len(items),
        len({id(v) for v in values}),
        len({id(c) for g in groups for h in g.hypotheses for c in h.choices}),
    )


def test_a_long_history_needs_no_deep_stack() -> None:
    shop = Shop()
    shop.watch(2.0)
    shop.stand("anna", "soap")
    for _ in range(60):
        shop.watch(1.0)
        shop.engine.explain(shop.episode("soap", ("soap", -410.0)))
    assert snapshot(restore(snapshot(shop.engine), shop.store)) == snapshot(shop.engine)


def test_receipts_already_final_stay_final() -> None:
    shop = shopped()
    final = shop.engine.close("anna")
    again = restore(snapshot(shop.engine), shop.store)
    assert again.posterior("anna") == final
    assert snapshot(again) == snapshot(shop.engine)


def test_an_engine_that_saw_nothing() -> None:
    store = small_shop()
    data = snapshot(BeliefEngine(store))
    assert snapshot(restore(data, store)) == data


def test_settings_come_from_the_snapshot_unless_given() -> None:
    store = small_shop()
    data = snapshot(BeliefEngine(store, BeliefSettings(beam=17)))
    assert restore(data, store).settings.beam == 17
    assert restore(data, store, BeliefSettings(beam=23)).settings.beam == 23


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda d: b"", "begins with", id="nothing"),
        pytest.param(lambda d: b"PK\x03\x04" + d, "begins with", id="another file"),
        pytest.param(lambda d: d[: len(FORMAT) + 2], "within its header", id="only the header"),
        pytest.param(lambda d: d[:-1], "checksum", id="cut short"),
        pytest.param(lambda d: d[:-9] + b"?" + d[-8:], "checksum", id="one byte changed"),
        pytest.param(lambda d: FORMAT[:-1] + b"\x09" + d[len(FORMAT) :], "version 9", id="another version"),
    ],
)
def test_damaged_bytes_are_refused_with_the_reason(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    store = small_shop()
    data = snapshot(BeliefEngine(store))
    with pytest.raises(SnapshotError, match=message):
        restore(spoil(data), store)


@given(at=st.floats(0.0, 1.0), bit=st.integers(0, 7))
@settings(max_examples=40)
def test_any_flipped_bit_is_noticed(at: float, bit: int) -> None:
    store = small_shop()
    data = bytearray(snapshot(BeliefEngine(store)))
    data[min(len(data) - 1, int(at * len(data)))] ^= 1 << bit
    with pytest.raises(SnapshotError):
        restore(bytes(data), store)


def test_another_shop_is_refused() -> None:
    data = snapshot(BeliefEngine(small_shop()))
    with pytest.raises(SnapshotError, match="other shelves"):
        restore(data, small_shop(cells=True))
