"""Accounts: how groups fill, what falls due, when a basket may end."""

from __future__ import annotations

import pytest

from aisle.commerce.pricing.accounts import BUY, GET, USE, Account, BuyGetAccount, GroupAccount, LimitAccount, Role

TRIES: list[tuple[str, Account, list[Role], int, bool]] = [
    ("a full group", GroupAccount((2,), 500, None, 0), [(0, 0), (0, 0)], 500, True),
    ("half a group", GroupAccount((2,), 500, None, 0), [(0, 0)], 0, False),
    ("a bundle filled ahead", GroupAccount((1, 1), 300, None, 0), [(0, 0), (0, 0), (1, 0), (1, 0)], 600, True),
    ("a group that would cost more", GroupAccount((2,), 500, None, 9), [(0, -5), (0, 3)], 500, False),
    ("a group made up for by another", GroupAccount((1,), 500, None, 9), [(0, -5), (0, 7)], 1000, True),
    ("bought and got", BuyGetAccount(2, 1, None, 9, same_goods=True), [BUY, BUY, GET], 0, True),
    ("got before bought", BuyGetAccount(1, 1, None, 9, same_goods=False), [GET, BUY], 0, True),
    ("got without buying", BuyGetAccount(1, 1, None, 9, same_goods=False), [GET], 0, False),
    ("within the limit", LimitAccount(2), [USE, USE], 0, True),
]


@pytest.mark.parametrize(
    ("account", "roles", "paid", "closed"), [row[1:] for row in TRIES], ids=[row[0] for row in TRIES]
)
def test_steps(account: Account, roles: list[Role], paid: int, closed: bool) -> None:
    part, due = account.start, 0
    for role in roles:
        step = account.step(part, role)
        assert step is not None
        part, due = step[0], due + step[1]
    assert (due, account.closed(part)) == (paid, closed)


ENDS: list[tuple[str, Account, list[Role], Role]] = [
    ("no group beyond the limit", GroupAccount((1,), 500, 1, 0), [(0, 0)], (0, 0)),
    ("no reward beyond the limit", BuyGetAccount(1, 1, 1, 9, same_goods=False), [GET], GET),
    ("no use beyond the limit", LimitAccount(1), [USE], USE),
]


@pytest.mark.parametrize(("account", "roles", "last"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_limits(account: Account, roles: list[Role], last: Role) -> None:
    part = account.start
    for role in roles:
        step = account.step(part, role)
        assert step is not None
        part = step[0]
    assert account.step(part, last) is None


def test_a_waiting_group_can_close_only_with_enough_units_left() -> None:
    account = GroupAccount((3,), 500, None, 0)
    assert account.can_close((1, -1, 0), (2,))
    assert not account.can_close((1, -1, 0), (1,))
