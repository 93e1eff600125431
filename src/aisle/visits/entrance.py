"""Who comes in and how: the gate's commands, parties, re-entry, and what a hold's answer means at the gate."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from aisle.visits import customers
from aisle.visits import events as ev
from aisle.visits.closing import Shop
from aisle.visits.codes import Codes
from aisle.visits.customers import Customer, visit_in
from aisle.visits.errors import CodeReplayedError, InDebtError, NoCardError, TransitionError, VisitError
from aisle.visits.journal import Work
from aisle.visits.model import Visit
from aisle.visits.policy import after
from aisle.visits.tables import codes as used_codes


class Entry(msgspec.Struct, frozen=True):
    """What the gate is told. `admitted`: open. Else `reason` is a stable code and `message` for the person.

    "authorising" means that a hold was asked for under `key`: run that effect, then ask again.
    """

    visit_id: str
    admitted: bool
    reason: str = ""
    message: str = ""
    key: str = ""


def entry_of(visit: Visit) -> Entry:
    """What the gate is told about a visit."""
    if visit.state == "refused":
        return Entry(visit.visit_id, False, visit.refusal, visit.refusal_message)
    if visit.state == "entered":
        key = visit.step.key if visit.step is not None else ""
        return Entry(visit.visit_id, False, "authorising", "one moment please", key)
    return Entry(visit.visit_id, True)


def by_code(shop: Shop, codes: Codes, work: Work, code: str, gate_id: str) -> Entry:
    """A customer's phone at the gate."""
    now_ns = shop.clock()
    customer, nonce = _shown(codes, work, code, now_ns)
    entry = _welcome(shop, work, customer, gate_id, now_ns)
    work.rows.insert(used_codes, {"nonce": nonce, "used_at_ns": now_ns})
    return entry


def redeem(codes: Codes, work: Work, code: str, shown_ns: int) -> Customer:
    """Whose phone was shown to a cart at the moment `shown_ns`; the code is used up and opens no gate any more."""
    customer, nonce = _shown(codes, work, code, shown_ns)
    work.rows.insert(used_codes, {"nonce": nonce, "used_at_ns": shown_ns})
    return customer


def _shown(codes: Codes, work: Work, code: str, shown_ns: int) -> tuple[Customer, str]:
    """The customer whose code this is, and its number used once."""
    opened = codes.open(code, shown_ns)
    if work.fetch(select(used_codes.c.nonce).where(used_codes.c.nonce == opened.nonce)):
        raise CodeReplayedError(
            "this entry code has opened a gate before: show the one on the phone now",
            found="a used code",
            expected="a fresh one",
        )
    return customers.find(work.fetch, opened.customer_id), opened.nonce


def _welcome(shop: Shop, work: Work, customer: Customer, gate_id: str, now_ns: int) -> Entry:
    customers.refuse_debtors(work.fetch, customer.payer)
    open_visit = _open_visit(shop, work, customer.payer, now_ns)
    if open_visit is not None:
        return entry_of(_admit_again(work, open_visit, gate_id, now_ns))
    return _enter(shop, work, customer, gate_id, now_ns)


def apart(
    shop: Shop, work: Work, customer_id: str, gate_id: str, *, hold_minor: int | None = None, trusted: bool = False
) -> Entry:
    """A customer who shopped elsewhere, in a visit of its own whatever else the customer does in the shop.

    `trusted`: the goods are outside already; nobody is turned away, and what no card pays is owed.
    """
    customer = customers.find(work.fetch, customer_id)
    if not trusted:
        customers.refuse_debtors(work.fetch, customer.payer)
    hold_minor = 0 if trusted else hold_minor
    return _enter(shop, work, customer, gate_id, shop.clock(), apart=True, hold_minor=hold_minor)


def _enter(
    shop: Shop,
    work: Work,
    customer: Customer,
    gate_id: str,
    now_ns: int,
    *,
    apart: bool = False,
    hold_minor: int | None = None,
) -> Entry:
    hold_minor = shop.policy.hold_for(shop.store.currency) if hold_minor is None else hold_minor
    if hold_minor > 0 and customer.card is None:
        raise NoCardError("there is no card on file: add one on the phone", found="no card", expected="a card on file")
    entered = ev.Entered(
        now_ns,
        shop.ids(),
        "code",
        gate_id,
        shop.store.currency,
        customer.customer_id,
        None,
        customer.card,
        "",
        hold_minor,
        apart,
    )
    return entry_of(work.append(Visit(""), entered))


