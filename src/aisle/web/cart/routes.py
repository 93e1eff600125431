"""The routes of a cart's server: its screen, its stream, touches, tiles, pictures, staff, health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from aisle.cart.live import LiveCart
from aisle.cart.screen_state import ScreenState, Tile
from aisle.cart.shopper import Shopper
from aisle.cart.speech import languages, speech
from aisle.cart.staff import StaffAct
from aisle.cart.staff_list import LockedError, Member, badge
from aisle.cart.trip import Phase
from aisle.web.cart.requests import Acting, Language, Paying, SigningIn, StaffSigningIn, Touch, value_of
from aisle.web.documents import answer, holds
from aisle.web.problems import ProblemError

routes = APIRouter()
SIGN_OF_LIFE_S = 15
MOST_STREAMS = 8


class CardList(msgspec.Struct, frozen=True):
    """What may be paid with, by the provider's token."""

    cards: dict[str, str]


class TileList(msgspec.Struct, frozen=True):
    """Products found, the likeliest first."""

    tiles: tuple[Tile, ...]


class WordList(msgspec.Struct, frozen=True):
    """The words of a language, and all languages there are."""

    language: str
    words: dict[str, str]
    languages: dict[str, str]


class StaffToken(msgspec.Struct, frozen=True):
    """A member of staff is signed in; `token` is the bearer of what follows."""

    name: str
    token: str


class Health(msgspec.Struct, frozen=True):
    """`ok` while the cart may be given to a shopper or is with one."""

    ok: bool
    phase: str
    devices: tuple[DeviceHealth, ...]
    waiting: int
    trouble: str = ""


class DeviceHealth(msgspec.Struct, frozen=True):
    """One device: how many readings it gave, and what is wrong with it."""

    name: str
    kind: str
    readings: int
    trouble: str


SPOKEN = (ScreenState, CardList, TileList, WordList, StaffToken, Health)


async def _cart(request: Request) -> LiveCart:
    cart: LiveCart = request.app.state.cart
    return cart


Cart = Annotated[LiveCart, Depends(_cart)]


