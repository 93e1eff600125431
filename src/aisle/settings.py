"""What differs between two shops that run the same store folder: addresses, secrets, providers.

Read from the environment (`AISLE_…`) and from `aisle.env` in the store folder, which keeps secrets out of the store's
own files. Everything has a default with which a shop runs embedded: SQLite, the sandbox provider, no mail sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """A setting cannot be used; the message names it, what was found and what would be right."""


class Settings(BaseSettings):
    """All settings; each is an environment variable `AISLE_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="AISLE_", extra="ignore", hide_input_in_errors=True)

    database_url: str = Field("", description="SQLite file in the store folder when empty; postgresql+psycopg://…")
    host: str = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65535)
    public_url: str = Field("", description="How phones reach this shop: links in mails. http://host:port when empty.")
    locale: str = "en-GB"

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


def read_settings(folder: Path) -> Settings:
    """The settings for the store in `folder`. Raises `SettingsError`."""
    try:
        return Settings(_env_file=folder / "aisle.env")
    except ValidationError as error:
        faults = "; ".join(f"AISLE_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(faults) from None
