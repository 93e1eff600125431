"""Routes that keep the shop running: health, what waits for a person, and webhooks of the payment provider."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from aisle.commerce.payments.port import SignatureError
from aisle.commerce.payments.webhooks import WebhookBodyError
from aisle.web.access import allow
from aisle.web.backend import Backend, Behind
from aisle.web.documents import answer, holds
from aisle.web.keys import Caller
from aisle.web.problems import ProblemError
from aisle.web.views import Health, OutboxList, Taken

routes = APIRouter(tags=["operations"])
Operator = Annotated[Caller, Depends(allow())]
Key = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
LARGEST_WEBHOOK = 256 * 1024


@routes.get("/health", responses=holds(Health))
def health(behind: Behind) -> Response:
    """Whether the shop answers, and whether something waits for a person. Needs no key."""
    parked = len(behind.outbox.parked())
    return answer(Health("attention" if parked else "ok", behind.store.name, parked))


@routes.get("/v1/outbox/parked", responses=holds(OutboxList))
def parked(caller: Operator, behind: Behind) -> Response:
    """Effects that will not work without a person: captures, refunds, mails, messages to others."""
    return answer(OutboxList(behind.outbox.parked()))


@routes.post("/v1/outbox/{key}/retry", status_code=204)
def retry(key: Key, caller: Operator, behind: Behind) -> None:
    """Try a parked effect again, at once."""
    if key not in {row.key for row in behind.outbox.parked(limit=10_000)}:
        raise ProblemError(404, "not_parked", "No such effect waits for a person.", found=key, expected="a parked one")
    behind.outbox.retry(key)


@routes.post(
    "/v1/webhooks/payments",
    responses=holds(Taken),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def webhook(
    request: Request,
    behind: Behind,
    stripe_signature: Annotated[str, Header(description="The provider's signature over the body.")] = "",
) -> Response:
    """The payment provider says that something changed. It is believed only as far as to look again."""
    body = await request.body()
    if len(body) > LARGEST_WEBHOOK:
        raise ProblemError(413, "webhook_too_large", "No webhook is so long.", found=f"{len(body)} bytes")
    return answer(Taken(await run_in_threadpool(_take, behind, body, stripe_signature)))


def _take(behind: Backend, body: bytes, signature: str) -> bool:
    try:
        told = behind.notice(body, signature)
    except SignatureError as error:
        raise ProblemError(403, "signature_invalid", str(error)) from error
    except WebhookBodyError as error:
        raise ProblemError(422, "webhook_invalid", str(error)) from error
    return behind.desk.notice(told)
