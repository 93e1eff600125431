"""`aisle replay --settle`: a simulated recording becomes paid receipts, the same ones every time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aisle.cli import app


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settled") / "afternoon"
    made = CliRunner().invoke(app, ["simulate", str(folder), "--minutes", "1", "--seed", "4"])
    assert made.exit_code == 0, made.output
    return folder


def replayed(recordings: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["replay", str(recordings), "--settle", *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_customer_pays_what_the_receipt_says(recordings: Path) -> None:
    outcome = json.loads(replayed(recordings, "--json"))
    customers = [receipt["shopper"] for receipt in outcome["receipts"] if receipt["role"] == "customer"]
    assert [settled["shopper"] for settled in outcome["settled"]] == customers
    assert len(customers) > 1
    for settled in outcome["settled"]:
        paid = sum(payment["minor"] for payment in settled["receipt"]["payments"])
        assert settled["state"] == "settled"
        assert paid == settled["receipt"]["total_minor"]


def test_nobody_pays_for_more_than_was_believed(recordings: Path) -> None:
    outcome = json.loads(replayed(recordings, "--json"))
    believed = {r["shopper"]: {line["gtin"]: line["quantity"] for line in r["lines"]} for r in outcome["receipts"]}
    for settled in outcome["settled"]:
        for line in settled["receipt"]["lines"]:
            assert line["quantity"] <= believed[settled["shopper"]][line["gtin"]]


def test_the_same_recording_gives_the_same_receipts(recordings: Path) -> None:
    assert replayed(recordings, "--json") == replayed(recordings, "--json")
    assert "Paid with Visa ending 4242" in replayed(recordings).replace("\xa0", " ")


def test_a_replay_pays_in_the_sandbox_whatever_the_shop_here_uses(
    recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = replayed(recordings, "--json")
    for name, value in {
        "PAYMENTS": "stripe", "STRIPE_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1",
        "SMTP_HOST": "mail.invalid",
        "ORDER_URL": "https://orders.invalid", "WEBHOOK_URL": "https://hooks.invalid", "HOLD_MINOR": "1",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"AISLE_{name}", value)
    assert replayed(recordings, "--json") == told
