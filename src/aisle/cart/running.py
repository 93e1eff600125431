"""A cart from one shopper to the next: idle, shopping, paying, paid; out of service before the next one loads it.

One thread calls it. Everything that counts is in the journal before it counts; after a restart `resume` folds the
journal and stands where the cart stood. No threads, devices or network here: readings, taps and results come in by
calls, the screen comes out of `state`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from aisle.cart.checkout import Due, Settled
from aisle.cart.journal import CartJournal
from aisle.cart.notes import Noted, Overridden, SignedIn
from aisle.cart.screen import Connection, Screen, Seat
from aisle.cart.screen_state import ScreenState
from aisle.cart.shopper import Shopper, Surface, after_tap
from aisle.cart.staff import ENDING, REASONED, StaffAct, after_staff, check_act
from aisle.cart.trip import Phase, Prompt, PromptKind, Trip
from aisle.sensing.cart.readings import CartReading, TapReading

_TICK, _STAFF, _SHOPPER, _OUTCOME = "tick", "staff", "shopper", "lane"
THANKS_NS = 45 * 10**9  # how long a receipt stays on the screen when nobody touches it
SILENCE_NS = 400_000_000


class Session(Protocol):
    """The trip's belief, as `cart.session.CartSession` keeps it."""

    def feed(self, reading: CartReading) -> bool:
        """Take in one reading."""

    def tick(self, now_ns: int) -> bool:
        """Let it be this late."""

    def finish(self) -> Trip:
        """Nothing waits any longer."""

    def weighed(self) -> tuple[tuple[str, float], ...]:
        """Pieces whose product and weight are sure: GTIN and grams."""

    @property
    def trip(self) -> Trip:
        """The trip as it stands."""


class RefusedError(Exception):
    """Something asked of the cart that does not fit now: `code` for programs, `found` and `expected` for people."""

    def __init__(self, code: str, message: str, found: str, expected: str) -> None:
        super().__init__(message)
        self.code = code
        self.found = found
        self.expected = expected


def steady_lines(trip: Trip) -> Trip:
    """The trip with lines named by their product and place among its lines, oldest first.

    A session names lines by what it believes, and may change its mind; people and their acts need names that stay.
    """
    counts: dict[str, int] = {}
    named: dict[str, str] = {}
    for line in sorted(trip.lines, key=lambda line: (line.taken_at_ns, line.line_id)):
        counts[line.gtin] = counts.get(line.gtin, 0) + 1
        named[line.line_id] = line.gtin if counts[line.gtin] == 1 else f"{line.gtin}.{counts[line.gtin]}"
    return replace(trip, lines=tuple(replace(line, line_id=named[line.line_id]) for line in trip.lines))


