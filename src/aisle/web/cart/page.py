"""The page a cart's screen shows: one template, one style sheet, one module; everything else comes by the API.

Strict headers: nothing is loaded from anywhere else, nothing inline runs, no other page may frame it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from aisle.cart.live import LiveCart
from aisle.cart.speech import languages, speech
from aisle.commerce.receipts.words import plain
from aisle.web.problems import ProblemError

routes = APIRouter(include_in_schema=False)
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}
_FILES = {
    "tokens.css": "text/css", "cart.css": "text/css", "cart.js": "text/javascript", "dom.js": "text/javascript",
    "views.js": "text/javascript", "sheets.js": "text/javascript",
}  # fmt: skip


@routes.get("/")
def index(request: Request) -> Response:
    """The screen."""
    cart: LiveCart = request.app.state.cart
    state = cart.screen
    words = speech(state.language)
    text = _environment().get_template("cart.html").render(
        words=words,
        state=state,
        languages=languages(),
        store=plain(state.store),
        version=_version(),
    )  # fmt: skip
    return HTMLResponse(text, headers=HEADERS)


@routes.get("/favicon.ico")
def icon() -> Response:
    """There is none; browsers ask all the same."""
    return Response(status_code=204, headers={"Cache-Control": "max-age=86400"})


@routes.get("/static/{name}")
def static(name: str, request: Request) -> Response:
    """A file of the page. Its ETag is its content's digest."""
    kind = _FILES.get(name)
    if kind is None:
        raise ProblemError(404, "not_found", "There is no such file.")
    content = _content(name)
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)


@cache
def _content(name: str) -> bytes:
    return resources.files(__package__).joinpath("static", name).read_bytes()


@cache
def _version() -> str:
    """A digest of all files of the page, so that a new program is never shown with old files."""
    return hashlib.sha256(b"".join(_content(name) for name in sorted(_FILES))).hexdigest()[:12]


@cache
def _environment() -> Environment:
    loader = PackageLoader("aisle.web.cart", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
