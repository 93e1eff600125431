"""`aisle cart run --simulate`: a shopper, a cart and a shop that do not exist, from sign-in to the receipt.

The simulator's readings come when they are due, on a clock that runs so many times faster than life; the shopper
answers the screen's questions as an honest one would, and a member of staff comes when the lane calls one. Everything
else is the program a shop runs.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.console import Console

from aisle.bootstrap.cart_running import DONE, FAILED, WrongUseError, stopped_by_signals, told
from aisle.bootstrap.cart_serving import ServeError, serving
from aisle.bootstrap.cart_view import TerminalScreen
from aisle.bootstrap.carting import open_cart
from aisle.cart.config import DEFAULT_PORT, CartConfig
from aisle.cart.live import LiveCart
from aisle.cart.running import RefusedError
from aisle.cart.screen_state import Question, ScreenState
from aisle.cart.shopper import Shopper
from aisle.cart.staff import ActKind, StaffAct
from aisle.cart.staff_list import add_member
from aisle.cart.trip import Phase
from aisle.sensing.cart.readings import TapReading
from aisle.settings import Settings, SettingsError
from aisle.simulation.cart.catalogue import grocery
from aisle.simulation.cart.film import ScanCamera
from aisle.simulation.cart.trip import Plan, SimulatedTrip, simulate_trip
from aisle.simulation.cart.truth import truthful_answer
from aisle.store.folder import IMAGES

NS = 1_000_000_000
NEVER_NS = 2**62  # the simulator's readings carry the time; a late one is no silence
MAIL = "shopper@example.com"
CARD = "tok_visa"
STAFF, PIN = "17", "1717"
THINKS_S, COMES_S = 2.5, 6.0  # how long the shopper reads a question, and staff takes to come
AT_THE_LANE_S = 90.0  # real seconds after which something is wrong
LOOK_S = 0.02
MOST_WAITING = 4  # readings the core has not taken yet, before the world waits for it


@dataclass(frozen=True, slots=True)
class SimulatedWish:
    """What was asked for; see `aisle cart run --help`."""

    speed: float = 8.0
    items: int = 12
    situations: Sequence[str] = ()
    seed: int = 1
    stay: bool = False
    host: str | None = None
    port: int | None = None
    record: Path | None = None


class RunningClock:
    """A clock that stands at `start_ns` until it is started, and then runs `speed` times as fast as ours.

    It never shows more than `latest_ns`: the world does not go on while what happened in it is still on its way.
    """

    def __init__(self, start_ns: int, speed: float, steady: Callable[[], int] = time.monotonic_ns) -> None:
        self._shown_ns, self._speed, self._steady = start_ns, speed, steady
        self._began_ns: int | None = None
        self.latest_ns: int | None = None

    def start(self, speed: float | None = None) -> None:
        """Let it run from what it shows, at another speed if one is given."""
        self._shown_ns = self()
        self._speed = self._speed if speed is None else speed
        self._began_ns = self._steady()

    def __call__(self) -> int:
        if self._began_ns is None:
            return self._shown_ns
        now_ns = self._shown_ns + round((self._steady() - self._began_ns) * self._speed)
        return now_ns if self.latest_ns is None else min(now_ns, self.latest_ns)

    def wait_for(self, until_ns: int) -> float:
        """Let it go on to a time; real seconds until it shows it."""
        if self._began_ns is not None:
            self._shown_ns, self._began_ns = self(), self._steady()  # what was lost by waiting is not caught up
        self.latest_ns = until_ns
        return max(0.0, (until_ns - self()) / self._speed / NS)

    def release(self) -> None:
        """Nothing more is on its way."""
        self.start()
        self.latest_ns = None


def run_simulated(folder: Path | None, wish: SimulatedWish, *, console: Console | None = None) -> int:
    """One simulated trip; what the cart keeps goes into `folder`, or into one that is removed afterwards."""
    out = console or Console(highlight=False)
    try:
        catalogue = grocery(np.random.default_rng(wish.seed))
        trip = _trip(wish, catalogue)
        stop = stopped_by_signals()
        with ExitStack() as stack:
            home = _home(folder, stack)
            add_member(home, STAFF, "Simulated staff", PIN)
            bought = {moved.gtin for moved in trip.truth.events}
            ScanCamera(catalogue).write_enrolment(home / IMAGES, np.random.default_rng(wish.seed), only=bought)
            config = CartConfig(
                trip.cart_id or "cart-1",
                home,
                home,
                host=wish.host or "127.0.0.1",
                port=DEFAULT_PORT if wish.port is None else wish.port,
            )
            clock = RunningClock(trip.truth.start_ns - NS, wish.speed)
            view = stack.enter_context(TerminalScreen(out))
            recorder = _recorder(wish, trip, stack)
            cart = open_cart(
                config,
                catalogue.store,
                Settings.model_construct(),
                clock,
                told=view.show,
                heard=recorder,
                weighs=True,
                silence_ns=NEVER_NS,
            )
            stack.callback(cart.close)
            cart.start()
            served = stack.enter_context(serving(cart.live, config.host, config.port))
            print(f"{catalogue.store.name}, {config.cart_id}: {served.url}", flush=True)
            paid = _play(trip, cart.live, clock, stop)
            if wish.stay and not stop.is_set():
                stop.wait()
        return _told(paid, trip, home, folder is not None, out)
    except ValueError as error:
        return told(WrongUseError(str(error)))
    except (ServeError, SettingsError, OSError) as error:
        return told(error)


def _trip(wish: SimulatedWish, catalogue: object) -> SimulatedTrip:
    return simulate_trip(catalogue, wish.seed, Plan(wish.items, tuple(wish.situations)))  # type: ignore[arg-type]


def _play(trip: SimulatedTrip, live: LiveCart, clock: RunningClock, stop: threading.Event) -> ScreenState:
    """Let the trip happen; the screen in the end."""
    clock.start()
    live.sign_in(Shopper(email=MAIL, card_token=CARD))
    people = People(trip, live, clock, stop)
    people.start()
    try:
        for reading in trip.readings():
            if stop.wait(clock.wait_for(reading.received_ns)):
                break
            while live.waiting > MOST_WAITING and not stop.is_set():
                time.sleep(LOOK_S)
            if not isinstance(reading, TapReading):
                live.put(reading)
            elif reading.tap == "pay":
                live.touch("pay")
            elif reading.tap != "start":  # signing in was the start
                live.put(reading)
        clock.release()
        until_s = time.monotonic() + AT_THE_LANE_S
        while live.screen.phase == Phase.PAYING and time.monotonic() < until_s and not stop.is_set():
            time.sleep(LOOK_S)
    finally:
        people.stop()
    return live.screen


class Touchable(Protocol):
    """A cart as people meet it: its screen, and what fingers can do there."""

    @property
    def screen(self) -> ScreenState:
        """What it shows."""

    def touch(self, tap: str, value: object = None) -> ScreenState:
        """A touch."""

    def staff_sign_in(self, number: str, secret: str) -> object:
        """A member of staff signs in."""

    def act(self, act: StaffAct) -> ScreenState:
        """What they put right."""


class People:
    """The shopper who answers and the member of staff who comes, in a thread of their own."""

    def __init__(self, trip: SimulatedTrip, cart: Touchable, clock: RunningClock, stop: threading.Event) -> None:
        self._trip, self._live, self._clock, self._stop = trip, cart, clock, stop
        self._over = threading.Event()
        self._seen: dict[str, int] = {}
        self._called_ns: int | None = None
        self._thread = threading.Thread(target=self._serve, name="simulated-people", daemon=True)

    def start(self) -> None:
        """Let them be there."""
        self._thread.start()

    def stop(self) -> None:
        """Send them away."""
        self._over.set()
        self._thread.join(5.0)

    def _serve(self) -> None:
        while not self._over.is_set() and not self._stop.is_set():
            state = self._live.screen
            try:
                for question in state.questions:
                    self._consider(question)
                if state.phase == Phase.PAYING:
                    self._attend(state)
            except RefusedError:
                pass  # the question had gone before the answer came
            self._over.wait(LOOK_S)

    def _consider(self, question: Question) -> None:
        """Read a question, think, and answer it once; telling nothing is an answer too."""
        now_ns = self._clock()
        since_ns = self._seen.setdefault(question.prompt_id, now_ns)
        if question.tell and question.kind != "place item":
            return
        if since_ns < 0 or now_ns - since_ns < THINKS_S * NS:
            return
        self._seen[question.prompt_id] = -1
        options = [answer.value for answer in question.answers]
        answer = truthful_answer(self._trip.truth, now_ns, question.kind, options, question.gtin or None)
        if answer is not None:
            self._live.touch("answer", {"prompt": question.prompt_id, "choice": answer})

    def _attend(self, state: ScreenState) -> None:
        """Staff comes to a cart that waits for somebody, looks, and lets it go."""
        lane = [notice for notice in state.notices if notice.kind == "lane"]
        if not lane or (state.staff is not None and not state.staff.audit and not state.questions):
            return
        now_ns = self._clock()
        self._called_ns = now_ns if self._called_ns is None else self._called_ns
        if now_ns - self._called_ns < COMES_S * NS:
            return
        if state.staff is None:
            self._live.staff_sign_in(STAFF, PIN)
            return
        for question in state.questions:
            if not question.prompt_id.startswith("device-"):
                self._act("resolve_prompt", question.prompt_id)
        for item in state.staff.audit:
            self._act("resolve_audit", item.audit_id)
        if state.staff.audit or state.questions:
            self._called_ns = now_ns

    def _act(self, kind: ActKind, about: str) -> None:
        self._live.act(StaffAct("", kind, STAFF, 0, about))


def _home(folder: Path | None, stack: ExitStack) -> Path:
    """Where the cart keeps what it keeps: anew for every simulated trip."""
    if folder is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aisle-cart-")))
    if (folder / "store.toml").exists():
        raise ValueError(f"{folder} is a store folder; --simulate has a shop of its own and keeps its files elsewhere")
    for kept in ("trips", "shop", "mail"):
        shutil.rmtree(folder / kept, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _recorder(wish: SimulatedWish, trip: SimulatedTrip, stack: ExitStack) -> Callable[[object], None] | None:
    if wish.record is None:
        return None
    from aisle.sensing.cart.recording import CartRecordingWriter

    writer = stack.enter_context(CartRecordingWriter(wish.record, trip.cart_id, trip.network))
    return writer.write  # type: ignore[return-value]


def _told(paid: ScreenState, trip: SimulatedTrip, home: Path, kept: bool, out: Console) -> int:
    """The receipt, and how it compares with what really lay in the cart."""
    if paid.phase != Phase.PAID:
        print("error: the trip was not paid")
        return FAILED
    out.print(paid.receipt, markup=False, highlight=False, soft_wrap=True)
    wrong = differences(paid, trip)
    out.print("The receipt says what lay in the cart." if not wrong else "\n".join(wrong), markup=False)
    for mail in sorted((home / "mail").glob("*.eml")) if kept else []:
        out.print(f"mail to {MAIL}: {mail}", soft_wrap=True)
    return DONE


def differences(paid: ScreenState, trip: SimulatedTrip) -> list[str]:
    """How a paid receipt differs from what really lay in the cart, a sentence for each product; weights to 2 %."""
    lay = {str(real["gtin"]): real for real in trip.truth.lines}
    pieces: dict[str, int] = {}
    grams: dict[str, int] = {}
    names: dict[str, str] = {}
    for line in paid.lines:
        names[line.gtin] = line.name
        if line.grams is None:
            pieces[line.gtin] = pieces.get(line.gtin, 0) + line.quantity
        else:
            grams[line.gtin] = grams.get(line.gtin, 0) + line.grams
    told = [f"{names[gtin]} is on the receipt, and was not in the cart." for gtin in sorted(names.keys() - lay.keys())]
    for gtin, real in sorted(lay.items()):
        if gtin not in names:
            told.append(f"{gtin} lay in the cart, and is not on the receipt.")
        elif "quantity" in real and real["quantity"] != pieces.get(gtin):
            told.append(f"{names[gtin]}: {real['quantity']} lay in the cart, {pieces.get(gtin)} are on the receipt.")
        elif "grams" in real and abs(float(real["grams"]) - grams.get(gtin, 0)) > 0.02 * float(real["grams"]):
            told.append(f"{names[gtin]}: {real['grams']} g lay in the cart, {grams.get(gtin)} g are on the receipt.")
    return told
