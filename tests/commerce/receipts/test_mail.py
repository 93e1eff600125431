"""The mail of a receipt and its way over SMTP, tried against a real server on the loopback."""

from __future__ import annotations

import asyncio
import email.policy
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.receipts.mail import (
    AddressError,
    MailDelayedError,
    Mailer,
    MailRefusedError,
    mail_address,
    message_id,
    receipt_message,
)
from aisle.commerce.receipts.receipt import Receipt
from commerce.receipts.samples import CORRECTED, FINAL, PENDING
from loopback import free_port

SENDER, TO = "till@shop.example", "ada@mail.example"


def mail_of(receipt: Receipt, to: str = TO, locale: str = "en-GB") -> EmailMessage:
    return receipt_message(receipt, locale=locale, sender=SENDER, to=to)


class Inbox:
    """A mail server's handler that keeps what it accepts and answers some names with their own reply."""

    REPLIES = {  # noqa: RUF012
        "unknown@mail.example": "550 5.1.1 no such mailbox",
        "locked@mail.example": "530 5.7.0 sign in first",
        "full@mail.example": "452 4.2.2 mailbox full",
    }

    def __init__(self) -> None:
        self.got: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.REPLIES:
            return self.REPLIES[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        text = envelope.content if isinstance(envelope.content, bytes) else b""
        if b"Subject: Your receipt from Spam" in text:
            return "554 5.7.1 looks like spam"
        self.got.append(envelope)
        return "250 kept"


def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.login == b"till" and data.password == b"secret", handled=False)


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """An inbox behind a server on a free port of the loopback, and that port."""
    kept = Inbox()
    server = Controller(kept, hostname="127.0.0.1", port=free_port(), authenticator=check, auth_require_tls=False)
    server.start()
    yield kept, server.port
    server.stop()


def test_a_receipt_arrives_whole(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    answer = Mailer("127.0.0.1", port, tls="none").deliver(mail_of(FINAL, locale="de"))
    assert answer == "kept"
    [envelope] = kept.got
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [TO])
    assert isinstance(envelope.content, bytes)
    got = BytesParser(policy=email.policy.default).parsebytes(envelope.content)
    assert got["Subject"] == "Ihr Beleg von Mill Lane Market: 10,61\u00a0€"
    assert got["From"] == "Mill Lane Market <till@shop.example>"
    assert got["Date"] == "Sun, 22 Nov 2026 17:57:02 +0000"
    plain_part, html_part = got.iter_parts()
    assert (plain_part.get_content_type(), html_part.get_content_type()) == ("text/plain", "text/html")
    assert "Mitgliederpreis" in plain_part.get_content()
    assert "Mitgliederpreis" in html_part.get_content()


def test_the_same_receipt_is_the_same_mail() -> None:
    assert mail_of(FINAL).as_bytes() == mail_of(FINAL).as_bytes()


def test_versions_stand_in_one_thread() -> None:
    first, second = mail_of(PENDING), mail_of(CORRECTED)
    assert first["Message-ID"] != second["Message-ID"]
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert first["In-Reply-To"] is None


def test_a_message_id_is_one_whatever_the_visit_is_called() -> None:
    found = message_id("visit\r\nBcc: all@x", 1, SENDER)
    assert found.startswith("<receipt.")
    assert found.endswith(".1@shop.example>")
    assert "\n" not in found


def test_lines_are_short_enough_for_every_server() -> None:
    assert max(len(line) for line in mail_of(FINAL).as_bytes().split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    ("to", "error"),
    [
        pytest.param("unknown@mail.example", MailRefusedError, id="no such mailbox"),
        pytest.param("locked@mail.example", MailDelayedError, id="settings of our own"),
        pytest.param("full@mail.example", MailDelayedError, id="full today"),
    ],
)
def test_refusals_and_delays_are_told_apart(inbox: tuple[Inbox, int], to: str, error: type[Exception]) -> None:
    kept, port = inbox
    with pytest.raises(error, match=f"127.0.0.1:{port} answered"):
        Mailer("127.0.0.1", port, tls="none").deliver(mail_of(FINAL, to=to))
    assert kept.got == []