def by_card(
    shop: Shop, work: Work, token: str, gate_id: str, *, apart: bool = False, hold_minor: int | None = None
) -> Entry:
    """A card presented at the gate; whose it is shows only once the provider has answered."""
    hold_minor = max(1, shop.policy.hold_for(shop.store.currency)) if hold_minor is None else hold_minor
    entered = ev.Entered(
        shop.clock(), shop.ids(), "card", gate_id, shop.store.currency, token=token, hold_minor=hold_minor, apart=apart
    )
    return entry_of(work.append(Visit(""), entered))


def guest(shop: Shop, work: Work, host_visit_id: str, gate_id: str) -> Entry:
    """One more person the host pays for: on the host's receipt, or with a receipt of their own, as the shop decided."""
    host, now_ns = work.visit(host_visit_id), shop.clock()
    if host.state not in ("entered", "shopping"):
        raise TransitionError(
            f"visit {host_visit_id} is {host.state}: it takes no more guests",
            found=host.state,
            expected="entered or shopping",
        )
    if shop.store.policies.party_shares_receipt:
        return entry_of(work.append(host, ev.Joined(now_ns, gate_id)))
    entered = ev.Entered(
        now_ns,
        shop.ids(),
        "guest",
        gate_id,
        shop.store.currency,
        host.customer_id,
        host.visit_id,
        host.card,
        hold_minor=shop.policy.hold_for(shop.store.currency),
    )
    return entry_of(work.append(Visit(""), entered))


def staff(shop: Shop, work: Work, staff_id: str, gate_id: str) -> Entry:
    """Somebody who works here: nothing is held and nothing will be charged."""
    entered = ev.Entered(shop.clock(), shop.ids(), "staff", gate_id, shop.store.currency, host=None, token="")
    visit = work.append(Visit(""), entered)
    return entry_of(work.append(visit, ev.BecameStaff(shop.clock(), staff_id)))


def manual(shop: Shop, work: Work, by: str, gate_id: str) -> Entry:
    """A person of the shop lets somebody in without a card; what they take is owed, payable by link."""
    entered = ev.Entered(shop.clock(), shop.ids(), "manual", gate_id, shop.store.currency, token="")
    return entry_of(work.append(Visit(""), entered))


def hold_answered(shop: Shop, work: Work, visit: Visit, entries: tuple[ev.Event, ...]) -> Visit:
    """The entries of a hold's answer, and what they mean for somebody waiting at the gate with a card.

    Only now is the card known: its owner may owe something, come back into a visit, or be one more of a party.
    """
    now_ns, held = entries[0].at_ns, entries[0]
    if visit.state != "entered" or not isinstance(held, ev.Held):
        return work.append(visit, *entries)
    card = held.card or visit.card
    if visit.customer_id is not None or card is None or not card.fingerprint:
        return work.append(visit, *entries)
    payer = f"card:{card.fingerprint}"
    try:
        customers.refuse_debtors(work.fetch, payer)
    except InDebtError as refusal:
        return _turn_away(work, visit, held, refusal)
    other = None if visit.apart else _open_visit(shop, work, payer, now_ns)
    if other is None or other.visit_id == visit.visit_id:
        return work.append(visit, *entries)
    _admit_again(work, other, visit.gate_id, now_ns)
    refused = ev.Refused(now_ns, "goes_on", "welcome back", other.visit_id)
    return work.append(work.append(visit, refused), held)


def _turn_away(work: Work, visit: Visit, held: ev.Held, refusal: VisitError) -> Visit:
    refused = ev.Refused(held.at_ns, refusal.code, refusal.message)
    return work.append(work.append(visit, refused), held)


def _open_visit(shop: Shop, work: Work, payer: str, now_ns: int) -> Visit | None:
    """The payer's visit that is still going on, or was left so lately that it may go on."""
    found = visit_in(work.fetch, payer, ("entered", "shopping", "left", "in_review"))
    if found is None or found.state in ("entered", "shopping"):
        return found
    left_at_ns = found.left_at_ns or found.changed_at_ns
    return found if now_ns <= after(left_at_ns, shop.policy.reentry_grace_s) else None


def _admit_again(work: Work, visit: Visit, gate_id: str, now_ns: int) -> Visit:
    """Back into a visit that was left, or one more person of the party into one that goes on."""
    back = visit.state in ("left", "in_review")
    return work.append(visit, ev.Returned(now_ns, gate_id) if back else ev.Joined(now_ns, gate_id))
