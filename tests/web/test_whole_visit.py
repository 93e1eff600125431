"""A whole visit over HTTP: from the code on the phone to the receipt in the mailbox, and money back by a tap."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from aisle.web.keys import Role
from loopback import free_port
from web.shop_kit import COLA, MILK, Kit, open_kit


class Inbox:
    """Keeps every mail it is handed."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        mail = email.message_from_bytes(content if isinstance(content, bytes) else b"", policy=email.policy.default)
        self.mails.append(mail)
        return "250 taken"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    kept = Inbox()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield kept, controller.port
    controller.stop()


@pytest.fixture
def kit(tmp_path: Path, inbox: tuple[Inbox, int]) -> Iterator[Kit]:
    with open_kit(tmp_path, smtp_host="127.0.0.1", smtp_port=inbox[1], smtp_tls="none") as kit:
        yield kit


def test_a_visit_from_the_code_to_the_mail_and_back(kit: Kit, inbox: tuple[Inbox, int]) -> None:
    customer_id, phone = kit.customer()
    visit_id = kit.enter(customer_id, phone)
    kit.clock.pass_s(60)
    assert kit.revise(visit_id, kit.line("a", MILK, 2), kit.line("b", COLA, probability=0.8)).status_code == 200

    live = kit.ask(phone, "GET", f"/v1/visits/{visit_id}/basket").json()
    assert [line["quantity"] for line in live["priced"]["lines"]] == [2, 1]

    kit.clock.pass_s(60)
    assert kit.leave(visit_id).status_code == 204
    kit.work()

    receipt = kit.ask(phone, "GET", f"/v1/visits/{visit_id}/receipt").json()
    total = receipt["priced"]["total_minor"]
    assert receipt["status"] == "final"
    assert total == sum(line["paid_minor"] + line["deposit_minor"] for line in receipt["priced"]["lines"])
    assert [payment["minor"] for payment in receipt["payments"]] == [total]
    assert [mail["To"] for mail in inbox[0].mails] == ["mira@example.com"]
    text = inbox[0].mails[0].get_body(("plain",))
    assert text is not None
    assert "Whole milk 1 l" in text.get_content().replace("\xa0", " ")

    asked = kit.ask(phone, "POST", f"/v1/visits/{visit_id}/disputes", {"line_id": "b", "reason": "put it back"}).json()
    kit.work()
    after = kit.ask(phone, "GET", f"/v1/visits/{visit_id}").json()
    assert asked["outcome"] == "granted"
    assert after["refunded_minor"] == asked["minor"] > 0
    assert len(inbox[0].mails) == 2
    assert sum(kit.shop.desk.balances().values()) == 0


def test_a_tapped_message_twice_is_one(kit: Kit) -> None:
    customer_id, phone = kit.customer()
    body = {"way": "code", "gate_id": "entrance", "code": kit.code(customer_id, phone)}
    entries = [kit.ask(Role.DEVICE, "POST", "/v1/entries", body, aisle_message="boot/7") for _ in range(2)]
    assert entries[0].json() == entries[1].json()
    assert [entry.status_code for entry in entries] == [201, 201]
