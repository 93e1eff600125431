"""A cart's config file: which cart it is, its shop, its devices, its screen; checked like a store folder.

```toml
cart = "cart-14"
store = "corner-shop"            # a store folder, relative to this file

[scale]
source = "serial:/dev/ttyUSB0?baud=9600"
[motion]
source = "unix:/run/cart/motion"
[scanner]
source = "input:/dev/input/event3"
[[camera]]
name = "scan"
source = "device:0"
[screen]
port = 8380
language = "de"
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from aisle.cart.cell_watch import CellLimits
from aisle.cart.session import CartSettings
from aisle.commerce.receipts.words import LANGUAGES
from aisle.sensing.cart.device_sources import SourceTextError, read_source
from aisle.sensing.cart.readings import SCAN_CAMERA
from aisle.store.problems import Findings, Report, StoreError
from aisle.store.toml_in import Fields, read_toml

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
DEFAULT_PORT = 8380
Offline = Literal["trust", "wait"]
DEVICES = ("scale", "motion", "scanner")


@dataclass(frozen=True, slots=True)
class CartCamera:
    """One camera of the cart: `scan` is the one items are shown to. `fps`: so many pictures a second at most."""

    name: str
    source: str
    fps: float = 15.0
    size_px: tuple[int, int] = (640, 480)


@dataclass(frozen=True, slots=True)
class CartConfig:
    """A cart as its file describes it. Paths are absolute.

    `shop_url` is a served shop, empty for one inside this program; with it `store` may be missing (an empty path), and
    the catalogue comes from there. `devices` are the sources of the scale, the motion sensor and the scanner, those the
    cart has. `folder` is where the cart keeps its journal, staff list and receipts. `hosts`: further names its screen
    may be reached by.
    """

    cart_id: str
    store: Path
    folder: Path
    devices: Mapping[str, str] = field(default_factory=dict)
    cameras: tuple[CartCamera, ...] = ()
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    hosts: frozenset[str] = frozenset()
    language: str = "en"
    session: CartSettings = field(default_factory=CartSettings)
    shop_url: str = ""
    shop_key: Path | None = None
    offline: Offline = "trust"
    offline_limit_minor: int = 5_000
    looks: bool = True
    keep_days: int = 30


def read_config(path: Path) -> CartConfig:
    """The config in a file. Raises StoreError with every fault: file, field, what was found, what would be right."""
    found = Findings(str(path))
    fields = read_toml(path, found)
    config = _config(fields, path, found) if fields is not None else None
    if config is None or found.problems:
        raise StoreError(str(path), Report(tuple(found.problems)))
    return config


def webcam_config(store: Path, camera: str | None, cart_id: str = "cart-1") -> CartConfig:
    """A cart out of a laptop: a store folder, a camera (None: none), no scale."""
    cameras = (CartCamera(SCAN_CAMERA, camera),) if camera is not None else ()
    return CartConfig(cart_id, store, store / "var" / "carts" / cart_id, cameras=cameras)


def _config(fields: Fields, path: Path, found: Findings) -> CartConfig:
    home = path.resolve().parent
    cart_id = fields.text("cart", expected="the cart's name")
    if cart_id and not _NAME.fullmatch(cart_id):
        fields.error("cart", f'"{cart_id}"', "1 to 32 letters, digits, hyphens or underscores")
    url, key = _shop(fields.table("shop"), home)
    named = fields.text("store", "" if url else None, expected="a store folder, relative to this file")
    store = home / named if named else Path()
    if named and not (store / "store.toml").is_file():
        fields.error("store", f'"{store}" without a store.toml', "a store folder (aisle new makes one)")
    folder = home / fields.text("folder", f"var/{cart_id or 'cart'}")
    config = CartConfig(
        cart_id=cart_id,
        store=store,
        folder=folder,
        shop_url=url,
        shop_key=key,
        devices=_devices(fields),
        cameras=_cameras(fields, home),
        looks=fields.flag("looks", True),
        keep_days=fields.integer("keep_days", 1, 3650, 30),
        session=_session(fields.table("limits")),
    )
    config = _with_lane(_with_screen(config, fields.table("screen")), fields.table("lane"))
    fields.close()
    if not config.devices and not config.cameras and not found.problems:
        fields.error("camera", "no device at all", "a [[camera]], a [scanner] or a [scale]")
    return config


def _shop(table: Fields, home: Path) -> tuple[str, Path | None]:
    """The address of a served shop, and the file with the cart's key; none where the cart has a shop of its own."""
    url = table.text("url", "") if table.has("url") else ""
    if url and not url.startswith(("https://", "http://")):
        table.error("url", f'"{url}"', "an address such as https://shop.example")
    key = home / table.text("key_file", expected="the file with the cart's key") if table.has("url") else None
    table.close()
    return url, key


