"""A cart and a shop across a network: the link with its key, the catalogue's copy, receipts, and what left on trust."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from aisle.cart.config import CartConfig
from aisle.cart.shop_link import HttpShopLink, UnreachableError
from aisle.cart.sync import CatalogueCopy
from aisle.commerce.receipts.words import tongue
from aisle.settings import SettingsError

_log = logging.getLogger(__name__)
EVERY_S = 30.0
LONGEST_RECEIPT = 1 << 20


@dataclass(frozen=True, slots=True)
class Joined:
    """A cart that has joined a shop: the config with a store folder in it, the link, and the catalogue's copy.

    `copy` is None where the config names a store folder of its own.
    """

    config: CartConfig
    link: HttpShopLink
    copy: CatalogueCopy | None


def joined(config: CartConfig, now_ns: int) -> Joined | None:
    """The shop a config names, None where it names none. Raises SettingsError.

    Without a store folder the catalogue is brought up to date from the shop; what is there serves while it is away.
    """
    if not config.shop_url:
        return None
    link = _link(config)
    if config.store.name:
        return Joined(config, link, None)
    copy = CatalogueCopy(config.folder / "catalogue")
    wrong = copy.refresh(link, now_ns)
    if not copy.version:
        raise SettingsError(f"{config.shop_url}: no catalogue came ({wrong}); the first start needs the shop")
    if wrong:
        _log.warning("the catalogue is that of the last time: %s", wrong)
    copy.unpin()
    copy.pin(copy.version)
    return Joined(dataclasses.replace(config, store=copy.folder_of(copy.version)), link, copy)


@dataclass(frozen=True, slots=True)
class HttpReceipts:
    """Receipts of a shop across the network; it mails them itself to the customers it knows."""

    link: HttpShopLink

    def __call__(self, visit_id: str, email: str, language: str) -> str:
        """The text of a visit's receipt. Raises UnreachableError."""
        query = urlencode({"format": "text", "locale": tongue(language).tag})
        url = f"{self.link.url.rstrip('/')}/v1/visits/{quote(visit_id)}/receipt?{query}"
        headers = {"Authorization": f"Bearer {self.link.key}"}
        reply = self.link.transport.get(url, headers, LONGEST_RECEIPT)
        if reply.status != 200:
            raise UnreachableError(f"the shop answered {reply.status}: {reply.excerpt}")
        return reply.body.decode("utf-8", "replace")


class Errands:
    """What a cart does beside shopping, now and then: send what left on trust, ask for a newer catalogue."""

    def __init__(self, errands: tuple[Callable[[], object], ...], every_s: float = EVERY_S) -> None:
        self._errands, self._every_s = errands, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="cart-errands", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No more of them."""
        self._over.set()
        self._thread.join(5.0)

    def _serve(self) -> None:
        while not self._over.wait(self._every_s):
            for errand in self._errands:
                try:
                    errand()
                except Exception:
                    _log.exception("an errand failed; it is tried again")


def _link(config: CartConfig) -> HttpShopLink:
    try:
        key = config.shop_key.read_text(encoding="utf-8").strip() if config.shop_key is not None else ""
        return HttpShopLink(config.shop_url, key)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config.shop_key}: {error}; expected the file with the cart's key") from None
    except ValueError as error:
        raise SettingsError(f"{config.shop_url}: {error}") from None
