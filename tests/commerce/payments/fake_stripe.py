"""A small, strict server that speaks as much of Stripe's API as payments need, for the contract suite.

Shapes, states, error codes and parameter names are those of Stripe's API reference. What it does not know it refuses,
as Stripe does: an unknown parameter is a 400, a key that comes back with other parameters an idempotency error, a key
older than a day is forgotten. A partial capture gives the rest back as a refund of Stripe's own.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
API_KEY = "sk_test_not_a_real_key"
_DAY_S = 86_400


@dataclass(frozen=True)
class Bank:
    """How the bank behind a magic payment method answers."""

    brand: str = "visa"
    last4: str = "4242"
    decline: str = ""
    setup_decline: str = ""
    increment_decline: str = ""
    authenticate: bool = False
    increments: bool = True
    lapses_s: int = 4 * _DAY_S + 18 * 3_600


BANKS = {
    "pm_card_visa": Bank(),
    "pm_card_mastercard": Bank("mastercard", "4444", lapses_s=7 * _DAY_S),
    "pm_card_visa_chargeDeclined": Bank(last4="0002", setup_decline="generic_decline"),
    "pm_card_chargeCustomerFail": Bank(last4="0341", decline="generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Bank(last4="9995", decline="insufficient_funds"),
    "pm_card_authenticationRequired": Bank(last4="3184", authenticate=True),
    "pm_card_amex": Bank("amex", "0005", increments=False, lapses_s=7 * _DAY_S),
    "pm_card_discover": Bank("discover", "9424", increment_decline="insufficient_funds", lapses_s=7 * _DAY_S),
}

# What each endpoint takes, as dotted names; list items have none of their own.
_ANY = {"expand"}
PARAMETERS = {
    "POST customers": {"metadata"},
    "POST setup_intents": {"customer", "usage", "automatic_payment_methods"},
    "POST setup_intents/confirm": {"payment_method"},
    "POST payment_intents": {
        "amount", "currency", "customer", "payment_method", "automatic_payment_methods", "payment_method_options",
        "capture_method", "confirm", "off_session", "metadata",
    },
    "GET payment_intents": {"customer", "created", "limit", "starting_after"},
    "POST payment_intents/capture": {"amount_to_capture"},
    "POST payment_intents/cancel": set(),
    "POST payment_intents/increment_authorization": {"amount"},
    "POST refunds": {"payment_intent", "amount", "metadata"},
    "GET refunds": {"payment_intent", "limit", "starting_after"},
}  # fmt: skip


class RefusedError(Exception):
    """An error answer of Stripe's."""

    def __init__(self, status: int, kind: str, message: str, code: str = "", **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **({"code": code} if code else {}), **more}}


def invalid(message: str, code: str = "", status: int = 400, **more: Any) -> RefusedError:
    return RefusedError(status, "invalid_request_error", message, code, **more)


def unexpected(intent: Json, wanted: str) -> RefusedError:
    message = f"This PaymentIntent's status is {intent['status']}; {wanted} needs another."
    return invalid(message, "payment_intent_unexpected_state", payment_intent=intent)


