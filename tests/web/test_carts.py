"""Smart carts over HTTP: from sign-in to receipt, with the network cut wherever it may be, and two carts at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from aisle.cart.audit_book import CheckResult
from aisle.cart.doubts import Worth
from aisle.cart.errands import Errand, Errands
from aisle.cart.exit import CartExit, Offer, Stage, deliver, offer_of
from aisle.cart.lane import LanePolicy, LaneRequest
from aisle.cart.purchase import Payer
from aisle.cart.purchase_queue import PurchaseQueue
from aisle.cart.shop_link import HttpShopLink, RefusedError, UnreachableError
from aisle.cart.sync import CatalogueCopy, store_texts
from aisle.cart.trip import Choice, Phase, Prompt, PromptKind, Trip, TripLine
from aisle.commerce.connector.post import HttpTransport, Reply
from aisle.commerce.pricing.till import Till
from aisle.store.example import example_store
from aisle.store.folder import write_store
from aisle.web.keys import Role
from web.shop_kit import COLA, MILK, START_NS, WINE, Kit, open_kit

STORE = example_store()
TILL = Till(STORE)
WORTH = Worth(STORE, TILL.book)


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    with open_kit(tmp_path / "shop") as kit:
        yield kit


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """A shop for what leaves nothing behind."""
    with open_kit(tmp_path_factory.mktemp("shared")) as kit:
        yield kit


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()


class Killed(BaseException):
    """The cart's program ends here."""


@dataclass
class Wire:
    """The way to the shop, which can be cut: before a request arrives, or before its answer does."""

    kit: Kit
    cut: Callable[[int], str] = lambda _count: ""
    count: int = 0
    paths: list[str] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self._go(lambda path: self.kit.client.post(path, content=body, headers=dict(headers)), url)

    def get(self, url: str, headers: Mapping[str, str], longest: int) -> Reply:
        return self._go(lambda path: self.kit.client.get(path, headers=dict(headers)), url)

    def _go(self, ask: Callable[[str], Any], url: str) -> Reply:
        self.count += 1
        how = self.cut(self.count)
        if how == "killed before":
            raise Killed
        if how == "before":
            raise UnreachableError("no network")
        path = url.removeprefix("http://localhost")
        self.paths.append(path)
        answer = ask(path)
        if how == "killed after":
            raise Killed
        if how == "after":
            raise UnreachableError("the answer was lost")
        return Reply(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, answer.content)


@dataclass
class Cart:
    """A cart with its queue, at the end of a wire."""

    kit: Kit
    folder: Path
    wire: Wire
    unlocked: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    policy: LanePolicy = field(default_factory=LanePolicy)

    def __post_init__(self) -> None:
        key = self.kit.keys[Role.DEVICE]
        self.link = HttpShopLink("http://localhost", key, self.wire, self.wire)
        self.start()

    def start(self) -> None:
        self.queue = PurchaseQueue(self.folder / "purchases.queue")
        self.exit = CartExit(
            self.link, self.queue, self.policy, self.kit.clock, unlock=self.unlocked.append, call=self.calls.append
        )

    def wait(self, seconds: float) -> None:
        """Time passes, and the cart looks at what is due."""
        for _ in range(round(seconds * 2)):
            self.kit.clock.pass_s(0.5)
            self.exit.beat()

    def offer(self, trip: Trip, payer: Payer) -> Offer:
        return offer_of(trip, "lane-1", payer, TILL, WORTH, self.kit.clock())


@pytest.fixture
def cart(kit: Kit, tmp_path: Path) -> Cart:
    return Cart(kit, tmp_path / "cart", Wire(kit))


def taken(gtin: str, quantity: int = 1, **more: Any) -> TripLine:
    more = {"probability": 1.0, "taken_at_ns": START_NS - 60 * 10**9, **more}
    return TripLine(more.pop("line_id", gtin), gtin, quantity, **more)


def trip(*lines: TripLine, trip_id: str = "trip-1", **more: Any) -> Trip:
    goods = lines or (taken(MILK, 2), taken(COLA))
    return Trip(trip_id, "cart-7", Phase.PAYING, START_NS - 900 * 10**9, START_NS, goods, **more)


CARD = Payer(card_token="tok_visa/x")


