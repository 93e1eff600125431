"""The lane's rules travel with the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.cart.audit import AuditPolicy
from aisle.cart.lane import LanePolicy
from aisle.cart.lane_policy import FILE, policy_in, policy_text


@pytest.mark.parametrize(
    "policy",
    [LanePolicy(), LanePolicy(AuditPolicy(small_minor=0, quiet_g=12.5), "wait", 0)],
    ids=["defaults", "a careful shop"],
)
def test_a_cart_reads_what_the_shop_wrote(policy: LanePolicy, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(policy_text(policy))
    assert policy_in(tmp_path) == policy


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert policy_in(tmp_path) == LanePolicy()


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('offline = "perhaps"\n')
    with pytest.raises(ValueError, match="expected what the shop publishes"):
        policy_in(tmp_path)
