"""The pages behind the links of a mail, as somebody with a browser and no script uses them."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.commerce.payments.port import ProviderUnavailableError
from aisle.commerce.receipts.words import LANGUAGES
from aisle.visits.customers import Customer
from aisle.web.asking import LONGEST_WORDS, reason_of
from aisle.web.keys import Role
from aisle.web.paper import wished
from web.shop_kit import COLA, MILK, WINE, Kit, open_kit

BASE = "http://127.0.0.1:8321"
HEADERS = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    with open_kit(tmp_path) as kit:
        yield kit


def seen(text: str) -> str:
    """What a reader sees of a page: no marks, plain spaces."""
    body = re.sub(r"<style>.*?</style>", "", text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def once(text: str) -> str:
    """The number that the forms of a page carry."""
    found = re.search(r'name="once" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def shopped(kit: Kit, *lines: dict[str, Any], card: str = "tok_visa", locale: str = "en-GB") -> tuple[str, str]:
    """Somebody shopped these lines and left; the visit, and the path of its receipt's page."""
    customer_id, phone = kit.customer(card)
    known = kit.shop.desk.customer(customer_id)
    kit.shop.desk.save_customer(Customer(customer_id, known.name, known.email, locale, True, known.card))
    visit_id = kit.enter(customer_id, phone)
    kit.clock.pass_s(60)
    kit.revise(visit_id, *lines)
    kit.leave(visit_id)
    kit.work()
    return visit_id, kit.shop.backend.links.receipt(visit_id).removeprefix(BASE)


def disputes(kit: Kit, visit_id: str) -> list[tuple[str, int, str]]:
    return [(d.line_id, d.quantity, d.reason) for d in kit.shop.desk.visit(visit_id).disputes]


def owing(kit: Kit) -> tuple[str, str]:
    """A visit whose card did not pay, and the path of the page that pays it."""
    visit_id, _ = shopped(kit, kit.line("a", WINE, 2), card="tok_decline_on_capture")
    visit = kit.shop.desk.visit(visit_id)
    assert visit.state == "owing"
    return visit_id, f"/pay/{visit.pay_token}"


# The receipt


def test_the_link_of_the_receipt_opens_its_page_with_a_form_on_every_line(kit: Kit) -> None:
    visit_id, path = shopped(kit, kit.line("a", MILK, 2), kit.line("b", COLA))
    assert kit.shop.desk.receipt(visit_id).dispute_url == BASE + path
    page = kit.client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert HEADERS.items() <= dict(page.headers).items()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "Whole milk 1 l" in seen(page.text)
    assert page.text.count("<form") == 2
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("query", "opened"), [("", 0), ("?line=a", 1), ("?line=b", 1), ("?line=zz", 0)], ids=["none", "a", "b", "unknown"]
)
def test_a_line_of_the_link_is_open(kit: Kit, query: str, opened: int) -> None:
    _, path = shopped(kit, kit.line("a", MILK), kit.line("b", COLA))
    page = kit.client.get(path + query)
    assert page.status_code == 200
    assert page.text.count('<details class="ask-back" open>') == opened


def test_a_small_claim_is_given_back_at_once(kit: Kit) -> None:
    visit_id, path = shopped(kit, kit.line("a", MILK, 2, probability=0.9))
    page = kit.client.get(path)
    form = {"once": once(page.text), "line": "a", "quantity": "1", "reason": "twice"}
    answer = kit.client.post(path, data=form)
    dispute = kit.shop.desk.visit(visit_id).disputes[0]
    assert answer.status_code == 200
    assert answer.url.query == f"asked={dispute.dispute_id}".encode()
    assert f"€{dispute.minor / 100:.2f} goes back to your card." in seen(answer.text)
    assert "on its way to your card" in seen(answer.text)
    assert disputes(kit, visit_id) == [("a", 1, "counted twice")]
    kit.work()
    after = kit.client.get(answer.url.path + "?" + answer.url.query.decode())
    assert "went back to your card" in seen(after.text)
    assert "on its way" not in seen(after.text)


def test_a_doubtful_claim_goes_to_a_person_and_comes_to_an_end(kit: Kit) -> None:
    visit_id, path = shopped(kit, kit.line("a", WINE, 3))
    form = {"once": once(kit.client.get(path).text), "line": "a", "quantity": "3", "reason": "not_mine"}
    answer = kit.client.post(path, data=form)
    assert "Thank you. A person looks at it." in seen(answer.text)
    assert "A person looks at 3 of it" in seen(answer.text)
    assert "<form" not in answer.text
    dispute = kit.shop.desk.visit(visit_id).disputes[0]
    kit.shop.desk.decide(dispute.dispute_id, False, "ana", "the clip shows three bottles")
    later = kit.client.get(path)
    assert "We looked at this once more: the clip shows three bottles" in seen(later.text)
    assert "<form" in later.text


