"""A cart's config file: what it says, and every fault with file and field."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.cart.config import CartCamera, read_config, webcam_config
from aisle.store.problems import StoreError

WHOLE = """
cart = "cart-14"
store = "shop"
keep_days = 7
[scale]
source = "serial:/dev/ttyUSB0?baud=9600"
[scanner]
source = "input:/dev/input/event3"
[[camera]]
source = "device:0"
[[camera]]
name = "basket"
source = "device:1"
fps = 5
size = [1280, 720]
[screen]
port = 8400
language = "de-AT"
hosts = ["cart-14.local"]
[limits]
waiting_s = 40
scale_silent_s = 6
[lane]
offline = "wait"
"""
LEAST = 'cart = "c"\nstore = "shop"\n[[camera]]\nsource = "0"\n'


def written(folder: Path, text: str) -> Path:
    (folder / "shop").mkdir()
    (folder / "shop" / "store.toml").write_text("")
    path = folder / "cart.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_config(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, WHOLE))
    assert (config.cart_id, config.store, config.folder) == ("cart-14", tmp_path / "shop", tmp_path / "var/cart-14")
    assert dict(config.devices) == {
        "scale": "serial:/dev/ttyUSB0?baud=9600", "scanner": "input:/dev/input/event3",
    }  # fmt: skip
    assert config.cameras == (
        CartCamera("scan", "device:0"), CartCamera("basket", "device:1", 5.0, (1280, 720)),
    )  # fmt: skip
    assert (config.port, config.language, config.hosts) == (8400, "de-AT", {"cart-14.local"})
    assert (config.session.prompts.waiting_s, config.session.cell.silent_s) == (40, 6)
    assert (config.offline, config.keep_days) == ("wait", 7)


def test_what_is_not_said_is_as_usual(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, LEAST))
    usual = webcam_config(tmp_path / "shop", "0", "c")
    same = dataclasses.replace(usual, folder=config.folder, cameras=config.cameras)
    assert config == same


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(LEAST + '[shop]\nurl = "shop.example"\nkey_file = "k"\n', "shop.url: found", id="no address"),
        pytest.param(LEAST + '[shop]\nurl = "https://x"\n', "shop.key_file: found nothing", id="a shop without a key"),
        pytest.param("cart = ", "no TOML", id="no TOML"),
        pytest.param('store = "shop"\n[[camera]]\nsource = "0"\n', "cart: found nothing", id="no name"),
        pytest.param(LEAST.replace('"c"', '"c/d"'), 'cart: found "c/d"', id="a name with a slash"),
        pytest.param(
            LEAST.replace('"shop"', '"nowhere"'), "store: found .*nowhere.*expected a store folder", id="no store"
        ),
        pytest.param('cart = "c"\nstore = "shop"\n', "no device at all", id="no device"),
        pytest.param(
            LEAST + '[scale]\nsource = "usb"\n',
            'scale.source: found "usb"; expected serial:',
            id="a source nobody knows",
        ),
        pytest.param(LEAST + "[scale]\n", "scale.source: found nothing", id="a device without source"),
        pytest.param(
            LEAST + '[[camera]]\nsource = "1"\n', 'camera: found|name: found a second "scan"', id="two scan cameras"
        ),
        pytest.param(LEAST.replace("source", 'name = "basket"\nsource'), 'one of the name "scan"', id="no scan camera"),
        pytest.param(LEAST + "fps = 0\n", "fps: found 0; expected a number from 1 to 60", id="no pictures"),
        pytest.param(LEAST + "size = [640]\n", "size: found", id="half a size"),
        pytest.param(LEAST + "[screen]\nport = 70000\n", "screen.port: found 70000", id="no port"),
        pytest.param(
            LEAST + '[screen]\nlanguage = "xx"\n', 'screen.language: found "xx"', id="a language without words"
        ),
        pytest.param(
            LEAST + "[limits]\nwaiting = 5\n",
            "limits.waiting: found an unknown field; expected waiting_s",
            id="misspelt",
        ),
        pytest.param(
            LEAST + '[lane]\noffline = "yes"\n', "lane.offline: found .yes.; expected trust or wait", id="no policy"
        ),
        pytest.param('colour = "red"\n' + LEAST, "colour: found an unknown field", id="an unknown field"),
    ],
)
def test_faults(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as caught:
        read_config(written(tmp_path, text))
    assert str(tmp_path / "cart.toml") in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        read_config(written(tmp_path, 'cart = 5\nstore = "x"\n[screen]\nport = "a"\n'))
    assert len(caught.value.report.errors) == 3


@given(st.text(max_size=200))
def test_any_text_is_a_config_or_told(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("config") / "cart.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(StoreError):
        read_config(path)
