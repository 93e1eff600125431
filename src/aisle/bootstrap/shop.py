"""A shop put together. Nobody else builds an adapter.

What a shop keeps lies in `var/` in its store folder: the database of its visits, the sandbox provider's books, the
secret that signs codes and tokens, and the keys of its API.
"""

from __future__ import annotations

import hmac
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aisle.cart.audit import AuditPolicy, StoreRisk
from aisle.cart.book import make_tables
from aisle.cart.lane import Lane, LanePolicy
from aisle.cart.lane_policy import FILE as LANE_FILE
from aisle.cart.lane_policy import policy_text
from aisle.cart.sync import Publisher, store_texts
from aisle.commerce.connector.client import OrderConnector
from aisle.commerce.connector.outgoing import Webhooks
from aisle.commerce.payments.port import Notice, PaymentProvider
from aisle.commerce.payments.sandbox import Delivery, Sandbox
from aisle.commerce.payments.webhooks import read_notice
from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.running import Running
from aisle.commerce.pricing.till import Till
from aisle.commerce.receipts.mail import AddressError, MailDelayedError, Mailer, MailRefusedError, receipt_message
from aisle.commerce.receipts.receipt import Receipt
from aisle.settings import Settings, SettingsError
from aisle.store.folder import load_store
from aisle.store.model import Store
from aisle.visits.customers import Customer
from aisle.visits.database import Database
from aisle.visits.desk import Desk
from aisle.visits.effects import EffectKind
from aisle.visits.handlers import Payments, mailing
from aisle.visits.outbox import Handler, Outbox, PermanentError, TryLater
from aisle.visits.partners import ordering, telling
from aisle.visits.policy import VisitPolicy
from aisle.visits.reading import Links
from aisle.web.access import Doorkeeper
from aisle.web.backend import Backend
from aisle.web.keys import KeyRing, ShopperTokens
from aisle.web.links import SignedLinks

if TYPE_CHECKING:
    from aisle.commerce.payments.stripe import StripeProvider

_log = logging.getLogger(__name__)
VAR = "var"
SANDBOX_SECRET = "whsec_sandbox"
BEAT_S = 1.0  # how often what time alone makes due is looked for
WORKERS = 4

Clock = Callable[[], int]
Ids = Callable[[], str]


