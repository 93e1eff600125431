"""What to ask a person, and what their answer changes.

A basket is unsure because of a few events.  For each the engine can work out,
before anybody is asked, how much surer the basket would be once somebody has
looked: the value of information.  The question with the highest value is asked;
the answer reweighs the hypotheses, as any other evidence does.

What is known of an event is what the hypotheses remember: each carries the
chain of its choices, but where several said the same of the world and became
one, only the most probable history was kept.  A question about such an event
looks a little more settled than it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aisle.belief.draft import Act
from aisle.belief.engine import BasketPosterior, BeliefEngine
from aisle.belief.events import EventRecord
from aisle.belief.scene import NOBODY
from aisle.belief.state import Choice, Group, Held, Hypothesis, normalised

Utility = Literal["right", "entropy"]
Basket = tuple[str, ...]
Seen = tuple[tuple[str, int, str, int], ...]
"""What an onlooker can tell of an event: (who, taken -1 or put +1, product, how many), sorted."""

SURE = 0.995  # above this nothing is asked
REVIEWER_ERROR = 0.02  # how often the answer is another than the truth
LEAST_OPTION = 0.0005  # explanations less probable than this are not offered
MOST_OPTIONS = 6
LEAST_GAIN = 0.002  # what is worth less is not worth a person's time

NOTHING: Seen = ()
OTHER: Seen = (("?", 0, "?", 0),)  # anything not offered


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: in words, its probability before anybody looks, and what it says happened."""

    text: str
    probability: float
    seen: Seen


@dataclass(frozen=True, slots=True)
class Question:
    """One event a person should look at.

    `gondola` and `shelf` are the names of the shop's layout, `plates` the 1-based plates that moved between
    `t_ns` and `t1_ns`; `gain` is the expected gain in the utility asked for (by default: in the probability that
    the most probable basket is the right one).
    """

    event: int
    t_ns: int
    t1_ns: int
    gondola: int
    shelf: int
    plates: tuple[int, ...]
    text: str
    options: tuple[Option, ...]
    gain: float


def question_for(
    engine: BeliefEngine, shopper: str, *, sure: float = SURE, utility: Utility = "right"
) -> Question | None:
    """The question whose answer would make this shopper's basket surest.

    None when the most probable basket is surer than `sure`, or when no answer would bring `LEAST_GAIN`.
    `utility` "right" maximises the expected probability that the basket is right, "entropy" the expected
    fall of the posterior's entropy in nats.
    Source: value of information after R. A. Howard, "Information value theory", 1966.
    """
    at = _place(engine, shopper)
    if at is None:
        return None
    group, column = at
    weights = [math.exp(h.logw) for h in group.hypotheses]
    baskets = [_basket(h, column) for h in group.hypotheses]
    if _best(_totals(baskets, weights)) > sure:
        return None
    records = {r.event: r for r in engine.events}
    told = [choices(h, column) for h in group.hypotheses]
    worth: list[tuple[float, int]] = []
    for event in sorted({e for t in told for e in t} & records.keys()):
        seen = _views(records[event])
        views = [seen.get(t.get(event), OTHER) for t in told]
        gain = information(views, baskets, weights, utility)
        worth.append((gain, event))
    gain, event = max(worth, key=lambda w: (w[0], -w[1]), default=(0.0, -1))
    if gain < LEAST_GAIN:
        return None
    seen = _views(records[event])
    return _asked(engine, records[event], [seen.get(t.get(event), OTHER) for t in told], weights, gain)