def charged(kit: Kit) -> list[tuple[str, int, int]]:
    """Visits with goods: how they stand, what was charged, what was captured."""
    kit.work()
    return [(v.state, v.total_minor, v.paid_minor) for v in kit.shop.desk.visits(limit=100) if v.lines]


def captured(kit: Kit) -> int:
    return sum(hold.captured.minor for hold in kit.shop.provider.holds(0))


def test_from_sign_in_to_receipt(kit: Kit, cart: Cart) -> None:
    customer_id, phone = kit.customer()
    shopper = cart.link.sign_in(kit.code(customer_id, phone), kit.clock())
    assert (shopper.customer_id, shopper.name, shopper.card, shopper.owes) == (customer_id, "Mira", True, False)
    state = cart.exit.offer(cart.offer(trip(), Payer(customer_id)))
    assert (state.stage, cart.unlocked, cart.queue.waiting()) == (Stage.GONE, ["trip-1"], ())
    assert state.merged is not None and state.decision is not None
    kit.work()
    receipt = kit.ask(phone, "GET", f"/v1/visits/{state.merged.visit_id}/receipt").json()
    assert receipt["status"] == "final"
    assert receipt["priced"]["total_minor"] == state.decision.total_minor == state.merged.paid_minor
    told = kit.ask(Role.DEVICE, "GET", "/v1/carts/purchases/trip-1").json()
    assert (told["state"], told["paid_minor"]) == ("settled", state.merged.paid_minor)


def test_a_code_signs_in_once(kit: Kit, cart: Cart) -> None:
    code = kit.code(*kit.customer())
    cart.link.sign_in(code, kit.clock())
    with pytest.raises(RefusedError) as refusal:
        cart.link.sign_in(code, kit.clock())
    assert (refusal.value.status, refusal.value.code) == (409, "code_replayed")


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("place", [1, 2])
def test_cut_in_the_middle_of_any_request_it_is_paid_once(how: str, place: int, kit: Kit, cart: Cart) -> None:
    cart.wire.cut = lambda count: how if count == place else ""
    cart.exit.offer(cart.offer(trip(), CARD))
    assert cart.unlocked == []
    cart.wait(2)
    assert (cart.exit.state.stage, cart.unlocked) == (Stage.GONE, ["trip-1"])
    [(state, total, paid)] = charged(kit)
    assert (state, paid, captured(kit)) == ("settled", total, total)


@pytest.mark.parametrize("how", ["before", "after"])
@pytest.mark.parametrize("first", [1, 2], ids=["before the lane was asked", "while it was paid"])
def test_an_hour_without_network(how: str, first: int, kit: Kit, cart: Cart) -> None:
    cart.wire.cut = lambda count: how if count >= first else ""
    cart.exit.offer(cart.offer(trip(), CARD))
    cart.wait(12)
    assert (cart.exit.state.stage, cart.exit.state.trusted, cart.unlocked) == (Stage.GONE, True, ["trip-1"])
    assert [purchase.trusted for purchase in cart.queue.waiting()] == [True]
    assert deliver(cart.link, cart.queue) == 0
    kit.clock.pass_s(3600)
    cart.start()
    cart.wire.cut = lambda _count: ""
    assert (deliver(cart.link, cart.queue), deliver(cart.link, cart.queue)) == (1, 0)
    assert cart.queue.for_people() == ()
    [(state, total, paid)] = charged(kit)
    assert (state, paid, captured(kit)) == ("settled", total, total)


@pytest.mark.parametrize("how", ["killed before", "killed after"])
@pytest.mark.parametrize("place", [1, 2], ids=["asking the lane", "paying"])
@pytest.mark.parametrize("network", [True, False], ids=["", "and then no network"])
def test_killed_at_any_moment_it_is_paid_once(network: bool, place: int, how: str, kit: Kit, cart: Cart) -> None:
    cart.wire.cut = lambda count: how if count == place else ""
    with pytest.raises(Killed):
        cart.exit.offer(cart.offer(trip(), CARD))
    kit.clock.pass_s(3)
    cart.start()
    cart.wire.cut = lambda _count: "" if network else "before"
    cart.exit.resume(cart.offer(trip(), Payer()))
    cart.exit.offer(cart.offer(trip(), CARD))
    cart.wait(12)
    assert (cart.exit.state.stage, cart.unlocked) == (Stage.GONE, ["trip-1"])
    cart.wire.cut = lambda _count: ""
    deliver(cart.link, cart.queue)
    [(state, total, paid)] = charged(kit)
    assert (state, paid, captured(kit), cart.queue.waiting()) == ("settled", total, total, ())


