"""What differs between two shops that run the same store folder: addresses, secrets, providers.

Read from the environment (`AISLE_…`) and from `aisle.env` in the store folder, which keeps secrets out of the store's
own files. Everything has a default with which a shop runs embedded: SQLite, the sandbox provider, no mail sent.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "AISLE_"
_WANTED = {"public_url": "an address such as https://shop.example"}  # where pydantic's own words help nobody


class SettingsError(Exception):
    """A setting cannot be used; the message names it, what was found and what would be right."""


class Settings(BaseSettings):
    """All settings; each is an environment variable `AISLE_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field("", description="SQLite file in the store folder when empty; postgresql+psycopg://…")
    host: str = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65535)
    public_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="How phones reach this shop: links in mails. http://host:port when empty.",
    )

    payments: Literal["sandbox", "stripe"] = "sandbox"
    stripe_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_url: str = Field("", description="Another address than Stripe's own, for tests.")

    smtp_host: str = Field("", description="No mail is sent when empty; receipts stay on their page.")
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "implicit", "none"] = "starttls"
    mail_from: str = "receipts@example.com"

    order_url: str = Field("", description="The retailer's base address for POST /v1/order/purchases.")
    order_token: SecretStr = SecretStr("")
    webhook_url: str = Field("", description="Where the retailer wants to hear of settled visits and refunds.")
    webhook_secret: SecretStr = SecretStr("")

    hold_minor: int = Field(5000, ge=1, description="Held on the card at entry, minor units.")
    review_risk_minor: int = Field(100, ge=0, description="Money at risk above which a person looks at a visit.")
    review_due_s: int = Field(600, ge=0)
    reentry_grace_s: int = Field(120, ge=0)
    abandon_after_s: int = Field(4 * 3600, ge=60)

    cart_risk: Literal["low", "normal", "high"] = Field("normal", description="How much the shop loses: audit rates.")
    cart_watched_categories: str = Field("", description="Categories often stolen, with commas between.")
    cart_small_minor: int = Field(150, ge=0, description="Doubt at the lane up to this is let go, minor units.")
    cart_offline: Literal["trust", "wait"] = Field("trust", description="What carts do while the shop is away.")
    cart_offline_limit_minor: int = Field(5000, ge=0, description="So much leaves on trust at most, minor units.")

    clips: str = Field("", description="Folder for clips of changes, relative to the store folder; none when empty.")
    clips_keep_days: float = Field(7.0, gt=0, allow_inf_nan=False, description="After so long clips are deleted.")

    models: str = Field("", description="Folder of embedding networks; one in the user's data folder when empty.")
    embeddings: str = Field("", description="Names of those to recognise by, with commas between; all when empty.")


def read_settings(folder: Path) -> Settings:
    """The settings for the store in `folder`. Raises `SettingsError`."""
    path = folder / "aisle.env"
    _look_through(path)
    try:
        return Settings(_env_file=path)
    except ValidationError as error:
        raise SettingsError("; ".join(_fault(entry) for entry in error.errors())) from None


def _look_through(path: Path) -> None:
    """Refuse what the settings would pass over in silence: lines that say nothing, and names that are misspelt."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    try:
        with path.open(encoding="utf-8") as file:
            lines = list(parse_stream(file))
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    for line in lines:
        where = f"{path}, line {line.original.line}"
        if line.error or (line.key is not None and line.value is None):
            raise SettingsError(f"{where}: found no setting; expected NAME=VALUE, such as AISLE_PORT=8400")
        name = (line.key or "").upper()
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            raise SettingsError(f"{where}: found {line.key}; expected {near[0] if near else 'a setting Aisle knows'}")


def _fault(entry: Mapping[str, Any]) -> str:
    """One setting that cannot be used; what was found is left out where it may be a secret."""
    field = str(entry["loc"][0])
    secret = Settings.model_fields[field].annotation is SecretStr
    found = "" if secret else f"found {entry['input']!r}; "
    return f"{PREFIX}{field.upper()}: {found}expected {_WANTED.get(field) or _wanted(entry['msg'])}"


def _wanted(message: str) -> str:
    """What would be right, out of pydantic's "Input should be …"."""
    wanted = message.removeprefix("Input should be ").partition(", unable to parse")[0]
    return f"a number {wanted}" if wanted.startswith(("greater", "less")) else wanted