def information(views: list[Seen], baskets: list[Basket], weights: list[float], utility: Utility = "right") -> float:
    """Expected gain from hearing which view is right, by somebody who errs in `REVIEWER_ERROR` of the cases.

    `views`, `baskets` and `weights` (summing to one) are parallel, one entry per hypothesis.  Never negative but for
    rounding.
    """
    joint: dict[Seen, dict[Basket, float]] = {}
    for view, basket, w in zip(views, baskets, weights, strict=True):
        row = joint.setdefault(view, {})
        row[basket] = row.get(basket, 0.0) + w
    if len(joint) < 2:
        return 0.0
    before = _totals(baskets, weights)
    wrong = REVIEWER_ERROR / (len(joint) - 1)
    value = 0.0
    for row in joint.values():
        # P(this answer, basket): right about its own view, by mistake about any other
        after = {b: wrong * p + (1.0 - REVIEWER_ERROR - wrong) * row.get(b, 0.0) for b, p in before.items()}
        value += _best(after) if utility == "right" else -_spread(after)
    return value - (_best(before) if utility == "right" else -_spread(before))


def condition(engine: BeliefEngine, event: int, option: Option | Seen, error: float = REVIEWER_ERROR) -> bool:
    """Take in a person's answer about an event; False when no hypothesis remembers the event any more.

    In every group that knows of the event, hypotheses that agree with the answer keep their weight and the others are
    weighed down by the odds of the person being wrong; nothing is ruled out.  Posteriors, questions and what later
    events mean follow from it.  Raises ValueError for an event the engine never recorded.
    """
    seen = option.seen if isinstance(option, Option) else option
    record = next((r for r in engine.events if r.event == event), None)
    if record is None:
        raise ValueError(f"event {event}: no such event; the engine has recorded {len(engine.events)}")
    known = False
    for group in engine.groups:
        seen_as = _views(record)
        past = [choices(h) for h in group.hypotheses]
        views = [seen_as.get(told[event], OTHER) if event in told else None for told in past]
        if all(v is None for v in views):
            continue
        known = True
        weights = [math.exp(h.logw) for h in group.hypotheses]
        offered = {v for v, _ in _offered([OTHER if v is None else v for v in views], weights)[0]} | {seen}
        told = [v if v in offered else OTHER for v in views]
        rivals = max(1, len({*told, seen}) - 1)
        right, wrong = math.log1p(-error), math.log(error / rivals)
        agreed = [h.weighted(right if v == seen else wrong) for h, v in zip(group.hypotheses, told, strict=True)]
        group.hypotheses = sorted(normalised(agreed), key=lambda h: -h.logw)
    return known


def expected_risk_minor(posterior: BasketPosterior, prices: Mapping[str, int]) -> int:
    """Expected absolute difference between what the most probable basket costs and what the right one does.

    `prices` are integer minor units per unit of each product, a product without price counts nothing; the result is
    in minor units too, rounded half up.  Probability missing from the posterior's list counts as no difference.
    """
    if not posterior.baskets:
        return 0
    costs = [(sum(prices.get(g, 0) for g in basket), p) for basket, p in posterior.baskets]
    charged = costs[0][0]
    return math.floor(math.fsum(p * abs(cost - charged) for cost, p in costs) + 0.5)


def entropy(posterior: BasketPosterior) -> float:
    """Entropy of the posterior over baskets, nats."""
    return -math.fsum(p * math.log(p) for _, p in posterior.baskets if p > 0.0)


def choices(h: Hypothesis, column: int | None = None) -> dict[int, int]:
    """Event -> index of the explanation this hypothesis chose; the first chain that tells of an event counts.

    Groups that split and met again may bring two tellings of one event.  Where every variable has a chain of its own
    (as many chains as values), that of variable `column` goes first: its own past is what made it what it is.
    """
    out: dict[int, int] = {}
    walked: set[int] = set()
    own = h.choices[column : column + 1] if column is not None and len(h.choices) == len(h.values) else ()
    for chain in (*own, *h.choices):
        node: Choice | None = chain
        while node is not None and id(node) not in walked:
            walked.add(id(node))
            out.setdefault(node.event, node.what)
            node = node.before
    return out


# ------------------------------------------------------------------ what is seen
def seen_of(acts: tuple[Act, ...]) -> Seen:
    """What an onlooker can tell of some acts: who took or put how many of what, not from which facing."""
    counts: dict[tuple[str, int, str], int] = {}
    for a in acts:
        key = (a.who, a.sign, a.gtin or "")
        counts[key] = counts.get(key, 0) + a.quantity
    return tuple(sorted((who, sign, gtin, n) for (who, sign, gtin), n in counts.items()))