def test_killed_as_it_unlocks_it_unlocks_again(kit: Kit, cart: Cart) -> None:
    def killed(_trip_id: str) -> None:
        raise Killed

    cart.exit._unlock = killed
    with pytest.raises(Killed):
        cart.exit.offer(cart.offer(trip(), CARD))
    cart.start()
    assert cart.exit.resume(cart.offer(trip(), Payer())).stage is Stage.GONE
    assert (cart.unlocked, len(charged(kit))) == (["trip-1"], 1)


def test_errands_are_done_when_the_network_is_back(kit: Kit, cart: Cart, tmp_path: Path) -> None:
    kit.shop.backend.catalogue.publish({"products.csv": b"gtin\n"})
    cart.wire.cut = lambda _count: "before"
    cart.exit.offer(cart.offer(trip(), CARD))
    cart.wait(12)
    rounds: list[Errand] = []
    heard = threading.Event()

    def told(errand: Errand) -> None:
        rounds.append(errand)
        heard.set()

    copy = CatalogueCopy(tmp_path / "copy")
    errands = Errands(cart.link, cart.queue, kit.clock, copy, pause_s=60.0, told=told)
    assert errands.run_once() == Errand(0, 1, 0, "no network")
    cart.wire.cut = lambda _count: ""
    errands.start()
    assert heard.wait(10)
    errands.stop()
    assert (rounds, copy.version) == ([Errand(1, 0, 0)], kit.shop.backend.catalogue.version)
    assert len(charged(kit)) == 1


def test_a_program_killed_while_it_pays_goes_on_where_it_was(kit: Kit, cart: Cart) -> None:
    cart.wire.cut = lambda count: "after" if count == 2 else ""
    offer = cart.offer(trip(), CARD)
    cart.exit.offer(offer)
    cart.start()
    kit.clock.pass_s(30)
    state = cart.exit.resume(cart.offer(trip(), Payer()))
    assert (state.stage, cart.unlocked) == (Stage.GONE, ["trip-1"])
    assert len(charged(kit)) == 1
    cart.start()
    assert cart.exit.resume(offer).stage is Stage.GONE


def test_what_may_not_leave_on_trust_waits_until_a_person_lets_it_go(kit: Kit, cart: Cart) -> None:
    cart.wire.cut = lambda _count: "before"
    cart.exit.offer(cart.offer(trip(taken(WINE, 12)), CARD))
    cart.wait(12)
    assert (cart.exit.state.stage, cart.unlocked, len(cart.calls)) == (Stage.WAITING, [], 1)
    cart.exit.let_go("kim")
    assert cart.unlocked == ["trip-1"]
    cart.wire.cut = lambda _count: ""
    assert deliver(cart.link, cart.queue) == 1
    assert len(charged(kit)) == 1


def test_a_refused_card_and_then_another(kit: Kit, cart: Cart) -> None:
    cart.exit.offer(cart.offer(trip(), Payer(card_token="tok_declined/a")))
    assert (cart.exit.state.stage, cart.unlocked) == (Stage.REFUSED, [])
    cart.exit.offer(cart.offer(trip(), CARD))
    assert (cart.exit.state.stage, cart.unlocked) == (Stage.GONE, ["trip-1"])
    assert [state for state, _, _ in charged(kit)] == ["settled"]


def test_a_refused_card_and_then_no_network(kit: Kit, cart: Cart) -> None:
    cart.exit.offer(cart.offer(trip(), Payer(card_token="tok_declined/a")))
    cart.wire.cut = lambda _count: "before"
    cart.exit.offer(cart.offer(trip(), CARD))
    cart.wait(12)
    cart.wire.cut = lambda _count: ""
    assert (cart.unlocked, deliver(cart.link, cart.queue)) == (["trip-1"], 1)
    assert [state for state, _, _ in charged(kit)] == ["settled"]


def test_without_a_payer_it_asks_for_one(kit: Kit, cart: Cart) -> None:
    assert cart.exit.offer(cart.offer(trip(), Payer())).stage is Stage.NEEDS_PAYER
    assert cart.exit.offer(cart.offer(trip(), CARD)).stage is Stage.GONE


