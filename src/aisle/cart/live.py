"""A cart while it runs: devices, screen and lane in threads of their own, one queue, one core that works it off.

Everybody may call everything here; what changes the trip waits its turn in the queue, so that a trip has one order of
events, the one in its journal. Whoever watches the screen is told each new revision.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from aisle.cart.checkout import Checkout, Due, Settled
from aisle.cart.device_watch import DeviceState, DeviceWatch
from aisle.cart.running import RefusedError, RunningCart
from aisle.cart.screen import Connection
from aisle.cart.screen_state import ScreenState, Tile
from aisle.cart.shopper import Shopper
from aisle.cart.speech import speech
from aisle.cart.staff import StaffAct
from aisle.cart.staff_list import Member, StaffDoor, badge
from aisle.cart.tiles import TileIndex
from aisle.cart.trip import Phase
from aisle.commerce.receipts.words import plain
from aisle.sensing.cart.readings import CartReading, ScanReading, TapReading
from aisle.visits.hub import Hub, Subscription

_log = logging.getLogger(__name__)
T = TypeVar("T")
BEAT_S = 0.25
RETRY_NS = 2 * 10**9
PATIENCE_S = 10.0  # for the core to answer
RESUMES_WITHIN_S = 60.0  # a trip that went on for hours
MOST_AT_ONCE = 64  # entries of the queue between two looks at the screen
WATCHING = "screen"
_ENTRY_CODE = "A1."


@dataclass(frozen=True, slots=True)
class CartCondition:
    """How the cart does: its phase, its devices, how long the queue is, what the disk or the core complained of."""

    phase: Phase
    devices: tuple[DeviceState, ...]
    waiting: int
    trouble: str


class LiveCart:
    """One running cart. `start` and `stop` it; everything else may be called from any thread in between."""

    def __init__(
        self,
        cart: RunningCart,
        clock: Callable[[], int],
        ids: Callable[[], str],
        *,
        watch: DeviceWatch,
        door: StaffDoor,
        checkout: Checkout,
        tiles: TileIndex | None = None,
        pictures: Callable[[str], Path | None] = lambda gtin: None,
        cards: dict[str, str] | None = None,
        told: Callable[[ScreenState], None] | None = None,
        last_screen: Path | None = None,
        prices_at: Callable[[], int] | None = None,
    ) -> None:
        """`cards`: what a guest may pay with (token -> name); `told` hears of each new screen, in the core's thread.

        `last_screen` is a file that keeps the screen of a trip, so that after a kill it is there before the journal has
        been folded; touches and readings wait for that. `prices_at` says when prices were last known to be new.
        """
        self.watch = watch
        self.cards = cards or {}
        self._cart, self._clock, self._ids = cart, clock, ids
        self._door, self._checkout, self._pictures, self._told = door, checkout, pictures, told
        self._door_lock = threading.Lock()
        self._tiles = tiles or TileIndex(cart.screen.store.products.values())
        self._queue: queue.SimpleQueue[CartReading | Callable[[], None]] = queue.SimpleQueue()
        self._hub = Hub()
        self._over = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="cart-core", daemon=True)
        self._lane = ThreadPoolExecutor(1, "cart-lane")
        self._asked = False
        self._retry: tuple[int, Due] | None = None
        self._trouble = ""
        self._online = True
        now_ns = clock()
        self._prices_at = prices_at or (lambda: now_ns)
        self._last_screen = last_screen
        self._state = self._kept() or cart.state(now_ns, now_ns // 1_000_000)  # revisions grow over restarts

    # ------------------------------------------------------------ life
    def start(self) -> None:
        """Begin to work; a trip that went on is taken up first, by the core."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued and stop; the trip stays in its journal."""
        self._over.set()
        self._queue.put(lambda: None)
        if self._thread.is_alive():
            self._thread.join(PATIENCE_S)
        self._lane.shutdown(wait=True, cancel_futures=True)

    # ------------------------------------------------------------ what it shows
    @property
    def screen(self) -> ScreenState:
        """The screen as it is now."""
        return self._state

    def subscribe(self, after_revision: int = -1) -> Subscription:
        """Watch the screen from a revision on; `close` the subscription in the end."""
        subscription = self._hub.subscribe(WATCHING, after_revision)
        subscription.tell(self._state.revision)
        return subscription

    @property
    def waiting(self) -> int:
        """How much the core has still to work off."""
        return self._queue.qsize()

    def health(self) -> CartCondition:
        """How it does."""
        return CartCondition(self._cart.phase, self.watch.states(self._clock()), self._queue.qsize(), self._trouble)

    def tiles(self, typed: str, most: int = 24) -> tuple[Tile, ...]:
        """Products found by what was typed, ready to be shown; the camera's guesses first."""
        state = self._state
        words = speech(state.language)
        likely = {
            tile.value.partition("*")[0]: 1.0 / place
            for question in state.questions
            for place, tile in enumerate(question.answers, start=1)
        }
        now_ns, screen = self._clock(), self._cart.screen
        return tuple(
            Tile(
                product.gtin,
                plain(product.name),
                screen.price_text(product, words, now_ns),
                screen.picture(product.gtin),
                product.gtin in likely,
            )
            for product in self._tiles.find(typed, likely=likely, most=most)
        )

    def picture(self, gtin: str) -> Path | None:
        """A product's picture file, None where there is none."""
        return self._pictures(gtin) if gtin in self._cart.screen.store.products else None

    # ------------------------------------------------------------ what is done with it
    def put(self, reading: CartReading) -> None:
        """A device's reading; it is worked off when its turn comes."""
        self._queue.put(reading)

    def sign_in(self, shopper: Shopper, language: str = "") -> ScreenState:
        """A shopper begins; whose phone's code it is, is asked beside. Raises RefusedError."""

        def begin() -> None:
            self._begin(shopper, language, self._clock())

        return self._ask(begin)

    def touch(self, tap: str, value: object = None) -> ScreenState:
        """A touch on the screen. Raises RefusedError."""
        now_ns = self._clock()
        return self._ask(lambda: self._cart.touch(TapReading(now_ns, now_ns, tap, value)))

    def pay_with(self, card_token: str, email: str | None = None) -> ScreenState:
        """Another card, or another address for the receipt; a trip being paid is tried again. Raises RefusedError."""

        def change() -> None:
            if card_token and card_token not in self.cards:
                raise RefusedError("card_unknown", "This card cannot be used here.", card_token[:40], "a listed card")
            shopper = self._cart.shopper
            changed = msgspec.structs.replace(
                shopper,
                card_token=card_token or shopper.card_token,
                email=shopper.email if email is None else email,
            )
            self._cart.known_as(changed, self._clock())
            self._cart.pay_again(self._clock())

        return self._ask(change)

    def leave(self) -> ScreenState:
        """The shopper has seen the receipt. Raises RefusedError."""
        return self._ask(lambda: self._cart.leave(self._clock()))

    # ------------------------------------------------------------ staff
    def staff_sign_in(self, number: str, secret: str) -> tuple[Member, str] | None:
        """See `StaffDoor.sign_in`. Raises LockedError."""
        with self._door_lock:
            found = self._door.sign_in(number, secret)
        if found is not None:
            self._ask(lambda: self._cart.signed_in_staff(found[0].name))
        return found

    def staff_sign_out(self) -> ScreenState:
        """Nobody of the staff is at the cart any more."""
        with self._door_lock:
            self._door.sign_out()
        return self._ask(lambda: self._cart.signed_in_staff(""))

    def staff_member(self, token: str) -> Member | None:
        """Who is signed in with this token."""
        with self._door_lock:
            return self._door.member(token)

    def act(self, act: StaffAct) -> ScreenState:
        """What a member of staff puts right. Raises StaffActError, RefusedError."""
        stamped = msgspec.structs.replace(act, act_id=act.act_id or self._ids(), t_ns=self._clock())
        return self._ask(lambda: self._cart.act(stamped))

    # ------------------------------------------------------------ the core
    def _ask(self, what: Callable[[], object]) -> ScreenState:
        """Let the core do something in its turn; the screen after it."""
        answer: Future[None] = Future()

        def work() -> None:
            try:
                what()
                self._look()
            except BaseException as error:
                answer.set_exception(error)
            else:
                answer.set_result(None)

        if self._over.is_set():
            raise RefusedError("cart_stopping", "This cart is being shut down.", "a stop", "a running cart")
        self._queue.put(work)
        self._ready.wait(RESUMES_WITHIN_S)
        answer.result(PATIENCE_S)
        return self._state

    def _serve(self) -> None:
        self._resume()
        while not self._over.is_set():
            try:
                changed = self._work()
                changed = self._beat() or changed
                self._trouble = ""
            except Exception as error:  # a full disk must not take the screen away: it is told, and tried again
                _log.exception("the cart's core met a fault")
                self._trouble, changed = f"{type(error).__name__}: {error}", True
            if changed:
                self._look()
            self._pass_on()

    def _resume(self) -> None:
        """Fold the journal of a trip that went on when the program ended."""
        try:
            self._cart.resume()
        except Exception as error:
            _log.exception("the trip that went on cannot be taken up")
            self._trouble = f"{type(error).__name__}: {error}"
        self._look()
        self._ready.set()

    def _kept(self) -> ScreenState | None:
        """The screen of the trip that went on when the program ended, as it was last shown."""
        try:
            content = self._last_screen.read_bytes() if self._last_screen is not None else b""
            state = msgspec.json.decode(content, type=ScreenState)
        except (OSError, msgspec.MsgspecError):
            return None
        if state.trip_id != self._cart.going_on:
            return None
        return msgspec.structs.replace(state, revision=state.revision + 1, staff=None)

    def _keep(self, state: ScreenState) -> None:
        if self._last_screen is None or state.phase not in (Phase.SHOPPING, Phase.PAYING):
            return
        draft = self._last_screen.with_suffix(".draft")
        try:
            draft.write_bytes(msgspec.json.encode(state))
            draft.replace(self._last_screen)
        except OSError as error:  # it is only a convenience: the journal holds the trip
            _log.warning("the screen could not be kept: %s", error)

    def _work(self) -> bool:
        """What waits in the queue, up to so many entries; whether the screen may have changed."""
        changed = False
        for turn in range(MOST_AT_ONCE):
            try:
                entry = self._queue.get(timeout=BEAT_S) if turn == 0 else self._queue.get_nowait()
            except queue.Empty:
                break
            if callable(entry):
                entry()
            elif isinstance(entry, ScanReading) and self._spoken_for(entry):
                changed = True
            else:
                changed = self._cart.feed(entry) or changed
        return changed

    def _beat(self) -> bool:
        now_ns = self._clock()
        changed = self._cart.devices(self.watch.faults(now_ns))
        with self._door_lock:
            present = self._door.present
        if present is None and self._state.staff is not None:
            self._cart.signed_in_staff("")
            changed = True
        if self._checkout.online != self._online:
            self._online = self._checkout.online
            changed = self._cart.connected(Connection(self._online, self._prices_at())) or changed
        if not self._queue.empty():  # while readings wait, what they say comes before what the clock says
            return changed
        return self._cart.beat(now_ns) or changed

    def _spoken_for(self, scan: ScanReading) -> bool:
        """Codes that are no goods: a phone's entry code while the cart is free, a badge at any time."""
        if scan.code.startswith(_ENTRY_CODE):
            if self._cart.phase is Phase.IDLE:
                self._begin(Shopper(code=scan.code), "", scan.t_ns)
            return True
        shown = badge(scan.code)
        if shown is None:
            return False
        threading.Thread(target=self._badged, args=shown, name="cart-badge", daemon=True).start()
        return True

    def _begin(self, shopper: Shopper, language: str, now_ns: int) -> None:
        trip_id = self._cart.sign_in(shopper, language, now_ns)
        if shopper.code:
            self._lane.submit(self._identify, trip_id, shopper.code, now_ns)

    def _identify(self, trip_id: str, code: str, shown_ns: int) -> None:
        """In the lane's thread: who this is; the core is told in its turn."""
        known = self._checkout.identify(code, shown_ns)

        def tell() -> None:
            if known is not None and self._state.trip_id == trip_id:
                self._cart.known_as(known, self._clock())
                self._look()

        self._queue.put(tell)

    def _badged(self, number: str, secret: str) -> None:
        try:
            self.staff_sign_in(number, secret)
        except Exception as error:  # a locked door: the next badge is looked at later
            _log.warning("a badge was not taken: %s", error)

    def _pass_on(self) -> None:
        """Ask the lane, in its own thread, about a trip that wants to be paid."""
        if self._retry is not None and self._clock() >= self._retry[0] and self._cart.phase is Phase.PAYING:
            self._cart.due, self._retry = self._cart.due or self._retry[1], None
        due = self._cart.due
        if due is None or self._asked:
            return
        self._cart.due, self._asked, self._retry = None, True, None
        self._lane.submit(self._checkout.settle, due).add_done_callback(
            lambda done: self._queue.put(lambda: self._settled(due, done))
        )

    def _settled(self, due: Due, done: Future[Settled]) -> None:
        self._asked = False
        try:
            told = done.result()
        except Exception:
            _log.exception("the lane could not be asked")
            told = Settled("later")
        if told.outcome == "later":
            self._retry = (self._clock() + RETRY_NS, due)
        self._cart.settled(due, told, self._clock())
        self._look()

    def _look(self) -> None:
        """Make the screen anew, and tell everybody if it is another."""
        before = self._state
        now = self._cart.state(self._clock(), before.revision)
        if msgspec.structs.replace(now, t_ns=before.t_ns) == before:
            return
        self._state = msgspec.structs.replace(now, revision=before.revision + 1)
        self._keep(self._state)
        self._hub.told(WATCHING, self._state.revision)
        if self._told is not None:
            self._told(self._state)
