"""The lane as a running cart reaches it: `cart.exit` over a shop in this program or across a network.

What the exit comes to is told in the screen's words; a person's checks go back to the shop; receipts for guests are
mailed, or laid into a folder where no mail server is named.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aisle.cart.audit_book import CheckResult
from aisle.cart.checkout import Due, Settled
from aisle.cart.delta import Delta
from aisle.cart.doubts import Worth
from aisle.cart.exit import CartExit, ExitState, Offer, Stage, deliver, offer_of
from aisle.cart.lane import Lane, LaneDecision, LanePolicy, LaneRequest, Named
from aisle.cart.lane import Shopper as KnownShopper
from aisle.cart.merge import Merged
from aisle.cart.pricing import product_of
from aisle.cart.purchase import CartPurchase, Payer
from aisle.cart.purchase_queue import PurchaseQueue
from aisle.cart.screen_state import AuditItem
from aisle.cart.shop_link import RefusedError, ShopLink, UnreachableError
from aisle.cart.shopper import Shopper
from aisle.cart.speech import speech
from aisle.cart.trip import Trip
from aisle.commerce.pricing.till import Till
from aisle.commerce.receipts.words import plain
from aisle.visits.errors import VisitError

PATIENCE_S = 6.0  # for an answer, before the shopper is told that it takes longer
LOOK_S = 0.1
T = TypeVar("T")
_FLAGS = {"counter": "verify"}
Receipts = Callable[[str, str, str], str]
"""(visit, e-mail, language) -> the receipt's text; sends it to the address where there is one."""


@dataclass(frozen=True, slots=True)
class LaneLink:
    """A shop in this very program, as a link to it."""

    lane_side: Lane

    def sign_in(self, code: str, shown_ns: int) -> KnownShopper:
        return _told(lambda: self.lane_side.sign_in(code, shown_ns))

    def lane(self, request: LaneRequest) -> LaneDecision:
        return _told(lambda: self.lane_side.decide(request))

    def checked(self, result: CheckResult) -> None:
        _told(lambda: self.lane_side.checked(result))

    def purchase(self, purchase: CartPurchase) -> Merged:
        return _told(lambda: self.lane_side.merge(purchase))

    def catalogue(self, since: str) -> Delta:
        raise UnreachableError("the catalogue is the store folder itself")