def test_an_empty_cart_rolls_out(kit: Kit, cart: Cart) -> None:
    empty = Trip("trip-1", "cart-7", Phase.PAYING, START_NS, START_NS)
    assert cart.exit.offer(cart.offer(empty, Payer())).stage is Stage.GONE
    assert (cart.unlocked, cart.wire.count) == (["trip-1"], 0)


ASKED = Prompt("p", PromptKind.CHOOSE_ITEM, START_NS, options=(Choice(WINE, 1, 0.5), Choice(MILK, 1, 0.5)))


def test_one_question_and_then_it_may_go(kit: Kit, cart: Cart) -> None:
    for _ in range(3):  # the same question, however often the lane is asked
        state = cart.exit.offer(cart.offer(trip(prompts=(ASKED,)), CARD))
        assert (state.stage, state.decision and state.decision.prompt_id) == (Stage.QUESTION, "p")
    cleared = Prompt("p", PromptKind.CHOOSE_ITEM, START_NS, cleared_ns=START_NS, answer=MILK)
    assert cart.exit.offer(cart.offer(trip(prompts=(cleared,)), CARD)).stage is Stage.GONE


def test_a_check_and_then_it_may_go(kit: Kit, cart: Cart) -> None:
    doubtful = trip(faults=("the scale is stuck",))
    state = cart.exit.offer(cart.offer(doubtful, CARD))
    assert state.decision is not None
    assert (state.stage, state.decision.check, len(state.decision.pieces)) == (Stage.STAFF, "sight", 3)
    corrected = trip(taken(MILK, 2), taken(COLA), taken(WINE), faults=doubtful.faults)
    result = CheckResult(
        "c1", "trip-1", "kim", "sight", kit.clock() + 10**9, kit.clock() + 20 * 10**9, {MILK: 2, COLA: 1, WINE: 1},
        minor=999,
    )  # fmt: skip
    assert cart.exit.checked(result, cart.offer(corrected, CARD)).stage is Stage.GONE
    report = kit.ask(Role.ASSOCIATE, "GET", "/v1/carts/audits").json()
    assert (report["checked"], report["prevented_minor"], report["waited"]["15"]) == (1, 999, 1)
    assert [rule["rule"] for rule in report["rules"]] == ["checked", "fault"]


def test_goods_that_need_a_person_are_named(kit: Kit, cart: Cart) -> None:
    state = cart.exit.offer(cart.offer(trip(taken(WINE), flags=frozenset({"age"})), CARD))
    assert state.decision is not None
    named = [(person.duty, person.gtin, person.minimum_age > 0) for person in state.decision.persons]
    assert (state.stage, named, cart.unlocked) == (Stage.STAFF, [("age", WINE, True)], [])
    assert cart.exit.offer(cart.offer(trip(taken(WINE)), CARD)).stage is Stage.GONE


