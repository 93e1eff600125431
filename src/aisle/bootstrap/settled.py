"""`aisle replay --settle`: replays a recording, then charges its receipts in a shop made for it alone.

The shop lives in a temporary folder, pays in the sandbox and goes by the recording's clock, so that the same recording
gives the same receipts, byte for byte.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from aisle.bootstrap.shop import compose
from aisle.sensing.readings import Recording
from aisle.settings import Settings
from aisle.walkout.command import walkout_engine
from aisle.walkout.outcome import Outcome
from aisle.walkout.replay import ReplayOptions
from aisle.walkout.settling import RecordedClock, settle

TOKEN = "tok_visa"  # the sandbox's card that always pays
SECRET = b"a replay has nothing to hide from"


def settling_engine(recording: Recording, options: ReplayOptions) -> Outcome:
    """The receipts of an open recording, and what its shoppers paid."""
    outcome = walkout_engine(recording, options)
    clock, count = RecordedClock(outcome.t0_ns or 0), itertools.count(1)
    with tempfile.TemporaryDirectory() as var:
        url = f"sqlite:///{Path(var) / 'visits.db'}"
        settings = Settings.model_construct()  # the defaults: whatever this machine's shop uses, a replay is simulated
        shop = compose(recording.store, Path(var), url, settings, clock, lambda: f"{next(count):05d}", SECRET)
        try:
            customers = [receipt.shopper for receipt in outcome.receipts if receipt.role == "customer"]
            cards = [shop.provider.register(name, f"{TOKEN}/{place}", key=f"card {place}")
                     for place, name in enumerate(customers)]  # fmt: skip
            return settle(outcome, shop.desk, shop.outbox, clock, cards)
        finally:
            shop.close()