async def _member(cart: Cart, authorization: Annotated[str | None, Header(include_in_schema=False)] = None) -> Member:
    """Whoever of the staff is signed in. Raises a 401 problem when nobody is."""
    scheme, _, token = (authorization or "").partition(" ")
    member = cart.staff_member(token) if scheme.lower() == "bearer" else None
    if member is None:
        raise ProblemError(
            401, "staff_only", "Nobody of the staff is signed in.", found="no token, or one that has lapsed",
            expected="Authorization: Bearer TOKEN", headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip
    return member


Staff = Annotated[Member, Depends(_member)]


@routes.get("/v1/screen", responses=holds(ScreenState), tags=["screen"])
async def screen(cart: Cart, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The screen as it is now. The ETag is its revision."""
    state = cart.screen
    tag = f'"{state.revision}"'
    return Response(status_code=304, headers={"ETag": tag}) if if_none_match == tag else answer(state, ETag=tag)


@routes.get(
    "/v1/screen/stream",
    response_class=EventSourceResponse,
    tags=["screen"],
    responses={200: {"description": "Events `screen`, each with the whole screen; the id is its revision.",
                     "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def stream(request: Request, cart: Cart, last_event_id: Annotated[str | None, Header()] = None) -> Response:
    """The screen as it changes. After a break, `Last-Event-ID` resumes behind the revision it names."""
    app_state = request.app.state
    if app_state.streams >= MOST_STREAMS:
        raise ProblemError(
            503, "streams_taken", "This screen is watched by too many already.", found=str(app_state.streams),
            expected=f"at most {MOST_STREAMS}", headers={"Retry-After": "5"},
        )  # fmt: skip
    after = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else -1
    return EventSourceResponse(_changes(request, cart, min(after, 2**62)), ping=SIGN_OF_LIFE_S)


async def _changes(request: Request, cart: LiveCart, after: int) -> AsyncIterator[ServerSentEvent]:
    state = request.app.state
    state.streams += 1
    subscription = cart.subscribe(after)
    try:
        async for _ in subscription.changes():
            now = cart.screen
            yield ServerSentEvent(event="screen", id=str(now.revision), data=msgspec.json.encode(now).decode())
    finally:
        state.streams -= 1
        subscription.close()


@routes.post("/v1/sign-in", responses=holds(ScreenState), tags=["trip"])
def sign_in(cart: Cart, body: SigningIn) -> Response:
    """A shopper begins, by a phone's code or as a guest."""
    if body.card and body.card not in cart.cards:
        raise ProblemError(
            422, "card_unknown", "This card cannot be used here.", found="another", expected="one of /v1/cards"
        )
    shopper = Shopper(email=body.email, card_token=body.card, code=body.code)
    return answer(cart.sign_in(shopper, body.language or ""))


@routes.post("/v1/taps", responses=holds(ScreenState), tags=["trip"])
def taps(cart: Cart, body: Annotated[Touch, Body()]) -> Response:
    """A touch on the screen."""
    return answer(cart.touch(body.tap, value_of(body)))


@routes.post("/v1/payment", responses=holds(ScreenState), tags=["trip"])
def payment(cart: Cart, body: Paying) -> Response:
    """Pay with another card, or send the receipt elsewhere."""
    return answer(cart.pay_with(body.card, body.email))


@routes.post("/v1/finish", responses=holds(ScreenState), tags=["trip"])
def finish(cart: Cart) -> Response:
    """The receipt was seen; the cart is free."""
    return answer(cart.leave())


@routes.get("/v1/tiles", responses=holds(TileList), tags=["screen"])
def tiles(
    cart: Cart,
    q: Annotated[str, Query(max_length=60, description="Beginnings of words, or digits.")] = "",
    most: Annotated[int, Query(ge=1, le=48)] = 24,
) -> Response:
    """Products whose name or number begins so; loose produce when nothing is asked."""
    return answer(TileList(cart.tiles(q, most)))


@routes.get("/v1/pictures/{gtin}", tags=["screen"], responses={200: {"content": {"image/*": {}}}})
def picture(
    cart: Cart, gtin: Annotated[str, Path(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_-]+$")]
) -> Response:
    """A product's picture."""
    path = cart.picture(gtin)
    if path is None:
        raise ProblemError(404, "not_found", "There is no picture of that product.")
    return FileResponse(path, headers={"Cache-Control": "max-age=3600"})


@routes.get("/v1/cards", responses=holds(CardList), tags=["trip"])
def cards(cart: Cart) -> Response:
    """What a guest may pay with."""
    return answer(CardList(cart.cards))


@routes.get("/v1/words", responses=holds(WordList), tags=["screen"])
def words(cart: Cart, language: Annotated[Language | None, Query()] = None) -> Response:
    """The screen's words in a language; without one, in the screen's own."""
    found = speech(language or cart.screen.language)
    return answer(WordList(found.locale.language, found.words, languages()))


@routes.post("/v1/staff/sign-in", responses=holds(StaffToken), tags=["staff"])
def staff_sign_in(cart: Cart, body: StaffSigningIn) -> Response:
    """A member of staff, by number and PIN or by badge."""
    shown = (body.number, body.pin) if body.number else badge(body.pin)
    try:
        found = cart.staff_sign_in(*shown) if shown is not None else None
    except LockedError as error:
        raise ProblemError(
            429, "staff_locked", "Too many wrong tries.", found="a try too early",
            expected=f"one in {error.seconds:.0f} s",
            headers={"Retry-After": str(int(error.seconds) + 1)},
        ) from error  # fmt: skip
    if found is None:
        raise ProblemError(403, "staff_unknown", "Number and PIN do not belong together.")
    member, token = found
    return answer(StaffToken(member.name, token))


@routes.post("/v1/staff/sign-out", responses=holds(ScreenState), tags=["staff"])
def staff_sign_out(cart: Cart, member: Staff) -> Response:
    """Nobody of the staff is at the cart any more."""
    return answer(cart.staff_sign_out())


@routes.post("/v1/staff/acts", responses=holds(ScreenState), tags=["staff"])
def staff_acts(cart: Cart, member: Staff, body: Acting) -> Response:
    """What a member of staff puts right; it is kept with name and reason."""
    act = StaffAct(
        "", body.kind, member.number, 0, body.about, body.reason, body.gtin, body.quantity, body.grams, body.price_minor
    )
    return answer(cart.act(act))


@routes.get("/healthz", responses=holds(Health), tags=["health"])
async def healthz(cart: Cart) -> Response:
    """How the cart does: 503 while it is out of service or its core is in trouble."""
    found = cart.health()
    ok = found.phase is not Phase.OUT_OF_SERVICE and not found.trouble
    devices = tuple(DeviceHealth(d.name, d.kind, d.readings, d.trouble) for d in found.devices)
    return answer(Health(ok, found.phase.value, devices, found.waiting, found.trouble), 200 if ok else 503)
