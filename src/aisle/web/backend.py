"""What the routes stand on, and how they get at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from aisle.cart.lane import Lane
from aisle.cart.sync import Publisher
from aisle.commerce.payments.port import Notice, PaymentProvider
from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.running import Running
from aisle.store.model import Store
from aisle.visits.desk import Desk
from aisle.visits.journal import MessageId
from aisle.visits.outbox import Outbox
from aisle.web.access import Doorkeeper, message_of
from aisle.web.links import SignedLinks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backend:
    """A shop as the API sees it. `notice` reads and verifies a provider's webhook: body and signature header."""

    store: Store
    desk: Desk
    outbox: Outbox
    provider: PaymentProvider
    prices: PriceBook
    running: Running
    doorkeeper: Doorkeeper
    notice: Callable[[bytes, str], Notice]
    clock: Callable[[], int]
    ids: Callable[[], str]
    links: SignedLinks
    lane: Lane
    catalogue: Publisher

    async def look(self, question: Callable[[str], T], about: str) -> T:
        """The desk's answer to a short question: asked here on SQLite, in a thread of its own across a network.

        A look into SQLite takes less time than changing threads does; a database elsewhere could hold up everybody.
        """
        if self.desk.database.sqlite:
            return question(about)
        return await run_in_threadpool(question, about)


async def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


Behind = Annotated[Backend, Depends(_backend)]
Numbered = Annotated[MessageId | None, Depends(message_of)]
