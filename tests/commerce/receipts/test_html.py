"""Mail and page: nothing loaded from anywhere, nothing a name could break out of, the page within its policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.receipts.html import page_policy, receipt_html, receipt_page
from aisle.commerce.receipts.receipt import Receipt
from commerce.receipts.samples import ALL, FINAL

VOID = {"meta", "br", "link", "img"}
BOTH = pytest.mark.parametrize("write", [receipt_html, receipt_page], ids=["mail", "page"])


class Reader(HTMLParser):
    """Collects tags and attributes, and checks that every element is closed where it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "background"}]
        self.open += [tag] if tag not in VOID else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@BOTH
@pytest.mark.parametrize("receipt", ALL.values(), ids=ALL)
def test_whole_and_free_of_foreign_things(receipt: Receipt, write: Callable[[Receipt, str], str]) -> None:
    html = write(receipt, "de")
    reader = read(html)
    assert not reader.tags & {"script", "img", "link", "iframe", "form", "object"}
    assert all(link.startswith("https://shop.example/") for link in reader.links)
    assert not [name for name in reader.attributes if name.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html


def test_the_page_keeps_its_policy() -> None:
    html = receipt_page(FINAL, "en")
    style = re.findall(r"<style>(.*?)</style>", html, re.S)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page_policy()
    assert "style" not in read(html).attributes


def test_the_mail_carries_its_looks_inline_and_knows_the_dark() -> None:
    html = receipt_html(FINAL, "en")
    assert "prefers-color-scheme: dark" in html
    assert 'name="color-scheme" content="light dark"' in html


def test_a_long_receipt_is_not_cut() -> None:
    """Large mail services cut what is longer than about 100 kB."""
    lines = tuple(
        msgspec.structs.replace(FINAL.priced.lines[1], line_id=f"line-{k}", name=f"Penne rigate number {k}, 500 g")
        for k in range(60)
    )
    receipt = msgspec.structs.replace(FINAL, priced=msgspec.structs.replace(FINAL.priced, lines=lines))
    assert len(receipt_html(receipt, "de").encode()) < 100_000


@BOTH
@given(name=st.text(min_size=1), line_id=st.text(min_size=1, max_size=20))
def test_names_cannot_break_out(name: str, line_id: str, write: Callable[[Receipt, str], str]) -> None:
    line = msgspec.structs.replace(FINAL.priced.lines[1], name=name + "<script>'\"&", line_id=line_id)
    priced = msgspec.structs.replace(FINAL.priced, lines=(line,))
    html = write(msgspec.structs.replace(FINAL, priced=priced, store=name + "</title><b>", imprint=name), "en")
    assert not read(html).tags & {"script", "b"}


@BOTH
def test_states_have_their_colour_and_their_words(write: Callable[[Receipt, str], str]) -> None:
    assert "Nothing has been charged yet." in write(ALL["pending"], "en")
    assert "being checked" in write(ALL["pending"], "en")
    assert "Pay €10.61" in write(ALL["owed"], "en")
    assert "checked by a person" in write(ALL["final"], "en")
