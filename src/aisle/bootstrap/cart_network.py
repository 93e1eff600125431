"""A cart's side of a shop across a network: the link, the purchases on their way, the catalogue's copy, the errands.

Everything a cart needs from its shop is there before the network is: what was copied last counts until it is back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aisle.cart.errands import Errand, Errands
from aisle.cart.lane import LanePolicy
from aisle.cart.lane_policy import policy_in
from aisle.cart.purchase_queue import PurchaseQueue
from aisle.cart.shop_link import HttpShopLink
from aisle.cart.sync import CatalogueCopy
from aisle.settings import SettingsError

QUEUE, COPY = "purchases", "catalogue"


@dataclass(frozen=True, slots=True)
class NetworkedShop:
    """A cart's shop. `store` is the folder of the catalogue's version a trip begins with, `policy` the lane's rules."""

    link: HttpShopLink
    queue: PurchaseQueue
    copy: CatalogueCopy
    errands: Errands

    @property
    def store(self) -> Path:
        """The store folder as it was copied last. Raises SettingsError before there is any."""
        if not self.copy.version:
            raise SettingsError(f"found no copy of {self.link.url}'s catalogue; expected to reach the shop once")
        return self.copy.folder_of(self.copy.version)

    @property
    def policy(self) -> LanePolicy:
        """The lane's rules as they were copied last."""
        return policy_in(self.store)

    def close(self) -> None:
        """End the errands and let go of the queue."""
        self.errands.stop()
        self.queue.close()


def networked_shop(
    folder: Path,
    url: str,
    key: str,
    clock: Callable[[], int],
    *,
    plain_http: bool = False,
    told: Callable[[Errand], None] = lambda _errand: None,
) -> NetworkedShop:
    """The shop at `url`, for the cart that keeps its things in `folder` and carries `key` (of the role "device").

    Asks for the catalogue once; without an answer the copy from before counts. Call `errands.start()` to keep it fresh
    and to send what left on trust. Raises SettingsError for an address the key must not travel to.
    """
    try:
        link = HttpShopLink(url, key, plain_http=plain_http)
    except ValueError as error:
        raise SettingsError(f"shop: {error}") from error
    queue, copy = PurchaseQueue(folder / QUEUE), CatalogueCopy(folder / COPY)
    copy.refresh(link, clock())
    return NetworkedShop(link, queue, copy, Errands(link, queue, clock, copy, told=told))