def test_a_form_sent_twice_is_one_dispute(kit: Kit) -> None:
    visit_id, path = shopped(kit, kit.line("a", MILK, 3, probability=0.9))
    form = {"once": once(kit.client.get(path).text), "line": "a", "quantity": "1", "reason": "put_back"}
    first, second = (kit.client.post(path, data=form) for _ in range(2))
    assert first.url == second.url
    assert disputes(kit, visit_id) == [("a", 1, "put it back")]


def test_own_words_are_kept_for_people(kit: Kit) -> None:
    visit_id, path = shopped(kit, kit.line("a", MILK, probability=0.9))
    form = {"once": "n1", "line": "a", "quantity": "1", "reason": "other", "words": " it\nwas <b>open</b> "}
    assert kit.client.post(path, data=form).status_code == 200
    assert disputes(kit, visit_id) == [("a", 1, "it was <b>open</b>")]


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        pytest.param({"line": "zz"}, 422, "This receipt does not have that line", id="wrong line"),
        pytest.param({"line": ""}, 422, "This receipt does not have that line", id="no line"),
        pytest.param({"quantity": "9"}, 422, "That many cannot be asked back", id="too many"),
        pytest.param({"quantity": "0"}, 422, "Say how many", id="none"),
        pytest.param({"quantity": "-1"}, 422, "Say how many", id="negative"),
        pytest.param({"quantity": "9" * 40}, 422, "Say how many", id="absurd"),
        pytest.param({"quantity": "two"}, 422, "Say how many", id="no number"),
        pytest.param({"reason": ""}, 422, "Say in a few words", id="no reason"),
        pytest.param({"reason": "other"}, 422, "Say in a few words", id="own words that are none"),
        pytest.param({"once": ""}, 422, "did not reach us whole", id="no number of its own"),
        pytest.param({"once": "x" * 65}, 422, "did not reach us whole", id="a number too long"),
        pytest.param({"words": "x" * 20_000}, 413, "This was too long", id="too long"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(kit: Kit, change: dict[str, str], status: int, said: str) -> None:
    visit_id, path = shopped(kit, kit.line("a", MILK, 2))
    form = {"once": "n1", "line": "a", "quantity": "1", "reason": "twice"} | change
    answer = kit.client.post(path, data=form)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert HEADERS.items() <= dict(answer.headers).items()
    assert said in seen(answer.text)
    assert disputes(kit, visit_id) == []


def test_a_refusal_stands_at_the_line_it_is_about(kit: Kit) -> None:
    _, path = shopped(kit, kit.line("a", MILK, 2), kit.line("b", COLA))
    answer = kit.client.post(path, data={"once": "n1", "line": "b", "quantity": "5", "reason": "twice"})
    before = answer.text.partition("That many cannot be asked back")[0]
    assert before.count("<summary") == 2
    assert before.count("<form") == 1


def test_forged_cut_off_and_unknown_links_are_one_and_the_same_page(kit: Kit) -> None:
    visit_id, path = shopped(kit, kit.line("a", MILK))
    unknown = kit.shop.backend.links.receipt("nobody").removeprefix(BASE)
    wrong = [path[:-1], f"/receipts/{visit_id}", path.replace(visit_id, "id000999"), unknown, "/receipts/%00.%ff"]
    answers = [kit.client.get(other) for other in wrong]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "This page is not here" in seen(answers[0].text)
    form = {"once": "n1", "line": "a", "quantity": "1", "reason": "twice"}
    assert kit.client.post(wrong[0], data=form).status_code == 404
    assert disputes(kit, visit_id) == []


def test_a_visit_without_a_receipt_says_so(kit: Kit) -> None:
    customer_id, phone = kit.customer()
    visit_id = kit.enter(customer_id, phone)
    kit.shop.desk.mark_staff(visit_id, "ana")
    path = kit.shop.backend.links.receipt(visit_id).removeprefix(BASE)
    answer = kit.client.get(path)
    assert answer.status_code == 409
    assert "This visit has no receipt" in seen(answer.text)


def test_a_visit_in_review_is_shown_without_forms(kit: Kit) -> None:
    customer_id, phone = kit.customer()
    visit_id = kit.enter(customer_id, phone)
    kit.revise(visit_id, kit.line("a", WINE, probability=0.5), probability=0.5, risk_minor=5_000)
    kit.leave(visit_id)
    kit.clock.pass_s(300)
    kit.work()
    assert kit.shop.desk.visit(visit_id).state == "in_review"
    page = kit.client.get(kit.shop.backend.links.receipt(visit_id).removeprefix(BASE))
    assert page.status_code == 200
    assert "Nothing has been charged yet." in seen(page.text)
    assert "<form" not in page.text


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("de-DE", "Doppelt gezählt"),
        ("fr-FR", "Compté deux fois"),
        ("es-ES", "Contado dos veces"),
        ("nl-NL", "Counted twice"),
    ],
)
def test_the_page_speaks_the_customers_language(kit: Kit, locale: str, said: str) -> None:
    _, path = shopped(kit, kit.line("a", MILK), locale=locale)
    assert said in seen(kit.client.get(path, headers={"Accept-Language": "en"}).text)