class LaneCheckout:
    """See `cart.checkout.Checkout`. One trip at a time."""

    def __init__(
        self,
        link: ShopLink,
        queue: PurchaseQueue,
        till: Till,
        policy: LanePolicy,
        clock: Callable[[], int],
        receipts: Receipts,
        *,
        lane_id: str = "cart-lane",
        unlock: Callable[[str], None] = lambda trip_id: None,
        call: Callable[[str], None] = lambda why: None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._online = True
        self._link, self._till, self._clock, self._receipts = link, till, clock, receipts
        self._queue, self._policy, self._lane_id, self._patience_s = queue, policy, lane_id, patience_s
        self._worth = Worth(till.store, till.book)
        self._exit = CartExit(link, queue, policy, clock, unlock=unlock, call=call)
        self._trip_id = ""
        self._told: set[str] = set()
        self._lock = threading.Lock()

    @property
    def online(self) -> bool:
        """Whether the shop answered when it was last asked."""
        return self._online

    def identify(self, code: str, shown_ns: int) -> Shopper | None:
        """Whose phone this code is from; None where nobody can say now, or it is nobody's."""
        try:
            known = self._link.sign_in(code, shown_ns)
        except UnreachableError:
            self._online = False
            return None
        except RefusedError:
            return None
        self._online = True
        return Shopper(known.customer_id, known.name, member=known.member)

    def deliver(self) -> int:
        """Send what left on trust and still waits; how many purchases were taken."""
        with self._lock:
            return deliver(self._link, self._queue)

    def settle(self, due: Due) -> Settled:
        """Carry the payment as far as it goes now."""
        with self._lock:
            offer = self._offer(due)
            if due.trip.trip_id != self._trip_id:
                self._exit.finish()
                self._trip_id, self._told = due.trip.trip_id, set()
                self._exit.resume(offer)
            state = self._exit.state
            if state.stage is not Stage.GONE:
                self._tell_checks(due, offer, state)
                state = self._exit.offer(offer)
            until_s = time.monotonic() + self._patience_s
            while state.stage in (Stage.ASKING, Stage.PAYING) and time.monotonic() < until_s:
                time.sleep(LOOK_S)
                state = self._exit.beat()
            self._online = state.since_ns is None
            return self._settled(state, due)

    def _offer(self, due: Due) -> Offer:
        shopper = due.shopper
        payer = Payer(
            customer_id=shopper.customer_id,
            card_token="" if shopper.customer_id else shopper.card_token,
            code="" if shopper.customer_id else shopper.code,
            shown_ns=due.trip.started_ns if shopper.code and not shopper.customer_id else 0,
        )
        return offer_of(
            due.trip, self._lane_id, payer, self._till, self._worth, due.ended_ns, policy=self._policy.audit,
            member=shopper.member, digest=due.digest,
        )  # fmt: skip

    def _settled(self, state: ExitState, due: Due) -> Settled:
        match state.stage:
            case Stage.GONE:
                return self._paid(state, due)
            case Stage.QUESTION:
                return Settled("question", words="lane_question")
            case Stage.STAFF:
                return Settled("check", audit=self._audit(state, due), words="lane_check")
            case Stage.NEEDS_PAYER:
                return Settled("card", words="lane_payer")
            case Stage.REFUSED:
                return Settled("card", words="lane_card")
            case Stage.WAITING:
                return Settled("later", words="lane_waits")
            case _:
                return Settled("later", words="lane_later")

    def _paid(self, state: ExitState, due: Due) -> Settled:
        merged, offer = state.merged, state.offer
        total = merged.total_minor if merged is not None else offer.total_minor if offer is not None else 0
        if merged is None:
            known = self._queue.visit_of(due.trip.trip_id)
            if known is None:
                return Settled("paid", words="lane_trusted" if state.trusted else "", total_minor=total)
            return Settled("paid", self._receipt(known, due), total_minor=None, reference=known)
        return Settled("paid", self._receipt(merged.visit_id, due), total_minor=total, reference=merged.visit_id)

    def _receipt(self, visit_id: str, due: Due) -> str:
        """The receipt's text; a receipt that cannot be had now is no reason to hold anybody up."""
        try:
            return self._receipts(visit_id, due.shopper.email, due.language)
        except (VisitError, OSError, UnreachableError, RefusedError):
            return ""

    def _audit(self, state: ExitState, due: Due) -> tuple[AuditItem, ...]:
        """What a person looks at, in words: duties by flag, pieces by line, or the whole of it."""
        words = speech(due.language)
        decision = state.decision
        persons = decision.persons if decision is not None else state.offer.persons if state.offer is not None else ()
        items = [*_duties(persons, words.words)]
        if decision is not None and decision.decided == "check":
            reasons = "; ".join(decision.reasons)
            names = [plain(self._name(piece.gtin)) for piece in decision.pieces]
            looked = words.names(list(dict.fromkeys(names))) if names else words.say("check_staff_verify")
            items.append(AuditItem(f"check:{decision.check}:{decision.decided_ns}", f"{looked} ({reasons})"))
        if not items:
            items.append(AuditItem("exit", state.why or words.say("check_staff_verify")))
        return tuple(items)

    def _name(self, gtin: str) -> str:
        product = product_of(self._till.store, gtin)
        return product.name if product is not None else gtin

    def _tell_checks(self, due: Due, offer: Offer, state: ExitState) -> None:
        """Tell the shop of checks a person has done since; without its answer they are told again next time."""
        before = state.decision.total_minor if state.decision is not None else offer.total_minor
        for act in due.acts:
            if act.kind != "resolve_audit" or not act.about.startswith("check:") or act.act_id in self._told:
                continue
            _, kind, decided = act.about.split(":")
            result = CheckResult(
                check_id=act.act_id,
                trip_id=due.trip.trip_id,
                by=act.by,
                kind=kind if kind in ("sight", "sample") else "full",  # type: ignore[arg-type]
                began_ns=min(int(decided), act.t_ns),
                ended_ns=act.t_ns,
                basket=_counts(due.trip),
                minor=offer.total_minor - before,
                note=act.reason,
            )
            try:
                self._link.checked(result)
            except (RefusedError, UnreachableError):
                return
            self._told.add(act.act_id)


def _counts(trip: Trip) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in trip.lines:
        found[line.gtin] = found.get(line.gtin, 0) + line.quantity
    return found


def _duties(persons: tuple[Named, ...], words: Mapping[str, str]) -> list[AuditItem]:
    """One item for each flag, with the products it is about."""
    names: dict[str, list[str]] = {}
    for named in persons:
        names.setdefault(_FLAGS.get(named.duty, named.duty), []).append(plain(named.name))
    return [
        AuditItem(
            f"flag:{flag}",
            words.get(f"check_staff_{flag}", words["help_called"])
            + (f" ({', '.join(dict.fromkeys(filter(None, about)))})" if any(about) else ""),
        )
        for flag, about in sorted(names.items())
    ]


def _told(ask: Callable[[], T]) -> T:
    """What the shop's own errors are across a network."""
    try:
        return ask()
    except VisitError as error:
        if error.status >= 500:
            raise UnreachableError(error.message) from error
        raise RefusedError(error.status, error.code, error.message) from error
