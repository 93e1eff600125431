"""A cart put together: its store, journal, session, screen, lane and server. Nobody else builds these.

What a cart keeps lies in its folder: `trips/` (journals), `screen.json` (the screen, for a quick start), `purchases`
(what waits to be sent), `shop/` (the books of its embedded shop), `mail/` (receipts where no mail server is named) and
`staff.toml`.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aisle.bootstrap.names import Names
from aisle.cart.checkout import Checkout, Due, Settled
from aisle.cart.config import CartConfig
from aisle.cart.device_watch import DeviceWatch
from aisle.cart.journal import CartJournal
from aisle.cart.live import LiveCart
from aisle.cart.running import SILENCE_NS, RunningCart
from aisle.cart.screen import Screen
from aisle.cart.screen_state import ScreenState
from aisle.cart.session import CartSession
from aisle.cart.shopper import Shopper
from aisle.cart.staff_list import StaffDoor, read_staff
from aisle.cart.syncing import SyncBehind
from aisle.cart.weight_file import WeightFile
from aisle.sensing.cart.readings import CartReading
from aisle.store.model import Store

if TYPE_CHECKING:
    from aisle.bootstrap.cart_shop import Joined
    from aisle.settings import Settings

_log = logging.getLogger(__name__)
Clock = Callable[[], int]
IMAGES, PICTURES = "images", (".jpg", ".jpeg", ".png", ".webp")
SETTLE_NS = 2 * 10**9
CARDS = ("tok_visa", "tok_mastercard", "tok_declined", "tok_insufficient_funds")


@dataclass
class Cart:
    """A cart put together. `close` gives everything back, the last thing opened first."""

    config: CartConfig
    store: Store
    live: LiveCart
    watch: DeviceWatch
    checkout: OpeningCheckout
    clock: Clock
    stack: ExitStack

    def start(self) -> None:
        """Take up a trip that went on, then begin to work; the lane is opened beside."""
        self.live.start()
        self.checkout.start()

    def close(self) -> None:
        """Stop, and give back files and threads."""
        self.live.stop()
        self.checkout.close()
        self.stack.close()


class OpeningCheckout:
    """A checkout that is opened beside the cart's start, so that the screen need not wait for the lane."""

    def __init__(self, opened: Callable[[], Checkout]) -> None:
        self._opened = opened
        self._checkout: Checkout | None = None
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Open it in a thread."""
        threading.Thread(target=self._warm, name="cart-lane-opening", daemon=True).start()

    @property
    def online(self) -> bool:
        """See `Checkout`."""
        return self._checkout is None or self._checkout.online

    def identify(self, code: str, shown_ns: int) -> Shopper | None:
        """See `Checkout`."""
        return self._ready().identify(code, shown_ns)

    def settle(self, due: Due) -> Settled:
        """See `Checkout`."""
        return self._ready().settle(due)

    def _ready(self) -> Checkout:
        with self._lock:
            if self._closed:
                raise RuntimeError("the cart is being shut down: no lane is asked any more")
            if self._checkout is None:
                self._checkout = self._opened()
            return self._checkout

    def close(self) -> None:
        """Open it no more; waits for an opening under way, so that what it opened can be given back."""
        with self._lock:
            self._closed = True

    def _warm(self) -> None:
        try:
            self._ready()
        except Exception:
            if not self._closed:
                _log.exception("the lane could not be opened; it is tried again when somebody pays")


def open_cart(
    config: CartConfig,
    store: Store,
    settings: Settings,
    clock: Clock,
    *,
    told: Callable[[ScreenState], None] | None = None,
    heard: Callable[[CartReading], None] | None = None,
    weighs: bool | None = None,
    silence_ns: int = SILENCE_NS,
    watch: DeviceWatch | None = None,
    shop: Joined | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> Cart:
    """The cart of a config over a store that was loaded. Raises StoreError (staff list), OSError.

    `told` hears of each new screen, `heard` of each reading of a trip; `weighs` says whether there is a scale where the
    config does not. `silence_ns`: see `RunningCart`. `shop` is a served shop the cart has joined.
    """
    ids = Names(clock, random)
    stack = ExitStack()
    folder = config.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    members = read_staff(folder) or read_staff(config.store)
    journal = CartJournal(folder / "trips", config.cart_id, ids(), clock, syncing=SyncBehind)
    stack.callback(journal.close)
    pictures = PictureFolder(config.store / IMAGES)
    screen = Screen(store, pictures.path_on_server)
    has_scale = "scale" in config.devices if weighs is None else weighs

    weights = WeightFile(folder / "weights.json")

    def session(trip_id: str) -> CartSession:
        return CartSession(store, trip_id, config.cart_id, config.session, weighs=has_scale, book=weights.book)

    running = RunningCart(
        config.cart_id,
        screen,
        journal,
        session,
        ids,
        language=config.language,
        heard=heard,
        learn=weights.learn,
        silence_ns=silence_ns,
        settle_ns=SETTLE_NS if has_scale else 0,
    )
    parts = _Parts(config, store, settings, screen, clock, ids, random, stack, shop)
    checkout = OpeningCheckout(lambda: _checkout(parts))
    watching = watch or DeviceWatch(clock())
    live = LiveCart(
        running,
        clock,
        ids,
        watch=watching,
        door=StaffDoor(members, clock),
        checkout=checkout,
        pictures=pictures.find,
        cards=_cards(settings) if shop is None else {},
        told=told,
        last_screen=folder / "screen.json",
        prices_at=_prices_at(shop),
    )
    return Cart(config, store, live, watching, checkout, clock, stack)


class PictureFolder:
    """The pictures of a store folder, the first of each product; looked for when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Path | None] = {}

    def find(self, gtin: str) -> Path | None:
        """A product's picture file, None where there is none."""
        if gtin not in self._known:
            there = self._folder / gtin
            named = sorted(p for p in there.iterdir() if p.suffix.lower() in PICTURES) if there.is_dir() else []
            self._known[gtin] = named[0] if named else None
        return self._known[gtin]

    def path_on_server(self, gtin: str) -> str:
        """Where the cart's server gives it."""
        return f"/v1/pictures/{gtin}" if self.find(gtin) is not None else ""


