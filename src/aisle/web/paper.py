"""What the pages behind the links of a mail are made of: templates, words, one style sheet, strict headers.

The looks are those of the receipt's own page, with what forms need added. Nothing is loaded from anywhere and no page
holds a script: every form works without one. Words are small TOML files beside this module, in the languages of the
receipt, and join its own words.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from functools import cache
from importlib import resources

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aisle.commerce.receipts.words import DEFAULT, LANGUAGES, Tongue, tongue

_RECEIPT = "aisle.commerce.receipts"
_MOST_WISHES = 20  # languages of one reader that are looked at


def speech(tag: str) -> Tongue:
    """The receipt's language and formats for a tag such as `de-AT`, with the words of the pages."""
    known = tongue(tag)
    return Tongue(known.words | _words(known.locale.language), known.locale)


def wished(accept_language: str) -> str:
    """The first tag of an Accept-Language header, by its weights, that there are words for."""
    wishes: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:_MOST_WISHES]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), tag.strip()))
        except ValueError:
            continue
    named = (tag for weight, tag in sorted(wishes, key=lambda wish: wish[0]) if weight < 0)
    return next((tag for tag in named if tag.partition("-")[0].lower() in LANGUAGES), DEFAULT)


def page(template: str, words: Tongue, status: int = 200, **parts: object) -> Response:
    """A template filled and ready to be sent."""
    style = Markup(_style())  # our own file, nothing of a reader's
    text = _environment().get_template(template).render(words=words, style=style, **parts)
    return HTMLResponse(text, status, headers())


def onward(query: str) -> Response:
    """After a form was taken: show the same address anew with this query, so that loading again sends nothing."""
    return RedirectResponse(f"?{query}", 303, headers())


def headers() -> dict[str, str]:
    """What every page is sent with: own style only, own forms only, no frame, no copy, no trace of its address."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
        "Cache-Control": "no-store",
    }


@cache
def _words(language: str) -> dict[str, str]:
    text = resources.files(__package__).joinpath("words", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _style() -> str:
    own, receipt = PackageLoader("aisle.web", "templates"), PackageLoader(_RECEIPT, "templates")
    return receipt.get_source(_environment(), "page.css")[0] + own.get_source(_environment(), "pages.css")[0]


@cache
def _environment() -> Environment:
    loader = PackageLoader("aisle.web", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