def test_nothing_of_a_name_becomes_markup(kit: Kit) -> None:
    _, path = shopped(kit, kit.line("a", MILK, probability=0.9))
    form = {"once": "n1", "line": '"><script>', "quantity": "1", "reason": "twice"}
    assert "<script" not in kit.client.post(path, data=form).text
    assert "<script" not in kit.client.get(path + "?line=<script>&asked=<script>").text


def test_whatever_is_sent_is_answered_by_a_page(kit: Kit) -> None:
    _, path = shopped(kit, kit.line("a", MILK, 2))
    fields = st.sampled_from(["once", "line", "quantity", "reason", "words", "card", "x"])
    values = st.one_of(st.text(max_size=30), st.sampled_from(["a", "b", "1", "2", "twice", "other", "tok_visa"]))

    @given(form=st.dictionaries(fields, values), raw=st.binary(max_size=60))
    @settings(max_examples=40)
    def check(form: dict[str, str], raw: bytes) -> None:
        sent = {name: value.encode("utf-8", "replace") for name, value in form.items()}
        answers = [kit.client.post(path, data=sent), kit.client.post(path, content=raw)]
        assert all(a.status_code in (200, 413, 422) and a.text.startswith("<!doctype html>") for a in answers)

    check()


# Paying


def test_a_debt_is_paid_with_another_card(kit: Kit) -> None:
    visit_id, path = owing(kit)
    assert kit.shop.desk.receipt(visit_id).pay_url == BASE + path
    page = kit.client.get(path)
    due = kit.shop.desk.visit(visit_id).due_minor
    assert page.status_code == 200
    assert HEADERS.items() <= dict(page.headers).items()
    assert f"€{due / 100:.2f}" in seen(page.text)
    assert "The bank did not pay this." in seen(page.text)
    assert "Test shop." in seen(page.text)
    answer = kit.client.post(path, data={"once": once(page.text), "card": "tok_mastercard"})
    assert "This is paid. Thank you." in seen(answer.text)
    assert "<form" not in answer.text
    visit = kit.shop.desk.visit(visit_id)
    assert (visit.state, visit.due_minor) == ("settled", 0)
    assert visit.payments[-1].brand == "mastercard"
    kit.work()
    assert sum(kit.shop.desk.balances().values()) == 0


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("tok_insufficient_funds", "there was not enough money on the card"),
        ("tok_lost", "this card is blocked"),
        ("tok_declined", "It does not say why."),
        ("tok_decline_on_register", "It does not say why."),
        ("tok_authentication_required", "It wants you to confirm the payment yourself"),
    ],
)
def test_a_card_that_does_not_pay_either_says_why(kit: Kit, card: str, said: str) -> None:
    visit_id, path = owing(kit)
    answer = kit.client.post(path, data={"once": "n1", "card": card})
    assert answer.status_code == 200
    assert "The bank did not pay this time either." in seen(answer.text)
    assert said in seen(answer.text)
    assert kit.shop.desk.visit(visit_id).state == "owing"
    again = kit.client.post(path, data={"once": once(answer.text), "card": "tok_visa"})
    assert "This is paid. Thank you." in seen(again.text)


def test_the_card_on_file_is_asked_by_one_button(kit: Kit) -> None:
    visit_id, path = owing(kit)
    page = kit.client.get(path)
    assert "with Visa ending 6662" in seen(page.text)
    kit.client.post(path, data={"once": once(page.text)})
    tried = [e.event for e in kit.shop.desk.journal(visit_id) if type(e.event).__name__ == "PaymentTried"]
    assert [(event.card.last4, event.token) for event in tried] == [("6662", "")]


def test_a_payment_sent_twice_is_paid_once(kit: Kit) -> None:
    visit_id, path = owing(kit)
    form = {"once": "n1", "card": "tok_visa"}
    answers = [kit.client.post(path, data=form) for _ in range(2)]
    later = kit.client.post(path, data={"once": "n2", "card": "tok_amex"})
    assert all("This is paid. Thank you." in seen(answer.text) for answer in [*answers, later])
    visit = kit.shop.desk.visit(visit_id)
    assert visit.paid_minor == visit.total_minor


