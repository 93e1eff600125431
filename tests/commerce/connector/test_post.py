"""How long a peer asks to be left alone, in every way the header may say it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.connector.post import LONGEST_WAIT_S, Done, Permanent, Reply, TryLater, classify, retry_after_s

NOW = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("120", 120.0), (" 0 ", 0.0), ("9" * 40, LONGEST_WAIT_S), ("", None), ("soon", None), ("-5", None),
        ("Sun, 22 Nov 2026 18:00:30 GMT", 30.0), ("Sun, 22 Nov 2026 17:00:00 GMT", 0.0),
        ("Sunday, 22-Nov-26 18:00:30 GMT", 30.0), ("Mon, 22 Nov 2055 18:00:30 GMT", LONGEST_WAIT_S),
        ("1.5", None), ("٣", None),
    ],
)  # fmt: skip
def test_retry_after(text: str, wait_s: float | None) -> None:
    assert retry_after_s(text, NOW) == wait_s


@given(st.text(max_size=40))
def test_any_retry_after_gives_a_sensible_wait(text: str) -> None:
    assert 0 <= (retry_after_s(text, NOW) or 0) <= LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((200, 201, 202, 204, 299), Done),
        ((408, 421, 423, 425, 429, 500, 502, 503, 504, 507, 599), TryLater),
        ((100, 199, 301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 413, 422, 501, 505), Permanent),
    ],
    ids=["done", "later", "never"],
)
def test_every_status_has_its_answer(statuses: tuple[int, ...], kind: type) -> None:
    assert {type(classify(Reply(status, {}, b""), NOW)) for status in statuses} == {kind}
