"""Two people who may have been mistaken for each other: receipts stay as unsure as that, and evidence decides."""

from __future__ import annotations

import pytest

from aisle.belief.draft import Act, Draft
from aisle.belief.exchanges import Exchange, behind, entangled, renamed
from aisle.belief.snapshot import restore, snapshot
from aisle.belief.state import AS_TRACKED, CROSSED, Exchanged
from aisle.vision.evidence import IdentityDoubt
from belief.shop_kit import Shop, small_shop

AB, BC = Exchange(0, 10.0, "a", "b"), Exchange(1, 20.0, "b", "c")


@pytest.mark.parametrize(
    ("bodies", "t_s", "numbers", "people"),
    [
        pytest.param("a", 5.0, [], {"a"}, id="before any doubt"),
        pytest.param("a", 15.0, [0], {"a", "b"}, id="after the first"),
        pytest.param("a", 25.0, [0], {"a", "b"}, id="the second touches others"),
        pytest.param("c", 25.0, [0, 1], {"a", "b", "c"}, id="through both"),
        pytest.param("d", 25.0, [], {"d"}, id="somebody else"),
    ],
)
def test_who_may_be_behind(bodies: str, t_s: float, numbers: list[int], people: set[str]) -> None:
    exchanges, who = entangled([AB, BC], bodies, t_s)
    assert ([x.number for x in exchanges], who) == (numbers, people)


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        pytest.param(AS_TRACKED, AS_TRACKED, {}, id="neither"),
        pytest.param(CROSSED, AS_TRACKED, {"a": "b", "b": "a"}, id="the first"),
        pytest.param(AS_TRACKED, CROSSED, {"b": "c", "c": "b"}, id="the second"),
        pytest.param(CROSSED, CROSSED, {"a": "b", "b": "c", "c": "a"}, id="both, one after the other"),
    ],
)
def test_behind_each_body(first: Exchanged, second: Exchanged, names: dict[str, str]) -> None:
    assert behind([AB, BC], {AB.key: 0, BC.key: 1}, (first, second)) == names


def test_acts_are_told_of_persons() -> None:
    d = renamed(Draft(0.0, (Act("a", -1, "tea", 1, "facing"), Act("c", 1, None, 1, "home"))), {"a": "b", "b": "a"})
    assert [a.who for a in d.acts] == ["b", "c"]


def doubted(probability: float) -> Shop:
    """Anna holds soap, bob rice; then their tracks may have been exchanged."""
    shop = Shop(small_shop())
    shop.stand("bob", "oil")
    shop.takes("anna", "soap")
    shop.takes("bob", "oil")
    shop.engine.see(IdentityDoubt(shop.t_ns, "anna", "bob", probability))
    return shop


def test_what_is_taken_afterwards_is_as_doubtful_as_the_track() -> None:
    shop = doubted(0.3)
    shop.takes("anna", "honey")
    anna = dict(shop.engine.posterior("anna").baskets)
    bob = dict(shop.engine.posterior("bob").baskets)
    assert anna["honey", "soap"] == pytest.approx(0.7, abs=0.03)
    assert anna[("soap",)] == pytest.approx(0.3, abs=0.03)
    assert bob["honey", "oil"] == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize(
    ("puts", "anna", "bob"),
    [
        pytest.param("soap", ("honey",), ("oil",), id="only anna held soap: it is still she"),
        pytest.param("oil", ("soap",), ("honey",), id="only bob held oil: they were exchanged"),
    ],
)
def test_what_only_one_can_put_back_decides(puts: str, anna: tuple[str, ...], bob: tuple[str, ...]) -> None:
    shop = doubted(0.4)
    shop.takes("anna", "honey")
    shop.puts("anna", puts)
    assert (shop.basket("anna"), shop.basket("bob")) == (anna, bob)
    assert min(shop.sure("anna"), shop.sure("bob")) > 0.9


def test_a_doubt_without_acts_costs_nothing() -> None:
    shop = doubted(0.3)
    assert (shop.basket("anna"), shop.basket("bob")) == (("soap",), ("oil",))
    assert min(shop.sure("anna"), shop.sure("bob")) > 0.95


def test_doubts_survive_a_restart_and_end_with_the_visits() -> None:
    shop = doubted(0.3)
    shop.takes("anna", "honey")
    again = restore(snapshot(shop.engine), shop.store)
    assert snapshot(again) == snapshot(shop.engine)
    again.close("anna")
    assert again.exchanges
    again.close("bob")
    assert not again.exchanges
    assert all(k[0] == "s" for g in again.groups for k in g.keys)


def test_doubt_about_staff_makes_the_shopper_less_sure() -> None:
    shop = Shop(small_shop(staff=frozenset({"bob"})))
    shop.stand("bob", "oil")
    shop.takes("anna", "soap")
    shop.engine.see(IdentityDoubt(shop.t_ns, "anna", "bob", 0.25))
    assert shop.engine.people.identities.confidence["anna"] == pytest.approx(0.75)