def test_a_mail_refused_after_its_text_is_refused(inbox: tuple[Inbox, int]) -> None:
    spam = msgspec.structs.replace(FINAL, store="Spam")
    with pytest.raises(MailRefusedError) as raised:
        Mailer("127.0.0.1", inbox[1], tls="none").deliver(mail_of(spam))
    assert raised.value.code == 554


def test_a_password_opens_the_server(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    Mailer("127.0.0.1", port, tls="none", username="till", password="secret").deliver(mail_of(FINAL))
    assert len(kept.got) == 1


def test_a_wrong_password_is_for_the_shop_to_repair(inbox: tuple[Inbox, int]) -> None:
    with pytest.raises(MailDelayedError, match="set the right user name") as raised:
        Mailer("127.0.0.1", inbox[1], tls="none", username="till", password="wrong").deliver(mail_of(FINAL))
    assert "wrong" not in str(raised.value)


def test_without_tls_nothing_goes_out_when_tls_is_wanted(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    with pytest.raises(MailDelayedError):
        Mailer("127.0.0.1", port, tls="starttls").deliver(mail_of(FINAL))
    assert kept.got == []


def test_a_server_that_is_away_is_a_delay() -> None:
    with pytest.raises(MailDelayedError, match="mail server"):
        Mailer("127.0.0.1", free_port(), tls="none").deliver(mail_of(FINAL))


def test_a_silent_server_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(MailDelayedError):
            Mailer("127.0.0.1", silent.getsockname()[1], tls="none", timeout_s=0.1).deliver(mail_of(FINAL))


def test_a_password_never_travels_in_the_clear() -> None:
    with pytest.raises(ValueError, match="no TLS"):
        Mailer("mail.example", 25, tls="none", username="till", password="secret")
    assert "secret" not in repr(Mailer("mail.example", username="till", password="secret"))


def test_many_mails_at_once(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    mailer = Mailer("127.0.0.1", port, tls="none")

    async def send_all() -> None:
        await asyncio.gather(*(mailer.send(mail_of(FINAL, to=f"a{k}@mail.example")) for k in range(20)))

    asyncio.run(send_all())
    assert {envelope.rcpt_tos[0] for envelope in kept.got} == {f"a{k}@mail.example" for k in range(20)}


@pytest.mark.parametrize(
    "address",
    [
        "", "ada", "ada@", "@mail.example", "ada@mail.example\r\nBcc: x@y", "a b@mail.example", "ada@mail..example",
        "ada@-x.example", ".ada@mail.example", "a..b@mail.example", "ada@mail.example,eve@mail.example",
        "Ada <ada@mail.example>", "ädä@mail.example", "a" * 65 + "@mail.example", "ada@" + "x" * 64 + ".example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError, match="expected one such as"):
        mail_of(FINAL, to=address)


def test_names_of_other_alphabets_become_ascii() -> None:
    assert mail_address("ada@Bücher.example") == "ada@xn--bcher-kva.example"


@given(st.text(max_size=20), st.sampled_from(["\r", "\n", "\r\n", "\x00", " ", ",", "<", "@"]), st.text(max_size=20))
def test_no_address_smuggles_a_header(before: str, between: str, after: str) -> None:
    with pytest.raises(AddressError):
        mail_address(f"{before}{between}{after}@mail.example")


@given(st.text(min_size=1, max_size=80))
def test_no_name_smuggles_a_header(name: str) -> None:
    message = mail_of(msgspec.structs.replace(FINAL, store=name, number=name))
    names = BytesParser(policy=email.policy.default).parsebytes(message.as_bytes()).keys()
    assert sorted(names) == sorted(message.keys())
