"""Simulated trips through the cart: receipts exact without help and with prompts answered, and false prompts.

A prompt is *right* when the truth of the trip holds a doubt around its time; every other is false.  "Answered" runs the
same trip with a shopper who answers each prompt truthfully a few seconds after it comes up.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from aisle.bench.claims import Row
from aisle.bench.intervals import wilson
from aisle.cart.outcome import receipt_lines
from aisle.cart.session import CartSession, CartSettings
from aisle.cart.trip import Prompt, Trip
from aisle.sensing.cart.readings import TapReading
from aisle.simulation.cart.catalogue import Catalogue, grocery
from aisle.simulation.cart.judging import justified
from aisle.simulation.cart.trip import SimulatedTrip, mixed_plan, simulate_trip
from aisle.simulation.cart.truth import TripTruth, truthful_answer
from aisle.store.model import Store

NS = 1_000_000_000
ANSWER_S = 3.0
GRAMS, GRAMS_SHARE = 5.0, 0.01  # a weighed line may be off by so much


@dataclass(frozen=True, slots=True)
class JudgedTrip:
    """What one trip came to; `wrong` are the codes of lines that are not right, `false` the kinds of false prompts."""

    name: str
    situations: tuple[str, ...]
    pieces: int
    exact: bool
    exact_answered: bool
    flagged: bool
    probability: float
    wrong: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    prompts: int = 0


@dataclass(slots=True)
class TripTally:
    """Sums over trips."""

    trips: list[JudgedTrip] = field(default_factory=list)

    def share(self, of: Callable[[JudgedTrip], bool]) -> tuple[int, int]:
        """How many trips are so, of how many."""
        return sum(1 for trip in self.trips if of(trip)), len(self.trips)

    @property
    def pieces(self) -> int:
        return sum(trip.pieces for trip in self.trips)

    @property
    def false_prompts(self) -> int:
        return sum(len(trip.false) for trip in self.trips)

    def by_situation(self) -> dict[str, tuple[int, int, int, int]]:
        """Situation -> trips, exact, exact with answers, false prompts."""
        out: dict[str, list[int]] = {}
        for trip in self.trips:
            for name in trip.situations:
                sums = out.setdefault(name, [0, 0, 0, 0])
                for i, more in enumerate((1, trip.exact, trip.exact_answered, len(trip.false))):
                    sums[i] += int(more)
        return {name: (s[0], s[1], s[2], s[3]) for name, s in sorted(out.items())}


def judge_trips(
    trips: int,
    first_seed: int,
    tell: Callable[[float], None] = lambda share: None,
    *,
    items: int = 25,
    processes: int = 1,
    settings: CartSettings | None = None,
) -> TripTally:
    """Simulate, run and judge `trips` trips with seeds from `first_seed` on."""
    wishes = [(first_seed, n, items, settings) for n in range(trips)]
    tally = TripTally()
    for trip in _each(wishes, processes):
        tally.trips.append(trip)
        tell(len(tally.trips) / trips)
    return tally


def trip_rows(tally: TripTally) -> list[Row]:
    """The claims of the suite over judged trips."""
    on = f"simulated trips, 40 situations ({len(tally.trips)} trips, {tally.pieces} items)"
    rows = []
    for name, of, reach in (
        ("exact receipts without help", lambda t: t.exact, 0.97),
        ("exact receipts with the prompts answered", lambda t: t.exact_answered, 0.995),
    ):
        right, total = tally.share(of)
        low, high = wilson(right, total).low, wilson(right, total).high
        value = right / total if total else None
        ok = None if value is None else value >= reach
        rows.append(Row(name=name, on=on, value=value, reach=reach, ok=ok, low=low, high=high, counted=total))
    flagged, total = tally.share(lambda t: t.exact or t.flagged)
    rows.append(Row(name="receipts exact, or with a prompt that is right", on=on, value=flagged / total, counted=total))
    false = 100.0 * tally.false_prompts / max(1, tally.pieces)
    rows.append(
        Row(name="false prompts per 100 items", on=on, value=false, reach=0.5, ok=false <= 0.5, side="most",
            counted=tally.pieces)
    )  # fmt: skip
    return rows


def _each(wishes: Sequence[tuple[int, int, int, CartSettings | None]], processes: int) -> Iterable[JudgedTrip]:
    if processes <= 1:
        yield from map(_judged, wishes)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_judged, wishes, chunksize=4)


def _judged(wish: tuple[int, int, int, CartSettings | None]) -> JudgedTrip:
    first_seed, number, items, settings = wish
    catalogue = _catalogue(first_seed)
    plan = mixed_plan(number, np.random.default_rng([first_seed, number]), items)
    trip = simulate_trip(catalogue, first_seed + number, plan)
    return judge_trip(trip, catalogue.store, settings)


def judge_trip(trip: SimulatedTrip, store: Store, settings: CartSettings | None = None) -> JudgedTrip:
    """One trip, without help and with its prompts answered."""
    alone = run_trip(trip, store, settings)
    helped = run_trip(trip, store, settings, answered=True) if alone.prompts else alone
    truth = trip.truth
    wrong = wrong_lines(alone, truth, store)
    false = [p for p in alone.prompts if not is_right(p, truth)]
    right = any(is_right(p, truth) for p in alone.prompts)
    return JudgedTrip(
        trip.name,
        truth.situations,
        sum(int(line.get("quantity", 1)) for line in truth.lines),
        not wrong,
        not wrong_lines(helped, truth, store),
        right,
        alone.probability,
        wrong,
        tuple(p.kind.value for p in false),
        len(alone.prompts),
    )


def run_trip(
    trip: SimulatedTrip, store: Store, settings: CartSettings | None = None, *, answered: bool = False
) -> Trip:
    """The trip at its end; `answered`: an honest shopper answers every prompt `ANSWER_S` after it comes up."""
    session = CartSession(store, trip.name, trip.cart_id, settings)
    done: set[str] = set()
    now_ns = 0
    for reading in trip.readings():
        now_ns = max(now_ns, reading.t_ns)
        if session.feed(reading) and answered:
            done |= _answer(session, trip.truth, now_ns, done, ANSWER_S)
    closing = session.finish()
    for _ in range(4 if answered else 0):
        done |= _answer(session, trip.truth, closing.t_ns, done, -1.0)
        closing = session.finish()
    return closing


def _answer(session: CartSession, truth: TripTruth, now_ns: int, done: set[str], wait_s: float) -> set[str]:
    told = set()
    for prompt in session.trip.open_prompts:
        if prompt.prompt_id in done or now_ns - prompt.t_ns < wait_s * NS:
            continue
        options = [f"{o.code}*{o.quantity}" if o.quantity > 1 else o.code for o in prompt.options]
        answer = truthful_answer(
            truth, prompt.about_ns or prompt.t_ns, prompt.kind.value, options, prompt.gtin, prompt.grams
        )
        told.add(prompt.prompt_id)
        if answer is not None:
            session.feed(TapReading(now_ns, now_ns, "answer", {"prompt": prompt.prompt_id, "choice": answer}))
    return told


def wrong_lines(trip: Trip, truth: TripTruth, store: Store) -> tuple[str, ...]:
    """Codes whose line is missing, too many, or of another amount."""
    mine = {line["gtin"]: line for line in receipt_lines(trip, store)}
    theirs = {str(line["gtin"]): line for line in truth.lines}
    return tuple(code for code in sorted(mine.keys() | theirs.keys()) if not _same(mine.get(code), theirs.get(code)))


def is_right(prompt: Prompt, truth: TripTruth) -> bool:
    """Whether the truth holds a doubt of the prompt's kind when it came up, about its product where it names one."""
    return justified(truth, prompt.t_ns, prompt.kind.value, prompt.gtin)


def _same(mine: dict[str, object] | None, theirs: dict[str, str | int | float] | None) -> bool:
    if mine is None or theirs is None:
        return False
    if "grams" in theirs:
        wanted = float(theirs["grams"])
        return "grams" in mine and abs(float(str(mine["grams"])) - wanted) <= max(GRAMS, GRAMS_SHARE * wanted)
    return mine.get("quantity") == theirs["quantity"]


@cache
def _catalogue(seed: int) -> Catalogue:
    """One store for all trips of a run: its packages are other ones for every first seed."""
    return grocery(np.random.default_rng([0x5708E, seed]))
