"""The receipt of a trip paid at the cart: its text for the screen, and a mail to guests who named an address.

Known customers are mailed by the shop itself. Where no mail server is named the mail is laid into a folder.
"""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from aisle.commerce.receipts.mail import AddressError, MailDelayedError, Mailer, MailRefusedError, receipt_message
from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.text import receipt_text
from aisle.settings import Settings
from aisle.visits.desk import Desk


class EmbeddedReceipts:
    """Receipts of a shop in this very program."""

    def __init__(self, desk: Desk, settings: Settings, folder: Path) -> None:
        self._desk, self._settings, self._folder = desk, settings, folder

    def __call__(self, visit_id: str, email: str, language: str) -> str:
        """The text of a visit's receipt; sends it to the address where there is one."""
        receipt = self._desk.receipt(visit_id)
        if not self._settings.public_url:  # nobody could follow a link to this cart
            receipt = replace(receipt, dispute_url="", pay_url="")
        if email:
            self._send(receipt, email, language)
        return receipt_text(receipt, language)

    def _send(self, receipt: Receipt, email: str, language: str) -> None:
        settings = self._settings
        try:
            message = receipt_message(receipt, locale=language, sender=settings.mail_from, to=email)
        except AddressError:
            return
        if settings.smtp_host:
            mailer = Mailer(
                settings.smtp_host,
                settings.smtp_port,
                settings.smtp_tls,
                settings.smtp_user,
                settings.smtp_password.get_secret_value(),
            )
            try:
                mailer.deliver(message)
            except (MailDelayedError, MailRefusedError):
                self._keep(receipt.visit_id, bytes(message))
        else:
            self._keep(receipt.visit_id, bytes(message))

    def _keep(self, visit_id: str, message: bytes) -> Path:
        """Lay a mail into the folder; the file."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{visit_id}.eml"
        path.write_bytes(message)
        return path