def _views(record: EventRecord) -> dict[int | None, Seen]:
    """What an onlooker can tell of each explanation of an event."""
    return {what: seen_of(acts) for what, (acts, _, _) in zip(record.whats, record.explanations, strict=False)}


def _offered(views: list[Seen], weights: list[float]) -> tuple[list[tuple[Seen, float]], float]:
    """Views worth offering as answers, most probable first, and the probability of everything else."""
    odds: dict[Seen, float] = {}
    for view, w in zip(views, weights, strict=True):
        odds[view] = odds.get(view, 0.0) + w
    odds.pop(OTHER, None)
    ranked = sorted(odds.items(), key=lambda kv: (-kv[1], kv[0]))
    offered = [(v, p) for v, p in ranked[: MOST_OPTIONS - 1] if p >= LEAST_OPTION]
    return offered, max(0.0, 1.0 - math.fsum(p for _, p in offered))


def _asked(engine: BeliefEngine, record: EventRecord, views: list[Seen], weights: list[float], gain: float) -> Question:
    offered, other = _offered(views, weights)
    options = [Option(_words(engine, v), p, v) for v, p in offered]
    options.append(Option("something else, or it cannot be seen", other, OTHER))
    shelf = engine.store.shelves[record.shelf]
    place = f"gondola {shelf.gondola}, shelf {shelf.shelf}"
    if record.plates:
        place += (
            f", plate {record.plates[0]}"
            if len(record.plates) == 1
            else (f", plates {record.plates[0]} to {record.plates[-1]}")
        )
    text = f"{_ask([v for v, _ in offered])} ({place}: {record.grams:+.0f} g)"
    return Question(
        record.event,
        record.t0_ns,
        record.t1_ns,
        shelf.gondola,
        shelf.shelf,
        tuple(record.plates),
        text,
        tuple(options),
        gain,
    )


def _ask(views: list[Seen]) -> str:
    """The shortest question that tells these views apart."""
    people = {tuple(sorted({who for who, *_ in v})) for v in views}
    goods = {tuple(sorted((sign, gtin, n) for _, sign, gtin, n in v)) for v in views}
    if len(people) > 1 and len(goods) == 1:
        return "Who did this?"
    if len(people) == 1:
        return "What was moved?"
    return "What happened here?"


def _words(engine: BeliefEngine, view: Seen) -> str:
    if view == NOTHING:
        return "nothing was taken or put back"
    products = engine.store.products
    words = []
    for who, sign, gtin, n in view:
        person = (
            "somebody not seen" if who == NOBODY else f"{'staff' if who in engine.store.staff else 'shopper'} {who}"
        )
        name = products[gtin].name if gtin in products else "something the shop does not know"
        words.append(f"{person} {'took' if sign < 0 else 'put back'} {n} × {name}")
    return " and ".join(words)


# ------------------------------------------------------------------ distributions
def _place(engine: BeliefEngine, shopper: str) -> tuple[Group, int] | None:
    for g in engine.groups:
        if ("p", shopper) in g.keys:
            return g, g.keys.index(("p", shopper))
    return None


def _basket(h: Hypothesis, column: int) -> Basket:
    held = h.values[column]
    assert isinstance(held, Held)
    return tuple(sorted(i.gtin for i in held.items if i.gtin is not None))


def _totals(baskets: list[Basket], weights: list[float]) -> dict[Basket, float]:
    out: dict[Basket, float] = {}
    for basket, w in zip(baskets, weights, strict=True):
        out[basket] = out.get(basket, 0.0) + w
    return out


def _best(totals: dict[Basket, float]) -> float:
    return max(totals.values(), default=1.0)


def _spread(totals: dict[Basket, float]) -> float:
    """Mass times entropy of the normalised distribution: what it adds to an expected entropy."""
    mass = math.fsum(totals.values())
    return -math.fsum(p * math.log(p / mass) for p in totals.values() if p > 0.0)