class RunningCart:
    """One cart. `due` is what waits to be paid, taken by whoever asks the lane; `outcome` tells what came of it."""

    def __init__(
        self,
        cart_id: str,
        screen: Screen,
        journal: CartJournal,
        session: Callable[[str], Session],
        ids: Callable[[], str],
        *,
        language: str = "en",
        heard: Callable[[CartReading], None] | None = None,
        learn: Callable[[tuple[tuple[str, float], ...]], tuple[str, ...]] = lambda weighed: (),
        silence_ns: int = SILENCE_NS,
        settle_ns: int = 0,
    ) -> None:
        """`session` makes the session of a trip by its id; `heard` is told every reading of a trip as it comes.

        `learn` is told what a paid trip has weighed, and says what that means of the scale.

        After `silence_ns` without a reading time itself is noted. So long after "pay" what the scale says still counts
        (`settle_ns`): the last item may not have come to rest.
        """
        self.cart_id = cart_id
        self.screen = screen
        self.due: Due | None = None
        self._journal = journal
        self._make = session
        self._learn = learn
        self._ids = ids
        self._language = language
        self._heard = heard
        self._silence_ns, self._settle_ns = silence_ns, settle_ns
        self._session: Session | None = None
        self._phase = Phase.IDLE
        self._seat = Seat(surface=Surface(language))
        self._acts: list[StaffAct] = []
        self._attempt = 0
        self._faults: tuple[tuple[str, str], ...] = ()
        self._found: tuple[tuple[str, str], ...] = ()  # faults the last trip met and no device tells of
        self._fed_ns = 0
        self._paid_ns = 0
        self._put: frozenset[str] | None = None  # questions open when the lane put one
        self._pay_at_ns: int | None = None
        self._charged: Trip | None = None  # the trip as it was paid: what comes later is not on its receipt

    # ------------------------------------------------------------ what it is
    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def going_on(self) -> str | None:
        """The trip in the journal that is not over, whether or not it has been taken up already."""
        return self._journal.trip_id

    @property
    def acts(self) -> tuple[StaffAct, ...]:
        return tuple(self._acts)

    @property
    def shopper(self) -> Shopper:
        return self._seat.shopper

    def trip(self, now_ns: int) -> Trip:
        """The trip as it stands, staff's word and broken devices included; an empty one while nobody shops."""
        if self._charged is not None:
            return self._charged
        if self._session is None:
            faults = tuple(words for _, words in (*self._faults, *self._found))
            return Trip("", self.cart_id, self._phase, now_ns, now_ns, faults=faults)
        trip = after_staff(steady_lines(self._session.trip), self._acts, self.screen.store)
        return replace(self._with_faults(trip), phase=self._phase)

    def state(self, now_ns: int, revision: int) -> ScreenState:
        """The screen at this moment."""
        return self.screen.state(self.trip(now_ns), self._seat, now_ns, revision)

    # ------------------------------------------------------------ beginning and end
    def sign_in(self, shopper: Shopper, language: str, now_ns: int) -> str:
        """A shopper begins; the trip's id. Raises RefusedError unless the cart is idle."""
        if self._phase is not Phase.IDLE:
            raise RefusedError("cart_busy", "This cart is not free.", self._phase.value, "an idle cart")
        trip_id = self._ids()
        self._journal.begin(trip_id, self.cart_id)
        self._begin(trip_id)
        self._journal.append(SignedIn(now_ns, shopper.customer_id, shopper.member, shopper.code))
        self._note(_SHOPPER, now_ns, shopper)
        self._seat = Seat(shopper, Surface(language or self._language), self._seat.connection)
        self._take(TapReading(now_ns, now_ns, "start", None))
        self._take(TapReading(now_ns, now_ns, "language", self._seat.surface.language))
        return trip_id

    def known_as(self, shopper: Shopper, now_ns: int) -> None:
        """More is known of the shopper now: a name for a code, another card, an address for the receipt."""
        self._seat = replace(self._seat, shopper=shopper)
        if self._session is not None:
            self._note(_SHOPPER, now_ns, shopper)

    def leave(self, now_ns: int) -> None:
        """The shopper has seen the receipt: free for the next one. Raises RefusedError before it is paid."""
        if self._phase is not Phase.PAID:
            raise RefusedError("not_paid", "This trip is not paid yet.", self._phase.value, "a paid trip")
        self._reset()

    def resume(self) -> bool:
        """Take up the trip that went on when the program ended; whether there was one."""
        trip_id = self._journal.trip_id
        if trip_id is None:
            return False
        entries = [numbered.entry for numbered in self._journal.entries(trip_id)]
        self._begin(trip_id)
        paying = False
        for entry in entries:
            if isinstance(entry, CartReading):
                self._fold(entry)
                paying = paying or (isinstance(entry, TapReading) and entry.tap == "pay")
            elif isinstance(entry, Noted):
                self._recall(entry)
        if paying and self._session is not None:
            self._pay(self._session.trip.t_ns)
        return True

    # ------------------------------------------------------------ while it rolls
    def feed(self, reading: CartReading) -> bool:
        """One reading of a device or the screen; whether the screen may have changed."""
        if self._session is None or self._phase not in (Phase.SHOPPING, Phase.PAYING):
            return False
        changed = self._take(reading)
        return self._go_on_paying(reading.received_ns) or changed

    def touch(self, tap: TapReading) -> bool:
        """A touch on the screen. Raises RefusedError when nobody shops, or for a line that is not there."""
        if self._session is None or self._phase not in (Phase.SHOPPING, Phase.PAYING):
            raise RefusedError("nobody_shops", "Nobody has begun to shop.", self._phase.value, "a trip going on")
        if tap.tap == "remove" and isinstance(tap.value, str):
            return self._took_out(tap)
        if tap.tap == "answer" and isinstance(tap.value, dict) and self._contained(tap):
            return True
        changed = self._take(tap)
        if tap.tap == "pay":
            self._phase, self._pay_at_ns = Phase.PAYING, tap.t_ns + self._settle_ns
        return self._go_on_paying(tap.t_ns) or changed

    def beat(self, now_ns: int) -> bool:
        """Time alone; whether the screen may have changed."""
        if self._phase is Phase.PAID and now_ns - self._paid_ns > THANKS_NS:
            self._reset()
            return True
        if self._session is None or self._phase is Phase.PAID:
            return False
        changed = False
        if now_ns - self._fed_ns >= self._silence_ns:
            self._fed_ns = now_ns
            self._journal.append(Noted(now_ns, _TICK))
            changed = self._session.tick(now_ns)
        return self._go_on_paying(now_ns) or changed

    # ------------------------------------------------------------ paying
    def settled(self, due: Due, told: Settled, now_ns: int) -> None:
        """What the lane said to a `Due`; an answer to an older one counts only when it is paid."""
        if self._session is None or (due.attempt != self._attempt and told.outcome != "paid"):
            return
        self._note(_OUTCOME, now_ns, told)
        self._seat = replace(self._seat, audit=told.audit, receipt=told.receipt, ended=told.words)
        self._put = self._open() if told.outcome == "question" else None
        if told.outcome == "paid":
            self._journal.end("paid")
            self._phase, self._paid_ns, self.due = Phase.PAID, now_ns, None
            self._charged = replace(due.trip, phase=Phase.PAID)

    def pay_again(self, now_ns: int) -> None:
        """Ask the lane once more: a question was answered, another card given, the network came back."""
        if self._phase is Phase.PAYING:
            self._pay(now_ns)

    # ------------------------------------------------------------ staff
    def signed_in_staff(self, name: str) -> None:
        """A member of staff is at the cart ("": nobody any more)."""
        self._seat = replace(self._seat, staff_name=name)

    def act(self, act: StaffAct) -> None:
        """What a member of staff puts right. Raises StaffActError, RefusedError."""
        if act.kind == "device_checked":
            self._found = ()
            self._idle()
            return
        if self._session is None or self._phase is Phase.PAID:
            raise RefusedError("nobody_shops", "There is no trip to act on.", self._phase.value, "a trip going on")
        check_act(act, self.trip(act.t_ns), self.screen.store)
        if act.kind in REASONED:
            self._journal.append(
                Overridden(act.t_ns, act.by, f"{act.kind} {act.about or act.gtin}".strip(), act.reason)
            )
        self._note(_STAFF, act.t_ns, act)
        self._acts.append(act)
        if act.kind == "resolve_audit":
            left = tuple(item for item in self._seat.audit if item.audit_id != act.about)
            self._seat = replace(self._seat, audit=left)
        if act.kind in ENDING:
            self._end(act)
        elif self._phase is Phase.PAYING and not self._seat.audit:
            self._pay(act.t_ns)

    # ------------------------------------------------------------ devices and network
    def devices(self, faults: Sequence[tuple[str, str]]) -> bool:
        """What is wrong with the devices now: (kind, words), kind "camera", "scale" or another; whether that is news.

        While nobody shops a cart with a fault is out of service. A fault that only the last trip has met stays until a
        member of staff has looked ("device_checked").
        """
        if tuple(faults) == self._faults:
            return False
        self._faults = tuple(faults)
        self._idle()
        return True

    def connected(self, connection: Connection) -> bool:
        """Whether the shop's network is there; whether that is news."""
        news = connection != self._seat.connection
        self._seat = replace(self._seat, connection=connection)
        return news

    # ------------------------------------------------------------ within
    def _begin(self, trip_id: str) -> None:
        self._session = self._make(trip_id)
        self._phase = Phase.SHOPPING
        self._acts, self._attempt, self.due = [], 0, None

    def _idle(self) -> None:
        """While nobody shops: free, or out of service."""
        if self._phase in (Phase.IDLE, Phase.OUT_OF_SERVICE):
            self._phase = Phase.OUT_OF_SERVICE if self._faults or self._found else Phase.IDLE

    def _reset(self) -> None:
        told = {kind for kind, _ in self._faults}
        if self._session is not None and "scale" not in told:  # such as one that is stuck, and so never silent
            self._found = tuple(("scale", words) for words in self._session.trip.faults)
            if not self._found and self._phase is Phase.PAID:
                self._found = tuple(("scale", words) for words in self._learn(self._session.weighed()))
        self._session, self._acts, self.due = None, [], None
        self._charged, self._put, self._pay_at_ns = None, None, None
        self._seat = Seat(surface=Surface(self._language), connection=self._seat.connection)
        self._phase = Phase.IDLE
        self._idle()

    def _take(self, reading: CartReading) -> bool:
        self._journal.append(reading)
        if self._heard is not None:
            self._heard(reading)
        return self._fold(reading)

    def _fold(self, reading: CartReading) -> bool:
        assert self._session is not None
        self._fed_ns = reading.received_ns
        changed = self._session.feed(reading)
        if isinstance(reading, TapReading):
            self._seat = replace(self._seat, surface=after_tap(self._seat.surface, reading))
        return changed or isinstance(reading, TapReading)

    def _took_out(self, tap: TapReading) -> bool:
        """The shopper says which line left: a removal, and then which product it is about."""
        line = next((line for line in self.trip(tap.t_ns).lines if line.line_id == tap.value), None)
        if line is None:
            raise RefusedError("line_unknown", "There is no such line.", str(tap.value)[:64], "a line's id")
        self._take(msgspec.structs.replace(tap, value=None))
        return self._take(msgspec.structs.replace(tap, tap="plu", value=line.gtin))

    def _contained(self, tap: TapReading) -> bool:
        """An answer that names a container is the container's own tap first."""
        value: Any = tap.value
        asked = next((p for p in self.trip(tap.t_ns).open_prompts if p.prompt_id == value.get("prompt")), None)
        if asked is None or asked.kind is not PromptKind.CHOOSE_CONTAINER:
            return False
        self._take(msgspec.structs.replace(tap, tap="container", value=value.get("choice")))
        return self._take(tap)

    def _pay(self, now_ns: int) -> None:
        assert self._session is not None
        self._session.finish()
        self._phase = Phase.PAYING
        self._attempt += 1
        self._seat = replace(self._seat, ended="", audit=())
        self._put, self._pay_at_ns = None, None
        digest = self._journal.settle()
        language = self._seat.surface.language
        trip = self.trip(now_ns)
        self.due = Due(trip, self._seat.shopper, now_ns, self._attempt, language, self.acts, digest)

    def _open(self) -> frozenset[str]:
        """The open prompts of the session, by id."""
        return (
            frozenset(p.prompt_id for p in self._session.trip.open_prompts)
            if self._session is not None
            else frozenset()
        )

    def _go_on_paying(self, now_ns: int) -> bool:
        """Ask the lane when it is time: the last item has come to rest, or its question was answered or has gone."""
        if self._phase is not Phase.PAYING:
            return False
        settled = self._pay_at_ns is not None and now_ns >= self._pay_at_ns
        if not settled and (self._put is None or self._open() == self._put):
            return False
        self._pay(now_ns)
        return True

    def _end(self, act: StaffAct) -> None:
        """Staff ended the trip: nothing is charged here, and the cart is free (or the same shopper begins anew)."""
        shopper, surface = self._seat.shopper, self._seat.surface
        self._journal.end(act.kind)
        self._reset()
        if act.kind == "start_over" and self._phase is Phase.IDLE:
            self.sign_in(shopper, surface.language, act.t_ns)

    def _with_faults(self, trip: Trip) -> Trip:
        """Broken devices as faults and prompts of the trip, beside those the session found itself."""
        if not self._faults:
            return trip
        known = {prompt.kind for prompt in trip.open_prompts}
        prompts = list(trip.prompts)
        for kind, prompt_kind in (("camera", PromptKind.CAMERA_FAULT), ("scale", PromptKind.SCALE_FAULT)):
            words = [words for name, words in self._faults if name == kind]
            if words and prompt_kind not in known:
                prompts.append(Prompt(f"device-{kind}", prompt_kind, trip.t_ns, detail=" ".join(words)))
        faults = tuple(dict.fromkeys((*trip.faults, *(words for _, words in self._faults))))
        return replace(trip, prompts=tuple(prompts), faults=faults)

    def _note(self, what: str, at_ns: int, about: object) -> None:
        self._journal.append(Noted(at_ns, what, msgspec.to_builtins(about)))

    def _recall(self, note: Noted) -> None:
        if note.what == _TICK and self._session is not None:
            self._session.tick(note.at_ns)
        elif note.what == _STAFF:
            self._acts.append(msgspec.convert(note.about, StaffAct))
        elif note.what == _SHOPPER:
            self._seat = replace(self._seat, shopper=msgspec.convert(note.about, Shopper))