@dataclass
class Company:
    """Stripe's books: what exists, and what was said to each key."""

    clock: Callable[[], int]
    methods: dict[str, Json] = field(default_factory=dict)
    banks: dict[str, Bank] = field(default_factory=lambda: dict(BANKS))
    customers: dict[str, Json] = field(default_factory=dict)
    setups: dict[str, Json] = field(default_factory=dict)
    intents: dict[str, Json] = field(default_factory=dict)
    refunds: dict[str, Json] = field(default_factory=dict)
    said: dict[str, tuple[int, Json, int, Json]] = field(default_factory=dict)
    outage: list[str] = field(default_factory=list)  # what happens to the next calls: "before" or "after" the work
    calls: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, idempotency key
    page_size: int = 100
    numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    def now_s(self) -> int:
        return self.clock() // 1_000_000_000

    def answer(self, method: str, path: str, key: str, given: Json) -> tuple[int, Json]:
        """The status and body for a request; the first ones again for a key that is known."""
        self.calls.append((method, path, key))
        trouble = self.outage.pop(0) if self.outage else ""
        if trouble == "before":
            return 503, {"error": {"type": "api_error", "message": "try again"}}
        status, body = self._once(method, path, key, given)
        return (503, {"error": {"type": "api_error", "message": "try again"}}) if trouble == "after" else (status, body)

    def _once(self, method: str, path: str, key: str, given: Json) -> tuple[int, Json]:
        request = {"path": path, **given}
        at, first, status, body = self.said.get(key, (0, {}, 0, {})) if method == "POST" else (0, {}, 0, {})
        if status and self.now_s() - at < _DAY_S:
            if first != request:
                message = "Keys for idempotent requests can only be used with the same parameters."
                return 400, {"error": {"type": "idempotency_error", "message": message}}
            return status, body
        try:
            status, body = 200, self._route(method, path, given)
        except RefusedError as refused:
            status, body = refused.status, refused.body
        body = json.loads(json.dumps(body))
        if method == "POST" and body.get("error", {}).get("code") != "parameter_unknown":
            self.said[key] = (self.now_s(), request, status, body)
        return status, body

    def _route(self, method: str, path: str, given: Json) -> Json:
        self._lapse()
        parts = path.removeprefix("/v1/").split("/")
        name = "_".join([method.lower(), parts[0], *(["one"] if len(parts) == 2 else parts[2:])])
        allowed = PARAMETERS.get(" ".join([method, "/".join(parts[:1] + parts[2:])]), set()) | _ANY
        unknown = set(given) - (allowed if len(parts) != 2 else _ANY)
        if unknown:
            raise invalid(f"Received unknown parameters: {', '.join(sorted(unknown))}", "parameter_unknown")
        handler: Callable[..., Json] | None = getattr(self, name, None)
        if handler is None:
            raise invalid(f"Unrecognized request URL ({method}: {path}).", status=404)
        return handler(*parts[1:2], **{k: v for k, v in given.items() if k != "expand"})

    def _find(self, books: dict[str, Json], one: str, what: str) -> Json:
        if one not in books:
            raise invalid(f"No such {what}: '{one}'", "resource_missing", 404)
        return books[one]

    def _lapse(self) -> None:
        for intent in self.intents.values():
            card = (intent["latest_charge"] or {}).get("payment_method_details", {}).get("card", {})
            if intent["status"] == "requires_capture" and card["capture_before"] <= self.now_s():
                intent.update(status="canceled", cancellation_reason="automatic", amount_capturable=0)

    # Cards on file

    def get_payment_methods_one(self, one: str) -> Json:
        if one in self.banks and one not in self.methods:
            bank = self.banks[one]
            card = {"brand": bank.brand, "last4": bank.last4, "fingerprint": f"fp{bank.last4}"}
            self.methods[one] = {"id": one, "object": "payment_method", "type": "card", "customer": None, "card": card}
        return self._find(self.methods, one, "PaymentMethod")

    def post_customers(self, metadata: Json) -> Json:
        one = f"cus_{self.numbers()}"
        self.customers[one] = {"id": one, "object": "customer", "metadata": metadata}
        return self.customers[one]

    def get_customers_one(self, one: str) -> Json:
        return self._find(self.customers, one, "customer")

    def post_setup_intents(self, customer: str, usage: str, automatic_payment_methods: Json) -> Json:
        self._find(self.customers, customer, "customer")
        one = f"seti_{self.numbers()}"
        self.setups[one] = {
            "id": one, "object": "setup_intent", "customer": customer, "status": "requires_payment_method",
            "payment_method": None, "usage": usage,
        }  # fmt: skip
        return self.setups[one]

    def post_setup_intents_confirm(self, one: str, payment_method: str) -> Json:
        setup = self._find(self.setups, one, "setup_intent")
        magic = self.get_payment_methods_one(payment_method)
        bank = self.banks[payment_method]
        if bank.setup_decline:
            raise RefusedError(
                402, "card_error", "Your card was declined.", "card_declined", decline_code=bank.setup_decline
            )
        kept = f"pm_{self.numbers()}"
        self.methods[kept] = {**magic, "id": kept, "customer": setup["customer"]}
        self.banks[kept] = bank
        setup.update(status="succeeded", payment_method=kept)
        return setup

    # Intents

    def post_payment_intents(
        self, amount: str, currency: str, customer: str, payment_method: str, metadata: Json, **rest: Any
    ) -> Json:
        self._find(self.customers, customer, "customer")
        method = self._find(self.methods, payment_method, "PaymentMethod")
        if method["customer"] != customer:
            raise invalid("The customer does not have a payment method with the ID given.", "resource_missing", 404)
        bank = self.banks[payment_method]
        intent = {
            "id": f"pi_{self.numbers()}", "object": "payment_intent", "amount": int(amount), "currency": currency,
            "amount_received": 0, "amount_capturable": 0, "cancellation_reason": None, "created": self.now_s(),
            "customer": customer, "payment_method": payment_method, "metadata": metadata, "latest_charge": None,
            "last_payment_error": None, "status": "requires_payment_method", "capture_method": rest["capture_method"],
        }  # fmt: skip
        self.intents[intent["id"]] = intent
        code = "authentication_required" if bank.authenticate else bank.decline
        if code:
            outer = code if bank.authenticate else "card_declined"
            intent["last_payment_error"] = {"code": outer, "decline_code": code, "message": "Your card was declined."}
            message = "Your card was declined."
            raise RefusedError(402, "card_error", message, outer, decline_code=code, payment_intent=dict(intent))
        self._stand(intent, bank, asked="payment_method_options" in rest)
        return intent

    def _stand(self, intent: Json, bank: Bank, asked: bool) -> None:
        card = {
            "brand": bank.brand, "capture_before": self.now_s() + bank.lapses_s,
            "incremental_authorization": {"status": "available" if asked and bank.increments else "unavailable"},
        }  # fmt: skip
        intent["latest_charge"] = {
            "id": f"ch_{self.numbers()}", "object": "charge", "amount": intent["amount"], "amount_captured": 0,
            "amount_refunded": 0, "currency": intent["currency"],
            "payment_method_details": {"type": "card", "card": card},
        }  # fmt: skip
        intent.update(status="requires_capture", amount_capturable=intent["amount"])

    def customer_confirms(self, one: str) -> None:
        """What the customer does on the page with Stripe's script: confirm an intent on-session."""
        intent = self._find(self.intents, one, "payment_intent")
        self._stand(intent, self.banks[intent["payment_method"]], asked=False)
        intent["last_payment_error"] = None

    def get_payment_intents_one(self, one: str) -> Json:
        return self._find(self.intents, one, "payment_intent")

    def get_payment_intents(self, created: Json, limit: str, customer: str = "", starting_after: str = "") -> Json:
        since = int(created["gte"])
        found = [
            one for one in reversed(self.intents.values())
            if one["created"] >= since and customer in ("", one["customer"])
        ]  # fmt: skip
        return page(found, min(int(limit), self.page_size), starting_after, "/v1/payment_intents")

    def post_payment_intents_capture(self, one: str, amount_to_capture: str) -> Json:
        intent = self._find(self.intents, one, "payment_intent")
        if intent["status"] != "requires_capture":
            raise unexpected(intent, "capture")
        amount, charge = int(amount_to_capture), intent["latest_charge"]
        if amount > intent["amount_capturable"]:
            raise invalid("The amount is greater than what can be captured.", "amount_too_large")
        charge.update(amount_captured=amount, amount_refunded=charge["amount"] - amount)
        intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
        if amount < charge["amount"]:
            self._give_back(intent, charge["amount"] - amount, {})
        return intent

    def post_payment_intents_cancel(self, one: str) -> Json:
        intent = self._find(self.intents, one, "payment_intent")
        if intent["status"] in ("succeeded", "canceled"):
            raise unexpected(intent, "cancel")
        charge = intent["latest_charge"]
        if charge is not None:
            charge["amount_refunded"] = charge["amount"]
        intent.update(status="canceled", amount_capturable=0)
        return intent

    def post_payment_intents_increment_authorization(self, one: str, amount: str) -> Json:
        intent = self._find(self.intents, one, "payment_intent")
        if intent["status"] != "requires_capture":
            raise unexpected(intent, "increment_authorization")
        charge, bank = intent["latest_charge"], self.banks[intent["payment_method"]]
        if charge["payment_method_details"]["card"]["incremental_authorization"]["status"] != "available":
            raise invalid("This PaymentIntent is not eligible for incremental authorization.")
        if bank.increment_decline:
            decline = bank.increment_decline
            raise RefusedError(402, "card_error", "Your card was declined.", "card_declined", decline_code=decline)
        charge["amount"] = int(amount)
        intent.update(amount=int(amount), amount_capturable=int(amount))
        return intent

    # Refunds

    def post_refunds(self, payment_intent: str, amount: str, metadata: Json) -> Json:
        intent = self._find(self.intents, payment_intent, "payment_intent")
        charge = intent["latest_charge"]
        if int(amount) > charge["amount"] - charge["amount_refunded"]:
            raise invalid("Refund amount is greater than unrefunded amount on charge.")
        charge["amount_refunded"] += int(amount)
        return self._give_back(intent, int(amount), metadata)

    def _give_back(self, intent: Json, amount: int, metadata: Json) -> Json:
        one = f"re_{self.numbers()}"
        self.refunds[one] = {
            "id": one, "object": "refund", "amount": amount, "currency": intent["currency"], "status": "succeeded",
            "payment_intent": intent["id"], "metadata": metadata,
        }  # fmt: skip
        return self.refunds[one]

    def get_refunds(self, payment_intent: str, limit: str, starting_after: str = "") -> Json:
        found = [one for one in reversed(self.refunds.values()) if one["payment_intent"] == payment_intent]
        return page(found, min(int(limit), self.page_size), starting_after, "/v1/refunds")


