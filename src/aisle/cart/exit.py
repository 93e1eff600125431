"""The cart at the lane: it asks, puts a question or calls a person, pays, and unlocks; and knows what to do offline.

`step(state, event)` is pure: what is to be done comes out as effects, in order, and `CartExit` carries them out. A
purchase is on disk before it is sent. While no answer comes the cart asks again; after a while the shop's policy
decides: goods in no doubt and up to a limit leave on trust and the purchase follows when the network is back, anything
else waits or is let go by a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from msgspec.structs import replace as replaced

from aisle.cart.audit import Audit, AuditPolicy, Case, History, StoreRisk, audit
from aisle.cart.audit_book import CheckResult
from aisle.cart.doubts import Worth
from aisle.cart.journal import Digest
from aisle.cart.lane import LaneDecision, LanePolicy, LaneRequest, Named, persons_for
from aisle.cart.merge import Merged
from aisle.cart.pricing import moment, trip_price
from aisle.cart.purchase import CartPurchase, Payer, purchase_of
from aisle.cart.purchase_queue import PurchaseQueue, Refusal
from aisle.cart.shop_link import RefusedError, ShopLink, UnreachableError
from aisle.cart.trip import Trip
from aisle.commerce.pricing.till import Till

PATIENCE_NS = 8_000_000_000  # how long a cart asks before the policy for carts offline decides
RETRY_NS = 500_000_000
OWING_RETRY_NS = 3_000_000_000
OWING = "the bank took the money back: another card has to pay"
_CAUSES_ONLY = dict.fromkeys(StoreRisk, 0.0)
_NO_SECRET = b"a cart draws no lots"


class Stage(StrEnum):
    """Where a cart is on its way out."""

    AWAY = "away"  # not at a lane
    ASKING = "asking"  # the lane is asked, or asked again
    QUESTION = "question"  # one question on the screen
    STAFF = "staff"  # a person looks, or confirms what is named
    NEEDS_PAYER = "needs payer"  # nobody has said who pays
    PAYING = "paying"
    REFUSED = "refused"  # this card does not pay; another may
    WAITING = "waiting"  # no network, and the goods may not leave on trust
    GONE = "gone"  # paid, or left on trust: unlocked


@dataclass(frozen=True, slots=True)
class Offer:
    """A trip as it is offered at the lane, worked out by the cart itself: what to ask, what to buy, what it costs.

    `said` is what the cart finds in doubt on its own, `persons` what only a person may let go.
    """

    request: LaneRequest
    purchase: CartPurchase
    total_minor: int
    said: Audit
    persons: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class ExitState:
    """Where a cart is on its way out; `why` is for the screen, `since_ns` when the shop was first not to be had.

    `kept`: a purchase of this `attempt` has been put on disk, so the next one is another attempt. `held`: the lane has
    last said that the goods may not go like this, which no lost network undoes.
    """

    stage: Stage = Stage.AWAY
    offer: Offer | None = None
    decision: LaneDecision | None = None
    attempt: int = 0
    merged: Merged | None = None
    trusted: bool = False
    why: str = ""
    since_ns: int | None = None
    next_ns: int | None = None
    kept: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """The cart is at a lane, or what it holds or who pays has changed while it was."""

    offer: Offer
    now_ns: int


@dataclass(frozen=True, slots=True)
class Told:
    """The lane's answer."""

    decision: LaneDecision


@dataclass(frozen=True, slots=True)
class Bought:
    """The shop's answer to the purchase."""

    merged: Merged
    now_ns: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The shop said no."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer came."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class Beat:
    """Time passes."""

    now_ns: int


@dataclass(frozen=True, slots=True)
class LetGo:
    """A person of the shop lets the goods go while the shop cannot be reached, and answers for it."""

    by: str
    now_ns: int


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The cart left the lane again, unpaid."""


Event = Offered | Told | Bought | Refused | Unreached | Beat | LetGo | RolledBack


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the lane."""

    request: LaneRequest


@dataclass(frozen=True, slots=True)
class Keep:
    """Put the purchase on disk."""

    purchase: CartPurchase


