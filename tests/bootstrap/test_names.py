"""Names sort by time, fit everywhere, and use all their random bits."""

from __future__ import annotations

from aisle.bootstrap.names import Names


def test_names_sort_by_the_time_they_were_made() -> None:
    now_ms = iter([1, 2, 3, 2**30, 2**41])
    name = Names(lambda: next(now_ms) * 10**6, lambda size: b"\xff" * size)
    made = [name() for _ in range(5)]
    assert made == sorted(made)
    assert {len(one) for one in made} == {26}


def test_every_random_bit_counts() -> None:
    draws = iter([bytes(10), bytes(9) + b"\x01", b"\x80" + bytes(9)])
    name = Names(lambda: 0, lambda _size: next(draws))
    made = [name() for _ in range(3)]
    assert len(set(made)) == 3
    assert set("".join(made)) <= set("0123456789abcdefghjkmnpqrstvwxyz")
