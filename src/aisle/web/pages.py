"""The pages behind the links of a mail: a receipt with "This is not right" on every line, and paying a debt.

The address is the key: whoever was mailed it may look, ask back and pay, and there is no cookie a foreign page could
ride on. Forms work without a script, carry a number used once, so that one sent twice counts once, and every answer,
also a refusal, is a page in words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from aisle.commerce.receipts.sheet import lay_out
from aisle.commerce.receipts.words import Tongue, plain
from aisle.visits.errors import (
    OverRefundError,
    PaymentUnderWayError,
    QuantityError,
    TransitionError,
    UnknownCustomerError,
    UnknownLineError,
    UnknownVisitError,
    VisitError,
)
from aisle.visits.journal import MessageId
from aisle.visits.model import Visit
from aisle.web.asking import ASKABLE, REASONS, answer_to, lines_of, reason_of
from aisle.web.backend import Backend, Behind
from aisle.web.collecting import being_paid, card_on_file, carry_out, sandbox_cards, why_not
from aisle.web.paper import onward, page, speech, wished

LONGEST_FORM = 16_384  # bytes
_MOST_FIELDS = 20
_PAY_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ONCE = re.compile(r"[\x21-\x7e]{1,64}")
_REFUSALS: dict[type[VisitError], str] = {
    OverRefundError: "refused_over",
    QuantityError: "refused_quantity",
    TransitionError: "refused_state",
    UnknownLineError: "refused_line",
}


class RefusedError(Exception):
    """A page cannot be shown or a form not taken: the key of the words that say so, and the HTTP status."""

    def __init__(self, key: str, status: int) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


class PageRoute(APIRoute):
    """A route whose refusals are pages in the reader's language."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with every refusal turned into a page."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except UnknownVisitError:
                refused = RefusedError("not_found", 404)
            except VisitError as error:
                refused = RefusedError("no_receipt", error.status)
            except RefusedError as error:
                refused = error
            words = speech(wished(request.headers.get("accept-language", "")))
            say = words.words
            return page(
                "notice.html",
                words,
                refused.status,
                title=say[refused.key],
                text=say.get(f"{refused.key}_note", ""),
            )

        return handle


routes = APIRouter(route_class=PageRoute, include_in_schema=False)


@routes.get("/receipts/{signed}")
def receipt(signed: str, request: Request, behind: Behind, line: str = "", asked: str = "") -> Response:
    """The receipt, with the form of `line` open, or with the answer to what was just `asked`."""
    visit = _opened(signed, behind)
    words = _words(visit, request, behind)
    dispute = visit.dispute(asked)
    notice = answer_to(visit, dispute, words) if dispute is not None else ("", "")
    return _receipt_page(visit, words, behind, notice, opened="" if dispute else line)


@routes.post("/receipts/{signed}")
async def ask_back(signed: str, request: Request, behind: Behind) -> Response:
    """Ask units of a line back."""
    sent = await _form(request)
    return await run_in_threadpool(_ask_back, signed, request, behind, sent)


@routes.get("/pay/{pay_token}")
def debt(pay_token: str, request: Request, behind: Behind, tried: str = "") -> Response:
    """What is owed, and the ways to pay it."""
    visit = _debtor(pay_token, behind)
    return _pay_page(visit, _words(visit, request, behind), behind, tried=bool(tried))


@routes.post("/pay/{pay_token}")
async def pay(pay_token: str, request: Request, behind: Behind) -> Response:
    """Pay what is owed, with the card on file or another one."""
    sent = await _form(request)
    return await run_in_threadpool(_pay, pay_token, request, behind, sent)


def _ask_back(signed: str, request: Request, behind: Backend, sent: dict[str, str]) -> Response:
    visit = _opened(signed, behind)
    words = _words(visit, request, behind)
    line_id, reason = sent.get("line", ""), reason_of(sent.get("reason", ""), sent.get("words", ""))

    def refuse(key: str, status: int) -> Response:
        return _receipt_page(visit, words, behind, (words.say(key), ""), opened=line_id, status=status)

    message = _once(visit, f"ask\n{line_id}", sent)
    if message is None:
        return refuse("page_old", 422)
    if not reason:
        return refuse("words_missing", 422)
    try:
        by = visit.customer_id or "receipt page"
        made = behind.desk.dispute(
            visit.visit_id, line_id, _count(sent.get("quantity", "")), reason, by, message=message
        )
    except tuple(_REFUSALS) as error:
        return refuse(_REFUSALS[type(error)], error.status)
    return onward(urlencode({"asked": made.dispute_id}))