def test_two_carts_at_once(kit: Kit, tmp_path: Path) -> None:
    with served(kit) as url:
        key = kit.keys[Role.DEVICE]
        outcomes: list[str] = []

        def roll(number: int) -> None:
            link = HttpShopLink(url, key)
            queue = PurchaseQueue(tmp_path / f"cart-{number}" / "queue")
            cart = CartExit(link, queue, LanePolicy(), kit.clock, unlock=outcomes.append, call=outcomes.append)
            given = trip(taken(MILK, 2), taken(COLA, number + 1), trip_id=f"trip-{number}")
            offer = offer_of(given, "lane-1", Payer(card_token=f"tok_visa/{number}"), TILL, WORTH, kit.clock())
            cart.offer(offer)

        threads = [threading.Thread(target=roll, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == [f"trip-{number}" for number in range(4)]
    assert sum(total for _, total, _ in charged(kit)) == captured(kit)
    assert len(charged(kit)) == 4


@contextmanager
def served(kit: Kit) -> Iterator[str]:
    """The shop's API on a port of this machine."""
    import uvicorn

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(kit.client.app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_a_reader_says_at_which_lane_a_cart_stands(kit: Kit, cart: Cart) -> None:
    assert cart.link.at_lane("cart 7") == ""
    seen = [kit.ask(Role.DEVICE, "PUT", "/v1/carts/cart%207/lane", {"lane_id": name}) for name in ("lane-1", "lane-2")]
    assert ({answer.status_code for answer in seen}, cart.link.at_lane("cart 7")) == ({204}, "lane-2")
    assert cart.link.at_lane("cart-8") == ""
    kit.clock.pass_s(16)
    assert cart.link.at_lane("cart 7") == ""


def test_the_catalogue_over_http(kit: Kit, cart: Cart, tmp_path: Path) -> None:
    write_store(STORE, tmp_path / "store")
    copy = CatalogueCopy(tmp_path / "copy")
    with pytest.raises(RefusedError, match="published no catalogue"):
        copy.update(cart.link, kit.clock())
    kit.shop.backend.catalogue.publish(store_texts(tmp_path / "store"))
    assert (copy.update(cart.link, kit.clock()), copy.update(cart.link, kit.clock())) == (True, False)
    assert copy.version == kit.shop.backend.catalogue.version
    assert cart.wire.paths[-1] == f"/v1/carts/catalogue?since={copy.version}"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"trip_id": "a/b"}, "/trip_id"),
        ({"currency": "euros"}, "/currency"),
        ({"attempt": -1}, "/attempt"),
        ({"lines": [{"line_id": "a"}]}, "/lines/0/gtin"),
        ({"payer": {"customer": "x"}}, "/payer/customer"),
        ({"wrong": 1}, "/wrong"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_purchase_that_makes_no_sense_is_told_by_field(change: dict[str, Any], pointer: str, shared: Kit) -> None:
    purchase = offer_of(trip(), "lane-1", CARD, TILL, WORTH, START_NS).purchase
    answer = shared.ask(Role.DEVICE, "POST", "/v1/carts/purchases", {**msgspec.to_builtins(purchase), **change})
    assert (answer.status_code, answer.json()["faults"][0]["pointer"]) == (422, pointer)


def test_only_carts_buy_and_only_people_read_reports(shared: Kit) -> None:
    body = msgspec.to_builtins(offer_of(trip(), "lane-1", CARD, TILL, WORTH, START_NS).purchase)
    assert shared.ask(Role.ASSOCIATE, "POST", "/v1/carts/purchases", body).status_code == 403
    assert shared.ask(Role.DEVICE, "GET", "/v1/carts/audits").status_code == 403
    assert shared.ask(Role.DEVICE, "GET", "/v1/carts/purchases/nobody").status_code == 404


def test_what_a_cart_says_comes_over_as_it_was() -> None:
    from aisle.web.cart_requests import LaneAsking, Purchasing

    given = trip(taken(MILK, 2, proven_quantity=1, label_minor=90), prompts=(ASKED,), flags=frozenset({"age", "help"}))
    offer = offer_of(given, "lane-1", CARD, TILL, WORTH, START_NS)
    request = msgspec.json.decode(msgspec.json.encode(offer.request), type=LaneRequest)
    assert LaneAsking.model_validate_json(msgspec.json.encode(offer.request)).told() == request == offer.request
    purchase = replace(offer.purchase, prompts=offer.purchase.prompts)
    assert Purchasing.model_validate_json(msgspec.json.encode(purchase)).told() == purchase


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(503, {}, b""), UnreachableError),
        (Reply(200, {}, b'{"trip_id": "t'), UnreachableError),
        (Reply(401, {}, b'{"type": "urn:aisle:problem:unauthenticated", "detail": "Who asks?"}'), RefusedError),
        (Reply(400, {}, b"<html>"), RefusedError),
    ],
    ids=["busy", "an answer cut short", "a problem", "no problem document"],
)
def test_what_an_answer_means(reply: Reply, error: type[Exception]) -> None:
    class Fixed:
        def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
            return reply

        def get(self, url: str, headers: Mapping[str, str], longest: int) -> Reply:
            return reply

    with pytest.raises(error):
        HttpShopLink("http://localhost", "key", Fixed(), Fixed()).lane(LaneRequest("l", trip()))


def test_a_key_does_not_travel_in_the_clear() -> None:
    with pytest.raises(ValueError, match="found the address"):
        HttpShopLink("http://shop.example", "key")
    assert "key-7" not in repr(HttpShopLink("https://shop.example", "key-7", HttpTransport()))