@dataclass(frozen=True, slots=True)
class Send:
    """Send the purchase and say what came of it."""

    purchase: CartPurchase


@dataclass(frozen=True, slots=True)
class Unlock:
    """Let the cart roll."""

    trip_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """Call a person to the cart."""

    why: str


Effect = Ask | Keep | Send | Unlock | Call


def offer_of(
    trip: Trip,
    lane_id: str,
    payer: Payer,
    till: Till,
    worth: Worth,
    now_ns: int,
    *,
    policy: AuditPolicy | None = None,
    member: bool = False,
    catalogue: str = "",
    digest: Digest | None = None,
) -> Offer:
    """What a cart offers at the lane. `till` and `worth` are those of the cart's own copy of the catalogue. Pure."""
    price = trip_price(trip, till, till.store, moment(now_ns), member=member, hints=False)
    own = replace(policy or AuditPolicy(), rates=_CAUSES_ONLY)
    said = audit(Case(trip, price.basket, History(), worth), own, _NO_SECRET)
    purchase = purchase_of(
        trip, till.store, till.book, payer, now_ns, member=member, risk_minor=said.stake_minor, catalogue=catalogue,
        digest=digest,
    )  # fmt: skip
    request = LaneRequest(lane_id, trip, payer, purchase.scanned_minor)
    return Offer(request, purchase, price.basket.total_minor, said, persons_for(trip, worth))


def step(state: ExitState, event: Event, policy: LanePolicy) -> tuple[ExitState, tuple[Effect, ...]]:
    """What follows from an event. Pure. Whatever comes after the cart is gone changes nothing."""
    if state.stage is Stage.GONE:
        return (replace(state, merged=event.merged), ()) if isinstance(event, Bought) else (state, ())
    match event:
        case Offered(offer, now_ns):
            return _offered(state, offer, now_ns)
        case Told(decision) if state.stage is Stage.ASKING:
            return _told(replace(state, decision=decision, since_ns=None, next_ns=None), decision)
        case Bought(merged, now_ns) if state.stage is Stage.PAYING:
            return _bought(replace(state, merged=merged, since_ns=None), merged, now_ns)
        case Refused(status, code, message) if state.offer is not None:
            stage = Stage.REFUSED if status == 402 else Stage.STAFF
            calls = () if status == 402 else (Call(message),)
            return replace(state, stage=stage, why=code, since_ns=None, next_ns=None), calls
        case Unreached(now_ns):
            return _unreached(state, now_ns, policy)
        case Beat(now_ns):
            return _again(state, now_ns)
        case LetGo(by, now_ns) if state.offer is not None and state.since_ns is not None:
            return _trusted(state, now_ns, f"let go by {by}")
        case RolledBack() if state.stage is not Stage.PAYING:
            return ExitState(attempt=state.attempt, kept=state.kept, held=state.held), ()
        case _:
            return state, ()


def _offered(state: ExitState, offer: Offer, now_ns: int) -> tuple[ExitState, tuple[Effect, ...]]:
    """Ask, unless it is being paid: then what was offered first stands until the bank has answered."""
    if state.stage is Stage.PAYING:
        return state, ()
    why = state.why if state.since_ns is not None else ""
    fresh = replace(state, stage=Stage.ASKING, offer=offer, decision=None, next_ns=None, why=why)
    if not offer.request.trip.lines and not offer.persons and offer.said.outcome == "green":
        return replace(fresh, stage=Stage.GONE), (Unlock(offer.request.trip.trip_id),)
    return fresh, (Ask(offer.request),)


