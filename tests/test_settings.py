"""Settings: what a shop's `aisle.env` may say, and that nothing in it is passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.settings import SettingsError, read_settings


def write(folder: Path, content: bytes) -> Path:
    (folder / "aisle.env").write_bytes(content)
    return folder


def test_without_a_file_a_shop_runs_embedded(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert (settings.payments, settings.database_url, settings.port) == ("sandbox", "", 8321)


GOOD = {
    "plain": b"AISLE_PORT=8400",
    "quoted, with a comment": b'# the port\n\nAISLE_PORT="8400"  # ours\n',
    "exported": b"export AISLE_PORT=8400\n",
    "beside somebody else's": b"OTHER=1\nAISLE_PORT=8400\n",
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD.keys())
def test_a_setting_is_read(tmp_path: Path, content: bytes) -> None:
    assert read_settings(write(tmp_path, content)).port == 8400


BAD = {
    "misspelt": (b"AISLE_PORT=8400\nAISLE_PROT=1", "line 2: found AISLE_PROT; expected AISLE_PORT"),
    "unknown": (b"AISLE_COLOUR=red", "found AISLE_COLOUR; expected a setting Aisle knows"),
    "no equals sign": (b"AISLE_PORT 8400", "line 1: found no setting; expected NAME=VALUE"),
    "no value": (b"AISLE_STRIPE_KEY", "line 1: found no setting; expected NAME=VALUE"),
    "not UTF-8": (b"\xff\xfe", "cannot be read as UTF-8 text"),
    "not a number": (b"AISLE_PORT=abc", "AISLE_PORT: found 'abc'; expected a valid integer"),
    "out of range": (b"AISLE_PORT=99999", "AISLE_PORT: found '99999'; expected a number less than or equal to 65535"),
    "no such provider": (b"AISLE_PAYMENTS=paypal", "found 'paypal'; expected 'sandbox' or 'stripe'"),
    "links that lead nowhere": (b"AISLE_PUBLIC_URL=shop", "found 'shop'; expected an address such as https://"),
}


@pytest.mark.parametrize(("content", "told"), BAD.values(), ids=BAD.keys())
def test_a_fault_is_named_with_what_would_be_right(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(write(tmp_path, content))
    assert told in str(caught.value)
