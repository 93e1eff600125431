"""The words of the cart's screen in the languages of the receipt, joined to the receipt's own words and formats.

Words are small TOML files beside this module, one per language, all with the same keys, none of them a receipt's.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from aisle.commerce.receipts.words import LANGUAGES, Tongue, tongue


def speech(tag: str) -> Tongue:
    """The words and formats for a tag such as `de-AT`; American English for one that is none."""
    known = tongue(tag)
    return Tongue(known.words | cart_words(known.locale.language), known.locale)


def languages() -> dict[str, str]:
    """The screen's languages by code, each under its own name."""
    return {language: cart_words(language)["language_name"] for language in LANGUAGES}


@cache
def cart_words(language: str) -> dict[str, str]:
    """The cart's own words in one of the receipt's languages."""
    text = resources.files(__package__).joinpath("words", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
