"""The receipt as HTML: for the mailbox, where looks are inline and laid out by tables, and for a page of its own.

Both are filled from the same sheet by Jinja2 with escaping always on; neither loads anything from anywhere and neither
holds a script. The page keeps the strict content policy of `page_policy`.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.sheet import lay_out
from aisle.commerce.receipts.words import tongue


def receipt_html(receipt: Receipt, locale: str) -> str:
    """The receipt for a mail: tables, inline looks, dark colours where the reader's program knows them."""
    return _fill("mail.html", receipt, locale)


def receipt_page(receipt: Receipt, locale: str) -> str:
    """The receipt as a whole page; serve it with the content policy of `page_policy`."""
    return _fill("page.html", receipt, locale, style=Markup(_style()))


def page_policy() -> str:
    """The Content-Security-Policy header under which `receipt_page` is whole: its own style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _fill(template: str, receipt: Receipt, locale: str, **more: Markup) -> str:
    being_checked = tongue(locale).say("being_checked")
    return (
        _environment()
        .get_template(template)
        .render(sheet=lay_out(receipt, locale), being_checked=being_checked, **more)
    )


@cache
def _style() -> str:
    source, _, _ = _loader().get_source(_environment(), "page.css")
    return source


@cache
def _loader() -> PackageLoader:
    return PackageLoader("aisle.commerce.receipts", "templates")


@cache
def _environment() -> Environment:
    return Environment(loader=_loader(), autoescape=True, undefined=StrictUndefined, trim_blocks=False)