def test_a_serving_shop_pays_once_however_many_press_at_once(kit: Kit) -> None:
    visit_id, path = owing(kit)
    kit.shop.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            forms = [{"once": f"n{n // 2}", "card": "tok_visa"} for n in range(4)]
            answers = list(pool.map(lambda form: kit.client.post(path, data=form), forms))
    finally:
        kit.shop.stop()
    assert {answer.status_code for answer in answers} == {200}
    assert "This is paid. Thank you." in seen(kit.client.get(path).text)
    visit = kit.shop.desk.visit(visit_id)
    assert (visit.state, visit.paid_minor) == ("settled", visit.total_minor)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"once": "n1", "card": "4242424242424242"}, id="a card's number"),
        pytest.param({"once": "n1", "card": "tok_of_nobody"}, id="an unknown token"),
        pytest.param({"card": "tok_visa"}, id="no number of its own"),
    ],
)
def test_a_form_that_is_none_of_ours_pays_nothing(kit: Kit, form: dict[str, str]) -> None:
    visit_id, path = owing(kit)
    before = kit.shop.desk.visit(visit_id).revision
    answer = kit.client.post(path, data=form)
    assert answer.status_code == 422
    assert "Choose once more." in seen(answer.text)
    assert "4242424242424242" not in answer.text
    assert kit.shop.desk.visit(visit_id).revision == before


@pytest.mark.parametrize("token", ["unknown", "%00", "a.b", "x" * 80], ids=["unknown", "nul", "a dot", "long"])
def test_an_unknown_debt_is_a_page_in_words(kit: Kit, token: str) -> None:
    answers = [kit.client.get(f"/pay/{token}"), kit.client.post(f"/pay/{token}", data={"once": "n1"})]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert "This page is not here" in seen(answers[0].text)


def test_while_the_bank_does_not_answer_the_page_waits_and_asks_only_once(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit_id, path = owing(kit)

    def away(*_: object, **__: object) -> None:
        raise ProviderUnavailableError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(kit.shop.provider, "register", away)
        answer = kit.client.post(path, data={"once": "n1", "card": "tok_visa"})
        assert "The bank is being asked." in seen(answer.text)
        assert 'http-equiv="refresh"' in answer.text
        assert "<form" not in answer.text
        assert "being asked" in seen(kit.client.post(path, data={"once": "n2", "card": "tok_amex"}).text)
    kit.clock.pass_s(3_600)
    kit.work()
    assert "This is paid. Thank you." in seen(kit.client.get(path).text)
    assert kit.shop.desk.visit(visit_id).payments[-1].brand == "visa"


def test_a_receipt_that_is_owed_leads_to_paying_and_asks_nothing_back_yet(kit: Kit) -> None:
    visit_id, path = owing(kit)
    receipt = kit.shop.backend.links.receipt(visit_id).removeprefix(BASE)
    page = kit.client.get(receipt + "?line=a")
    assert f'href="{BASE}{path}"' in page.text
    assert "Once this visit is paid" in seen(page.text)
    refused = kit.client.post(receipt, data={"once": "n1", "line": "a", "quantity": "1", "reason": "twice"})
    assert refused.status_code == 409
    assert "This visit is not paid yet." in seen(refused.text)


# Words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_words_with_the_same_parts(language: str) -> None:
    found, wanted = (
        {key: sorted(part for _, part, _, _ in Formatter().parse(text) if part) for key, text in words(name).items()}
        for name in (language, "en")
    )
    assert found == wanted


def words(language: str) -> dict[str, str]:
    text = resources.files("aisle.web").joinpath("words", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en-US"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("nl, fr;q=0.5, en;q=0.6", "en"),
        ("de;q=0, es", "es"),
        ("*", "en-US"),
        ("de;q=x, fr", "fr"),
        (";q=,,;", "en-US"),
    ],
)
def test_the_browsers_wish_is_heard(header: str, tag: str) -> None:
    assert wished(header) == tag


@pytest.mark.parametrize(
    ("choice", "told", "reason"),
    [
        ("put_back", "", "put it back"),
        ("price", "it said 1.99", "price is wrong: it said 1.99"),
        ("other", "broken", "broken"),
        ("other", "  ", ""),
        ("nonsense", "x", ""),
        ("other", "x" * 900, "x" * LONGEST_WORDS),
    ],
)
def test_reasons_are_short_and_for_people(choice: str, told: str, reason: str) -> None:
    assert reason_of(choice, told) == reason


def test_the_pages_are_no_part_of_the_api(kit: Kit) -> None:
    paths = kit.ask(Role.OPERATOR, "GET", "/openapi.json").json()["paths"]
    assert not [path for path in paths if path.startswith(("/receipts", "/pay"))]
