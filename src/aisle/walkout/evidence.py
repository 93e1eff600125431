"""Why a line is on a receipt: the weight changes behind it and the rival explanations, in plain sentences.

`aisle replay --why SHOPPER` prints what `why` says.  Nothing is worked out anew here: the sentences put into words
what the outcome of the replay already holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aisle.walkout.json_out import in_time_order, iso_time
from aisle.walkout.outcome import Event, Outcome, Receipt

LEAST_SHOWN = 0.001  # an act or rival less probable than this is not told
PASSED_BY = 0.05  # what did not reach the receipt is told from here on
MOST_RIVALS = 3


class Told(NamedTuple):
    """One act of an explanation: `sign` -1 took, +1 put on the shelf; `who` "" is somebody the tracker did not see;
    `gtin` None is something the shop does not know; `how` is belief's word for the way it happened."""

    who: str
    sign: int
    gtin: str | None
    quantity: int
    how: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the sentences under it."""

    heading: str
    sentences: tuple[str, ...]


class UnknownShopperError(LookupError):
    """No shopper of the outcome is called so, or several are; the message lists those there are."""


def find_shopper(outcome: Outcome, wanted: str) -> Receipt:
    """The receipt meant by a shopper's name, one of their track ids, or an ending only theirs has.

    Raises UnknownShopperError.
    """
    names = {r.shopper: {r.shopper, *r.tracks} for r in outcome.receipts}
    exact = [r for r in outcome.receipts if wanted in names[r.shopper]]
    if exact:
        return exact[0]
    ending = [r for r in outcome.receipts if wanted and any(n.endswith(wanted) for n in names[r.shopper])]
    if len(ending) == 1:
        return ending[0]
    there = ", ".join(r.shopper for r in (ending or outcome.receipts)) or "nobody"
    found = f"{wanted!r} fits several shoppers" if ending else f"no shopper {wanted!r}"
    raise UnknownShopperError(f"{outcome.recording}: {found}; {'these' if ending else 'there are'}: {there}")


def why(outcome: Outcome, receipt: Receipt, names: Mapping[str, str]) -> list[Section]:
    """The evidence for each line of a receipt, then for what the shopper handled but does not pay for.

    `names` gives product names by GTIN.  Events stand in order of time; each sentence names time, place, grams with
    their standard deviation, the explanation chosen and its rivals with their odds.
    """
    story = _Story(outcome, receipt, {line.gtin: line.name for line in receipt.lines} | dict(names))
    handled: dict[str | None, float] = {}
    for event in outcome.events:
        for explanation in event.explanations:
            for gtin in {a.gtin for a in acts_of(explanation) if a.who in story.own}:
                handled[gtin] = max(handled.get(gtin, 0.0), float(explanation.get("probability", 0.0)))
    out = []
    for line in receipt.lines:
        heading = f"{line.quantity} × {line.name} ({percent(line.probability)})"
        told = story.about(line.gtin, LEAST_SHOWN)
        out.append(Section(heading, told or ("no weight change names it any more: it follows from the rest.",)))
    billed = {line.gtin for line in receipt.lines}
    for gtin in sorted((g for g in handled if g not in billed), key=lambda g: g or ""):
        if handled[gtin] >= PASSED_BY:
            out.append(Section(f"Not on the receipt: {story.name(gtin)}", story.about(gtin, PASSED_BY)))
    if not receipt.lines and not out:
        out.append(Section("Nothing on the receipt", ("No weight change is explained by this shopper.",)))
    return out


def acts_of(explanation: Mapping[str, Any]) -> tuple[Told, ...]:
    """The acts of one explanation of an event."""
    return tuple(
        Told(str(a["who"]), int(a["sign"]), a["gtin"], int(a["quantity"]), str(a.get("how", "")))
        for a in explanation.get("acts", ())
    )


def percent(probability: float) -> str:
    """A probability as people read it; never "100 %" or "0 %", for nothing is."""
    if probability > 0.999:
        return "> 99.9 %"
    return "< 0.1 %" if probability < 0.001 else f"{100 * probability:.1f} %"


@dataclass(frozen=True, slots=True)
class _Story:
    """Puts the events of one outcome into words, from the side of one shopper."""

    outcome: Outcome
    receipt: Receipt
    names: Mapping[str, str]

    @property
    def own(self) -> frozenset[str]:
        return frozenset((self.receipt.shopper, *self.receipt.tracks))

    def about(self, gtin: str | None, least: float) -> tuple[str, ...]:
        """A sentence for each event in which this shopper may have moved this product."""
        own = self.own
        return tuple(
            self.sentence(event)
            for event in in_time_order(self.outcome.events)
            if any(
                float(e.get("probability", 0.0)) >= least and any(a.gtin == gtin and a.who in own for a in acts_of(e))
                for e in event.explanations
            )
        )

    def sentence(self, event: Event) -> str:
        ranked = sorted(event.explanations, key=lambda e: -float(e.get("probability", 0.0)))
        odds = _merged((self.says(e), float(e.get("probability", 0.0))) for e in ranked)
        chosen, *rest = odds
        rivals = [f"{what} ({percent(p)})" for what, p in rest if p >= LEAST_SHOWN][:MOST_RIVALS]
        unexplained = 1.0 - sum(p for _, p in odds)
        if unexplained >= 0.01:
            rivals.append(f"part of another change ({percent(unexplained)})")
        after = f"; rivals: {', '.join(rivals)}" if rivals else ""
        what, probability = chosen
        return (
            f"at {self.time(event.t_ns)}, {place_of(event)}: {_grams(event.grams)} ± {event.sigma_g:.1f} g "
            f"→ {what} ({percent(probability)}){after}."
        )

    def time(self, t_ns: int) -> str:
        start = self.outcome.t0_ns
        return iso_time(t_ns)[11:21] + " UTC" if start is None else f"{(t_ns - start) * 1e-9:.1f} s"

    def name(self, gtin: str | None) -> str:
        return "something the shop does not know" if gtin is None else self.names.get(gtin, gtin)

    def says(self, explanation: Mapping[str, Any]) -> str:
        acts = acts_of(explanation)
        if not acts:
            return str(explanation.get("why") or "nothing was taken or put back")
        return " and ".join(self._act(a) for a in acts)

    def _act(self, act: Told) -> str:
        who = "" if act.who in self.own else f"{act.who} " if act.who else "somebody not seen "
        verb = "restocked" if act.how == "restock" else "took" if act.sign < 0 else "put back"
        where = _WHERE.get(act.how, "")
        return f"{who}{verb} {act.quantity} × {self.name(act.gtin)}{where}"


_WHERE = {
    "stray": ", left there before",
    "relabelled": ", although the planogram wants something else there",
    "elsewhere": " in another place than its own",
}


def place_of(event: Event) -> str:
    """ "gondola 1 shelf 5, plates 11-12"; several stretches are told apart: "plates 2-3, 7"."""
    where = f"gondola {event.gondola} shelf {event.shelf}"
    if not event.plates:
        return where
    runs: list[list[int]] = []
    for plate in sorted(event.plates):
        if runs and plate == runs[-1][-1] + 1:
            runs[-1].append(plate)
        else:
            runs.append([plate])
    told = ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)
    return f"{where}, {'plate' if len(event.plates) == 1 else 'plates'} {told}"


def _grams(grams: float) -> str:
    return f"{'−' if grams < 0 else '+'}{abs(grams):.1f}"


def _merged(odds: Iterable[tuple[str, float]]) -> Sequence[tuple[str, float]]:
    """Explanations that read the same are one; their probabilities add.  At least one."""
    total: dict[str, float] = {}
    for what, probability in odds:
        total[what] = total.get(what, 0.0) + probability
    return sorted(total.items(), key=lambda row: -row[1]) or [("not explained", 0.0)]
