"""Bodies that are too long are refused before anybody keeps them, whoever sends them and however."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.web.bodies import LARGEST_BODY
from web.shop_kit import Kit, open_kit


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    with open_kit(tmp_path) as kit:
        yield kit


def in_parts() -> Iterator[bytes]:
    """More than is allowed, without saying so before."""
    yield from (b"x" * 65_536 for _ in range(LARGEST_BODY // 65_536 + 1))


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/order/purchases", "/v1/webhooks/payments"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in parts"])
def test_a_body_longer_than_any_is_refused(announced: bool, path: str, kit: Kit) -> None:
    operator = {"Authorization": f"Bearer {max(kit.keys.values(), key=lambda key: 'operator' in key)}"}
    answer = kit.client.post(path, content=b"x" * (LARGEST_BODY + 1) if announced else in_parts(), headers=operator)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_just_not_too_long_is_read(kit: Kit) -> None:
    assert kit.client.post("/v1/webhooks/payments", content=b"x" * 200_000).status_code == 403