def _pay(pay_token: str, request: Request, behind: Backend, sent: dict[str, str]) -> Response:
    visit = _debtor(pay_token, behind)
    words = _words(visit, request, behind)
    message = _once(visit, "pay", sent)
    token = sent.get("card", "")
    card = None if token else card_on_file(behind, visit)
    if message is None or (token and token not in sandbox_cards(behind, words)) or (not token and card is None):
        return _pay_page(visit, words, behind, notice=words.say("page_old"), status=422)
    try:
        behind.desk.pay_debt(visit.visit_id, card=card, token=token, message=message)
    except (PaymentUnderWayError, TransitionError):
        return onward("tried=1")  # it is being paid, or was paid meanwhile: the page says which
    carry_out(behind, visit.visit_id)
    return onward("tried=1")


def _receipt_page(
    visit: Visit, words: Tongue, behind: Backend, notice: tuple[str, str], opened: str, status: int = 200
) -> Response:
    found = behind.desk.receipt(visit.visit_id)
    return page(
        "receipt.html",
        words,
        status,
        sheet=lay_out(found, words.tag),
        lines=lines_of(visit, found, words, opened),
        askable=visit.state in ASKABLE,
        notice=notice,
        reasons=REASONS,
        once=behind.ids(),
    )


def _pay_page(
    visit: Visit, words: Tongue, behind: Backend, *, notice: str = "", tried: bool = False, status: int = 200
) -> Response:
    sheet = lay_out(behind.desk.receipt(visit.visit_id), words.tag)
    owing, waits = visit.state == "owing", being_paid(visit)
    card = card_on_file(behind, visit) if owing else None
    shown = words.say("card", brand=words.brand(card.brand), last4=plain(card.last4)) if card else ""
    if owing and not waits:
        notice = notice or " ".join(
            [words.say("tried_again" if tried else "bank_said_no"), why_not(behind, visit, words)]
        )
    return page(
        "pay.html",
        words,
        status,
        sheet=sheet,
        owing=owing,
        waits=waits,
        notice=notice,
        amount=words.money(visit.due_minor if owing else visit.paid_minor, visit.currency),
        card=shown,
        cards=sandbox_cards(behind, words) if owing else {},
        receipt_url=behind.links.receipt(visit.visit_id),
        once=behind.ids(),
    )


def _opened(signed: str, behind: Backend) -> Visit:
    """The visit of a signed address. Raises RefusedError, UnknownVisitError."""
    visit_id = behind.links.visit_of(signed)
    if visit_id is None:
        raise RefusedError("not_found", 404)
    return behind.desk.visit(visit_id)


def _debtor(pay_token: str, behind: Backend) -> Visit:
    if not _PAY_TOKEN.fullmatch(pay_token):
        raise RefusedError("not_found", 404)
    return behind.desk.debtor(pay_token)


def _words(visit: Visit, request: Request, behind: Backend) -> Tongue:
    """The customer's language, else the one the browser wishes for."""
    try:
        known = behind.desk.customer(visit.customer_id).locale if visit.customer_id else ""
    except UnknownCustomerError:
        known = ""
    return speech(known or wished(request.headers.get("accept-language", "")))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form. Raises RefusedError when it is larger than any of ours."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise RefusedError("too_large", 413)
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise RefusedError("too_large", 413) from None


def _once(visit: Visit, what: str, sent: dict[str, str]) -> MessageId | None:
    """The number of a form, for this visit and this purpose only; None where it carries none."""
    number = sent.get("once", "")
    if not _ONCE.fullmatch(number):
        return None
    digest = hashlib.sha256(f"{visit.visit_id}\n{what}\n{number}".encode("utf-8", "replace")).hexdigest()
    return MessageId("page", digest[:48], 0)


def _count(text: str) -> int:
    """How many units; what is no number is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