def _devices(fields: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind in DEVICES:
        if not fields.has(kind):
            continue
        table = fields.table(kind)
        source = table.text("source", expected="where the device is plugged in")
        if source:
            try:
                read_source(source)
            except SourceTextError as error:
                table.error("source", f'"{source}"', str(error).partition("expected ")[2] or str(error))
        table.close()
        found[kind] = source
    return found


def _cameras(fields: Fields, home: Path) -> tuple[CartCamera, ...]:
    """Films and folders of pictures are relative to the config file."""
    cameras: dict[str, CartCamera] = {}
    for table in fields.tables("camera"):
        name = table.text("name", SCAN_CAMERA)
        if name in cameras:
            table.error("name", f'a second "{name}"', "every camera to have a name of its own")
        elif not _NAME.fullmatch(name):
            table.error("name", f'"{name}"', "1 to 32 letters, digits, hyphens or underscores")
        size = table.vector("size", (2,), (640.0, 480.0), limit=8192) or (640.0, 480.0)
        if min(size) < 64 or any(value != int(value) for value in size):
            table.error("size", str([*size]), "width and height in whole pixels, 64 or more")
        source = table.text("source", expected="device:0, a video file, or a URL")
        if source and not source.isdigit() and "://" not in source and not source.startswith("device:"):
            source = str(home / source)
        cameras[name] = CartCamera(name, source, table.number("fps", 1, 60, 15), (int(size[0]), int(size[1])))
        table.close()
    if cameras and SCAN_CAMERA not in cameras:
        fields.error("camera", ", ".join(cameras), f'one of the name "{SCAN_CAMERA}", to which items are shown')
    return tuple(cameras.values())


def _session(table: Fields) -> CartSettings:
    """How long a scale may be silent, what is asked and when; what is not named is as the session has it."""
    usual = CartSettings()
    prompts = replace(
        usual.prompts,
        unknown_s=table.number("unknown_s", 0, 600, usual.prompts.unknown_s),
        waiting_s=table.number("waiting_s", 0, 600, usual.prompts.waiting_s),
        removed_s=table.number("removed_s", 0, 600, usual.prompts.removed_s),
        count_s=table.number("count_s", 0, 600, usual.prompts.count_s),
        likely=table.number("likely", 0.05, 1, usual.prompts.likely),
    )
    settings = replace(
        usual,
        prompts=prompts,
        cell=CellLimits(
            silent_s=table.number("scale_silent_s", 0.5, 600, usual.cell.silent_s),
            stuck_s=table.number("scale_stuck_s", 5, 3600, usual.cell.stuck_s),
        ),
        unknown_code_s=table.number("unknown_code_s", 1, 600, usual.unknown_code_s),
    )
    table.close()
    return settings


def _with_lane(config: CartConfig, table: Fields) -> CartConfig:
    made = replace(
        config,
        offline="wait" if table.choice("offline", ("trust", "wait"), config.offline) == "wait" else "trust",
        offline_limit_minor=table.integer("offline_limit_minor", 0, 10_000_000, config.offline_limit_minor),
    )
    table.close()
    return made


def _with_screen(config: CartConfig, table: Fields) -> CartConfig:
    language = table.text("language", "en")
    if language.partition("-")[0] not in LANGUAGES:
        table.error("language", f'"{language}"', "a language of " + ", ".join(LANGUAGES) + ", such as de or de-AT")
    made = replace(
        config,
        host=table.text("host", config.host),
        port=table.integer("port", 0, 65535, config.port),
        hosts=frozenset(table.texts("hosts")),
        language=language,
    )
    table.close()
    return made
