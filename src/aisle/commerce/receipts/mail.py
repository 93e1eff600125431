"""The mail that carries a receipt, and the way to the mail server.

A message is a pure function of its receipt: same receipt, same bytes, same Message-ID. So a mail that goes out twice,
because nobody knows whether the first try arrived, is one mail for programs that look at Message-IDs.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from aisle.commerce.receipts.html import receipt_html
from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.sheet import title_of
from aisle.commerce.receipts.text import receipt_text
from aisle.commerce.receipts.words import plain, tongue

LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OUR_SETTINGS = frozenset({530, 534, 535, 538})  # credentials or TLS are wanted (RFC 4954, 6; RFC 3207, 4)
_ADDRESS = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([^\s@<>()\[\]\\,;:\"]{1,253})")
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.I)


class AddressError(ValueError):
    """A mail address that is none, or that could smuggle something into a header."""

    def __init__(self, found: str) -> None:
        super().__init__(f"found the mail address {found[:80]!r}; expected one such as name@example.org")
        self.found = found


class MailError(Exception):
    """A mail did not go out."""


class MailDelayedError(MailError):
    """Not now: the server said so, is away, or is set up wrongly. A later try may succeed."""


class MailRefusedError(MailError):
    """Never: the server refuses this mail or this address for good. `code` is its SMTP reply code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def receipt_message(
    receipt: Receipt, *, locale: str, sender: str, to: str, reply_to: str = "", sent_at_ns: int | None = None
) -> EmailMessage:
    """The mail of a receipt: plain text and HTML as alternatives.

    `sender`, `to` and `reply_to` are bare addresses; the sender is shown under the store's name. The Message-ID comes
    from visit and version; later versions refer to the first, so that they stand in one thread. `sent_at_ns` is the
    Date (Unix ns); without it the time of the latest thing the receipt tells. Raises AddressError and ReceiptError.
    """
    speech = tongue(locale)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(plain(receipt.store)[:100], addr_spec=mail_address(sender))
    message["To"] = Address(addr_spec=mail_address(to))
    if reply_to:
        message["Reply-To"] = Address(addr_spec=mail_address(reply_to))
    message["Subject"] = title_of(receipt, speech)
    message["Date"] = _date(_latest_ns(receipt) if sent_at_ns is None else sent_at_ns)
    message["Message-ID"] = message_id(receipt.visit_id, receipt.version, sender)
    if receipt.version > 1:
        message["In-Reply-To"] = message["References"] = message_id(receipt.visit_id, 1, sender)
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = speech.tag
    message.set_content(receipt_text(receipt, locale), cte="quoted-printable")
    message.add_alternative(receipt_html(receipt, locale), subtype="html", cte="quoted-printable")
    message.set_boundary("=_" + _digest(receipt.visit_id, str(receipt.version), "boundary"))
    return message


def message_id(visit_id: str, version: int, sender: str) -> str:
    """The Message-ID of a visit's receipt in one version: always the same, and it gives nothing away."""
    domain = mail_address(sender).partition("@")[2]
    return f"<receipt.{_digest(visit_id)}.{version}@{domain}>"


def mail_address(text: str) -> str:
    """`text` as an address for a header: ASCII before the @, the domain in lower case and IDNA. Raises AddressError."""
    found = _ADDRESS.fullmatch(text)
    if found is None or found[1][0] == "." or found[1][-1] == "." or ".." in found[1]:
        raise AddressError(text)
    try:
        domain = found[2].encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise AddressError(text) from error
    if not _HOST.fullmatch(domain) or len(found[1]) + 1 + len(domain) > LONGEST_ADDRESS:
        raise AddressError(text)
    return f"{found[1]}@{domain}"


@dataclass(frozen=True, slots=True)
class Mailer:
    """The way to a mail server (SMTP, RFC 5321).

    `tls`: "implicit" from the first byte (port 465), "starttls" (the mail is not sent where the server has none), or
    "none" for a server on the same machine. `timeout_s` holds for connecting and for each command, `deadline_s` for
    the whole mail.
    """

    host: str
    port: int = 587
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 10.0
    deadline_s: float = 60.0

    def __post_init__(self) -> None:
        if self.tls == "none" and self.password and self.host not in _LOOPBACK:
            raise ValueError(
                f"{self._where}: found a password and no TLS; expected tls to be starttls or implicit, so that "
                "nobody on the way can read it"
            )

    async def send(self, message: EmailMessage) -> str:
        """Hand a mail over; returns the server's answer.

        Raises MailRefusedError when another try is useless and MailDelayedError when it is not. After a delay nobody
        knows whether the mail went out; sending it again is right, its Message-ID stays the same.
        """
        try:
            async with asyncio.timeout(self.deadline_s):
                refused, answer = await aiosmtplib.send(
                    message,
                    hostname=self.host,
                    port=self.port,
                    username=self.username or None,
                    password=self.password or None,
                    timeout=self.timeout_s,
                    use_tls=self.tls == "implicit",
                    start_tls=self.tls == "starttls",
                )
        except (aiosmtplib.SMTPConnectResponseError, aiosmtplib.SMTPHeloError) as error:
            raise MailDelayedError(f"{self._where} takes no mail now ({error.code} {plain(error.message)})") from error
        except aiosmtplib.SMTPAuthenticationError as error:
            raise MailDelayedError(
                f"{self._where}: the server does not know these credentials ({error.code}); "
                "set the right user name and password"
            ) from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise self._refusal(error.recipients) from error
        except aiosmtplib.SMTPResponseException as error:
            raise self._answered(error.code, error.message) from error
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            raise MailDelayedError(f"{self._where}: {error or type(error).__name__}") from error
        except (MessageError, ValueError) as error:
            raise MailRefusedError(f"{self._where}: this mail cannot be sent ({error})", 0) from error
        if refused:
            raise self._refusal([aiosmtplib.SMTPRecipientRefused(r.code, r.message, to) for to, r in refused.items()])
        return answer

    def deliver(self, message: EmailMessage) -> str:
        """`send` for threads without an event loop."""
        return asyncio.run(self.send(message))

    @property
    def _where(self) -> str:
        return f"mail server {self.host}:{self.port}"

    def _refusal(self, recipients: Sequence[aiosmtplib.SMTPRecipientRefused]) -> MailError:
        worst = max(recipients, key=lambda refused: refused.code)
        return self._answered(worst.code, worst.message)

    def _answered(self, code: int, text: str) -> MailError:
        """A reply code as an error: 5xx is for good (RFC 5321, 4.2.1), unless it is about our own settings."""
        said = f"{self._where} answered {code} {plain(text)[:200]}"
        for_good = 500 <= code < 600 and code not in _OUR_SETTINGS
        return MailRefusedError(said, code) if for_good else MailDelayedError(said)


def _latest_ns(receipt: Receipt) -> int:
    paid = [payment.at_ns for payment in receipt.payments]
    return max(receipt.left_at_ns, *paid, *(refund.at_ns for refund in receipt.refunds), 0)


def _date(at_ns: int) -> str:
    return format_datetime(dt.datetime.fromtimestamp(at_ns // 1_000_000_000, dt.UTC))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