def _told(state: ExitState, decision: LaneDecision) -> tuple[ExitState, tuple[Effect, ...]]:
    calls = tuple(Call(f"{named.duty} {named.name}".strip()) for named in decision.persons)
    state = replace(state, held=decision.decided != "green")
    if decision.decided == "question":
        return replace(state, stage=Stage.QUESTION), calls
    if decision.decided == "check":
        return replace(state, stage=Stage.STAFF, why=f"{decision.check} check"), (Call("; ".join(decision.reasons)),)
    if decision.decided == "person":
        return replace(state, stage=Stage.STAFF, why="confirm"), calls
    if state.offer is None or state.offer.purchase.payer == Payer():
        return replace(state, stage=Stage.NEEDS_PAYER), ()
    attempt = state.attempt + 1 if state.kept else state.attempt
    purchase = replaced(
        state.offer.purchase,
        attempt=attempt,
        risk_minor=decision.risk_minor,
        reasons=decision.reasons,
        sealed="checked" if any(reason.startswith("checked:") for reason in decision.reasons) else "green",
    )
    offer = replace(state.offer, purchase=purchase)
    return replace(state, stage=Stage.PAYING, offer=offer, attempt=attempt, kept=True), (Keep(purchase), Send(purchase))


def _bought(state: ExitState, merged: Merged, now_ns: int) -> tuple[ExitState, tuple[Effect, ...]]:
    """Unlock once it is paid. While the bank is asked, or a debt is paid at the lane, the shop is asked again."""
    if merged.state == "settling":
        return replace(state, next_ns=now_ns + RETRY_NS), ()
    if merged.state == "owing":
        calls = () if state.why == OWING else (Call(OWING),)
        return replace(state, stage=Stage.PAYING, why=OWING, next_ns=now_ns + OWING_RETRY_NS), calls
    return replace(state, stage=Stage.GONE, why="", next_ns=None), (Unlock(merged.trip_id),)


def _unreached(state: ExitState, now_ns: int, policy: LanePolicy) -> tuple[ExitState, tuple[Effect, ...]]:
    since_ns = now_ns if state.since_ns is None else state.since_ns
    waiting = replace(state, since_ns=since_ns, next_ns=now_ns + RETRY_NS)
    if state.offer is None or now_ns - since_ns < PATIENCE_NS:
        return waiting, ()
    held = _held_back(state, policy)
    if not held:
        return _trusted(waiting, now_ns, "the shop cannot be reached")
    calls = (Call(held),) if state.why != held else ()
    stage = Stage.PAYING if state.stage is Stage.PAYING else Stage.WAITING
    return replace(waiting, stage=stage, why=held), calls


def _held_back(state: ExitState, policy: LanePolicy) -> str:
    """Why goods may not leave on trust; "" when they may."""
    offer = state.offer
    if offer is None or policy.offline == "wait":
        return "carts wait for the shop"
    if offer.persons or state.held:
        return "a person is needed"
    if offer.said.outcome != "green":
        return "something is in doubt"
    if offer.purchase.payer == Payer():
        return "nobody pays yet"
    return "" if offer.total_minor <= policy.offline_limit_minor else "more than may leave on trust"


def _trusted(state: ExitState, now_ns: int, why: str) -> tuple[ExitState, tuple[Effect, ...]]:
    """Out on trust: kept on disk as another attempt, so that no refusal of an earlier one stands against it."""
    assert state.offer is not None
    attempt = state.attempt + 1
    purchase = replaced(state.offer.purchase, attempt=attempt, trusted=True, sealed="trusted", reasons=(why,))
    gone = replace(state, stage=Stage.GONE, trusted=True, attempt=attempt, kept=True, why=why, next_ns=None)
    return gone, (Keep(purchase), Unlock(purchase.trip_id))


def _again(state: ExitState, now_ns: int) -> tuple[ExitState, tuple[Effect, ...]]:
    """Ask or send again when it is time."""
    if state.next_ns is None or now_ns < state.next_ns or state.offer is None:
        return state, ()
    fresh = replace(state, next_ns=None)
    if state.stage is Stage.PAYING:
        return fresh, (Send(state.offer.purchase),)
    if state.stage in (Stage.ASKING, Stage.WAITING):
        return replace(fresh, stage=Stage.ASKING), (Ask(state.offer.request),)
    return fresh, ()