@dataclass
class Shop:
    """A shop put together. `start` lets it work by itself, `stop` ends that, `close` gives everything back."""

    store: Store
    settings: Settings
    database: Database
    provider: PaymentProvider
    desk: Desk
    outbox: Outbox
    backend: Backend
    on_close: list[Callable[[], None]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _beat: threading.Thread | None = None

    def start(self) -> None:
        """Work off the outbox and watch the clock, in threads, until `stop`. On SQLite no other program serves."""
        self._over.clear()
        if self.database.sqlite:
            self.outbox.recover()
        self.outbox.start(WORKERS)
        self.backend.lane.merger.resume()
        self._beat = threading.Thread(target=self._watch, name="beat")
        self._beat.start()

    def stop(self) -> None:
        """Finish what is being done."""
        self._over.set()
        if self._beat is not None:
            self._beat.join()
            self._beat = None
        self.outbox.stop()

    def close(self) -> None:
        """Give back files and connections."""
        for give_back in reversed(self.on_close):
            give_back()

    def beat(self) -> None:
        """What time alone makes due: reviews nobody answered, visits nobody ended, the sandbox's webhooks."""
        self.desk.settle_due()
        if isinstance(self.provider, Sandbox):
            self.provider.deliver()

    def _watch(self) -> None:
        while not self._over.wait(BEAT_S):
            try:
                self.beat()
            except Exception:  # a database that is away for a while must not stop the shop's clock
                _log.exception("the shop could not look what is due; it tries again in a moment")


def open_shop(folder: Path, settings: Settings, clock: Clock, ids: Ids, random: Callable[[int], bytes]) -> Shop:
    """The shop of a store folder. Raises StoreError, SettingsError."""
    store = load_store(folder)
    var = folder / VAR
    var.mkdir(mode=0o700, exist_ok=True)
    url = settings.database_url or f"sqlite:///{var / 'visits.db'}"
    shop = compose(store, var, url, settings, clock, ids, secret_of(var / "secret", random))
    rules = policy_text(shop.backend.lane.policy)
    shop.backend.catalogue.publish({**store_texts(folder), LANE_FILE: rules})
    return shop


def compose(store: Store, var: Path, url: str, settings: Settings, clock: Clock, ids: Ids, secret: bytes) -> Shop:
    """A shop out of its parts: database by `url`, everything else under `var`."""
    database = Database(url)
    database.migrate()
    make_tables(database)

    def notice(body: bytes, signature: str) -> Notice:
        return read_notice(body, signature, secrets, clock())

    def deliver(delivery: Delivery) -> bool:
        desk.notice(notice(delivery.body, delivery.signature))
        return True

    provider, secrets = _provider(settings, var, clock, ids, deliver)
    till = Till(store)
    links = SignedLinks(settings.public_url or f"http://{settings.host}:{settings.port}", secret)
    desk = Desk(
        database,
        store,
        price=till.price,
        clock=clock,
        ids=ids,
        code_keys=[secret],
        policy=policy_of(settings, store),
        links=Links(links.receipt, links.pay),
    )
    outbox = Outbox(desk, _handlers(settings, desk, provider))
    return Shop(
        store,
        settings,
        database,
        provider,
        desk,
        outbox,
        Backend(
            store=store,
            desk=desk,
            outbox=outbox,
            provider=provider,
            prices=PriceBook(store),
            running=Running(store),
            doorkeeper=Doorkeeper(KeyRing(var / "keys.toml"), ShopperTokens(secret), clock),
            notice=notice,
            clock=clock,
            ids=ids,
            links=links,
            lane=Lane(desk, outbox, till, lane_policy_of(settings), hmac.digest(secret, b"cart audits", "sha256")),
            catalogue=Publisher(var / "catalogue", clock),
        ),
        [database.close, provider.close],
    )


def policy_of(settings: Settings, store: Store) -> VisitPolicy:
    """The shop's rules for visits, out of its settings."""
    tell = {"mail"} if settings.smtp_host else set()
    tell |= {"order"} if settings.order_url else set()
    tell |= {"webhook"} if settings.webhook_url else set()
    return VisitPolicy(
        hold_minor={store.currency: settings.hold_minor},
        reentry_grace_s=settings.reentry_grace_s,
        abandon_after_s=settings.abandon_after_s,
        review_risk_minor=settings.review_risk_minor,
        review_due_s=settings.review_due_s,
        tell=frozenset(tell),
    )


def lane_policy_of(settings: Settings) -> LanePolicy:
    """The shop's rules for the lanes of its carts, out of its settings."""
    named = (category.strip() for category in settings.cart_watched_categories.split(","))
    audit = AuditPolicy(
        risk=StoreRisk(settings.cart_risk),
        small_minor=settings.cart_small_minor,
        theft_categories=frozenset(filter(None, named)),
    )
    return LanePolicy(audit, settings.cart_offline, settings.cart_offline_limit_minor)


def secret_of(path: Path, random: Callable[[int], bytes]) -> bytes:
    """The shop's secret; made on first use, readable by nobody else."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(random(32))
    except FileExistsError:
        pass
    secret = path.read_bytes()
    if len(secret) < 16:
        raise SettingsError(f"{path}: found {len(secret)} bytes; expected the 32 that were written there")
    return secret


def _provider(
    settings: Settings, var: Path, clock: Clock, ids: Ids, deliver: Callable[[Delivery], bool]
) -> tuple[Sandbox | StripeProvider, list[str]]:
    """The payment provider, and the secrets that sign its webhooks. The sandbox delivers its own to `deliver`."""
    if settings.payments == "sandbox":
        sandbox = Sandbox(var / "sandbox.db", clock, ids, webhooks=deliver, secret=SANDBOX_SECRET)
        return sandbox, [SANDBOX_SECRET]
    key, secret = settings.stripe_key.get_secret_value(), settings.stripe_webhook_secret.get_secret_value()
    if not key or not secret:
        raise SettingsError("AISLE_STRIPE_KEY, AISLE_STRIPE_WEBHOOK_SECRET: found nothing; expected both from Stripe")
    try:
        from aisle.commerce.payments.stripe import StripeProvider
    except ImportError as error:
        raise SettingsError("AISLE_PAYMENTS=stripe needs the stripe package: pip install 'aisle[stripe]'") from error
    return StripeProvider(key, clock, base_address=settings.stripe_url or None), [secret]


def _handlers(settings: Settings, desk: Desk, provider: PaymentProvider) -> dict[EffectKind, Handler]:
    handlers = Payments(provider).handlers()
    try:
        if settings.smtp_host:
            handlers["mail"] = mailing(desk, _sender(settings))
        if settings.order_url:
            connector = OrderConnector(settings.order_url, settings.order_token.get_secret_value())
            handlers["order"] = ordering(desk, connector)
        if settings.webhook_url:
            webhooks = Webhooks(settings.webhook_url, (settings.webhook_secret.get_secret_value(),))
            handlers["webhook"] = telling(desk, webhooks)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    return handlers


def _sender(settings: Settings) -> Callable[[Receipt, Customer], str]:
    mailer = Mailer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_tls,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
    )

    def send(receipt: Receipt, customer: Customer) -> str:
        if not customer.email:
            return ""
        try:
            message = receipt_message(receipt, locale=customer.locale, sender=settings.mail_from, to=customer.email)
            mailer.deliver(message)
        except MailDelayedError as error:
            raise TryLater(str(error)) from error
        except (MailRefusedError, AddressError) as error:
            raise PermanentError(str(error)) from error
        return customer.email

    return send