def _prices_at(shop: Joined | None) -> Clock | None:
    """When the shop last said that the cart's prices are the newest; None where they are a folder of the cart's own."""
    copy = shop.copy if shop is not None else None
    return None if copy is None else lambda: copy.checked_ns


def _cards(settings: Settings) -> dict[str, str]:
    """The sandbox's test cards a guest may choose from; none where real money moves."""
    if settings.payments != "sandbox":
        return {}
    from aisle.commerce.payments.sandbox_cards import TEST_CARDS
    from aisle.commerce.receipts.words import tongue

    brand = tongue("en").brand
    return {token: f"{brand(TEST_CARDS[token].brand)} {TEST_CARDS[token].last4} ({token})" for token in CARDS}


def _checkout(cart: _Parts) -> Checkout:
    """The lane: of a served shop, or of one embedded in this program, whose books lie in the cart's folder."""
    from aisle.bootstrap.cart_lane import LaneCheckout, LaneLink
    from aisle.cart.lane import LanePolicy
    from aisle.cart.purchase_queue import PurchaseQueue

    queue = PurchaseQueue(cart.config.folder / "purchases")
    cart.stack.callback(queue.close)
    if cart.shop is not None:
        from aisle.bootstrap.cart_shop import Errands, HttpReceipts

        link, copy = cart.shop.link, cart.shop.copy
        policy = LanePolicy(offline=cart.config.offline, offline_limit_minor=cart.config.offline_limit_minor)
        checkout = LaneCheckout(link, queue, cart.screen.till, policy, cart.clock, HttpReceipts(link))
        errands: tuple[Callable[[], object], ...] = (checkout.deliver,)
        if copy is not None:
            errands += (lambda: copy.refresh(link, cart.clock()),)
        cart.stack.callback(Errands(errands).stop)
        return checkout
    from aisle.bootstrap.cart_receipts import EmbeddedReceipts
    from aisle.bootstrap.shop import compose, lane_policy_of, secret_of

    var = cart.config.folder / "shop"
    var.mkdir(mode=0o700, exist_ok=True)
    secret = secret_of(var / "secret", cart.random)
    shop = compose(cart.store, var, f"sqlite:///{var / 'visits.db'}", cart.settings, cart.clock, cart.ids, secret)
    cart.stack.callback(shop.close)
    shop.start()
    cart.stack.callback(shop.stop)
    receipts = EmbeddedReceipts(shop.desk, cart.settings, cart.config.folder / "mail")
    policy = lane_policy_of(cart.settings)
    return LaneCheckout(LaneLink(shop.backend.lane), queue, cart.screen.till, policy, cart.clock, receipts)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a lane is opened from, later than the rest."""

    config: CartConfig
    store: Store
    settings: Settings
    screen: Screen
    clock: Clock
    ids: Callable[[], str]
    random: Callable[[int], bytes]
    stack: ExitStack
    shop: Joined | None