class CartExit:
    """Carries out what `step` says, for one cart. Not for several threads; requests take as long as the link lets them.

    `unlock` lets the cart roll, `call` calls a person; both are told again after a restart and must not mind.
    """

    def __init__(
        self,
        link: ShopLink,
        queue: PurchaseQueue,
        policy: LanePolicy,
        clock: Callable[[], int],
        *,
        unlock: Callable[[str], None],
        call: Callable[[str], None],
    ) -> None:
        self.state = ExitState()
        self._link, self._queue, self._policy, self._clock = link, queue, policy, clock
        self._unlock, self._call = unlock, call

    def offer(self, offer: Offer) -> ExitState:
        """The cart is at a lane with this; call it again whenever the trip or the payer has changed."""
        return self._take(Offered(offer, self._clock()))

    def checked(self, result: CheckResult, offer: Offer) -> ExitState:
        """A person has looked; `offer` is the trip as corrected. Where the shop cannot be told, see `let_go`."""
        try:
            self._link.checked(result)
        except RefusedError as refusal:
            return self._take(Refused(refusal.status, refusal.code, str(refusal)))
        except UnreachableError:
            return self._take(Unreached(self._clock()))
        return self.offer(offer)

    def beat(self) -> ExitState:
        """Let time pass: what is due again is tried again. Call it a few times a second."""
        return self._take(Beat(self._clock()))

    def let_go(self, by: str) -> ExitState:
        """A person lets the goods go while the shop cannot be reached."""
        return self._take(LetGo(by, self._clock()))

    def roll_back(self) -> ExitState:
        """The cart left the lane unpaid."""
        return self._take(RolledBack())

    def finish(self) -> None:
        """The next trip may begin."""
        self.state = ExitState()

    def resume(self, offer: Offer) -> ExitState:
        """After a restart in the middle of paying: go on with the purchase that is on disk, if there is one."""
        kept = self._queue.of_trip(offer.purchase.trip_id)
        visit_id = self._queue.visit_of(offer.purchase.trip_id)
        if visit_id is not None or (kept is not None and kept.trusted):
            self.state = ExitState(Stage.GONE, offer, trusted=visit_id is None)
            self._unlock(offer.purchase.trip_id)
        elif kept is not None:
            stands = replace(offer, purchase=kept)
            self.state = ExitState(Stage.PAYING, stands, attempt=kept.attempt, kept=True, next_ns=0)
        return self.beat()

    def _take(self, event: Event) -> ExitState:
        events = [event]
        while events:
            self.state, effects = step(self.state, events.pop(0), self._policy)
            for effect in effects:
                events += self._carry_out(effect)
        return self.state

    def _carry_out(self, effect: Effect) -> list[Event]:
        match effect:
            case Keep(purchase):
                self._queue.put(purchase)
            case Unlock(trip_id):
                self._unlock(trip_id)
            case Call(why):
                self._call(why)
            case Ask(request):
                return [self._answer(lambda: Told(self._link.lane(request)))]
            case Send(purchase):
                return [self._answer(lambda: Bought(send(self._link, self._queue, purchase), self._clock()))]
        return []

    def _answer(self, ask: Callable[[], Told | Bought]) -> Event:
        try:
            return ask()
        except RefusedError as refusal:
            return Refused(refusal.status, refusal.code, str(refusal))
        except UnreachableError:
            return Unreached(self._clock())


def send(link: ShopLink, queue: PurchaseQueue, purchase: CartPurchase) -> Merged:
    """Send one purchase and note what came of it. Raises RefusedError, UnreachableError."""
    try:
        merged = link.purchase(purchase)
    except RefusedError as refusal:
        queue.refused(Refusal(purchase.trip_id, purchase.attempt, refusal.code, str(refusal)))
        raise
    if merged.state not in ("settling", "owing") or purchase.trusted:
        queue.took(purchase.trip_id, merged.visit_id)
    return merged


def deliver(link: ShopLink, queue: PurchaseQueue) -> int:
    """Send what left on trust and still waits, oldest first, until the network is gone again; how many were taken.

    What the shop refuses for good stays in the queue for people (`PurchaseQueue.for_people`).
    """
    taken = 0
    for purchase in queue.waiting():
        if not purchase.trusted:
            continue
        try:
            send(link, queue, purchase)
        except RefusedError:
            continue
        except UnreachableError:
            break
        taken += 1
    return taken