def page(found: list[Json], limit: int, after: str, url: str) -> Json:
    """One page of a list, newest first."""
    names = [one["id"] for one in found]
    start = names.index(after) + 1 if after else 0
    data = found[start : start + limit]
    return {"object": "list", "data": data, "has_more": start + len(data) < len(found), "url": url}


def nested(form: str) -> Json:
    """Form data with names such as `a[b]` as a tree; list items only under their list's name."""
    tree: Json = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        first, *inner = re.findall(r"[^\[\]]+", name)
        here = tree
        for step in inner:
            here = here.setdefault(first, {})
            first = step
        here[first] = value
    return tree


class FakeStripe:
    """The company behind a port of this machine, until closed."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.company = Company(clock)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        company, lock = self.company, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                split = urlsplit(self.path)
                self._reply(split.path, split.query)

            def do_POST(self) -> None:
                self._reply(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

            def _reply(self, path: str, form: str) -> None:
                with lock:
                    status, body = self._said(path, form)
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def _said(self, path: str, form: str) -> tuple[int, Json]:
                if self._key_shown() != API_KEY:
                    message = f"Invalid API Key provided: {self._key_shown()}"
                    return 401, {"error": {"type": "invalid_request_error", "message": message}}
                key = self.headers.get("Idempotency-Key", "")
                return company.answer(self.command, path, key, nested(form))

            def _key_shown(self) -> str:
                scheme, _, value = self.headers.get("Authorization", "").partition(" ")
                return base64.b64decode(value).decode().rstrip(":") if scheme == "Basic" else value

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler
