"""`aisle cart run`, `check` and `staff`: the programs of a cart."""

from __future__ import annotations

import dataclasses
import getpass
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from aisle.bootstrap.cart_serving import ServeError, serving
from aisle.bootstrap.cart_view import TerminalScreen
from aisle.bootstrap.carting import Cart, open_cart
from aisle.cart.config import CartConfig, read_config, webcam_config
from aisle.cart.device_watch import DeviceWatch
from aisle.cart.trip import Phase
from aisle.sensing.cart.readings import CartReading, LookReading, ScanReading
from aisle.sensing.readings import FrameReading
from aisle.settings import SettingsError, read_settings
from aisle.store.folder import load_store
from aisle.store.problems import StoreError

if TYPE_CHECKING:
    from aisle.bootstrap.cart_shop import Joined
    from aisle.cart.eye import Eye
    from aisle.store.model import Store

DONE, FAILED, WRONG_USE = 0, 1, 2
SELF_TEST_S = 6.0


@dataclass(frozen=True, slots=True)
class RunWish:
    """What was asked for; see `aisle cart run --help`."""

    camera: str | None = None
    host: str | None = None
    port: int | None = None
    record: Path | None = None
    seconds: float | None = None
    looks: bool = True
    quiet: bool = False


class WrongUseError(Exception):
    """The command was called in a way that cannot work; the message says how."""


def run_cart(place: Path, wish: RunWish, *, console: Console | None = None) -> int:
    """Run a cart until it is told to stop: `place` is a config file, or a store folder for a cart without scale."""
    out = console or Console(highlight=False)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        config = _wished(config_of(place, wish.camera), wish)
        shop = _joined(config)
        config = config if shop is None else shop.config
        store = load_store(config.store)
        stop = stopped_by_signals()
        with ExitStack() as stack:
            watch = DeviceWatch(time.time_ns())
            recorder = _recorder(config, wish, stack)
            view = None if wish.quiet else stack.enter_context(TerminalScreen(out))
            cart = open_cart(
                config,
                store,
                read_settings(config.store),
                time.time_ns,
                told=view.show if view is not None else None,
                heard=recorder,
                watch=watch,
                shop=shop,
            )
            stack.callback(cart.close)
            cart.start()
            served = stack.enter_context(serving(cart.live, config.host, config.port, config.hosts))
            print(f"{store.name}, {config.cart_id}: {served.url}", flush=True)
            _with_devices(cart, config, store, recorder, stack, wish.looks and config.looks)
            if view is not None:
                view.show(cart.live.screen)
            stop.wait(wish.seconds)
    except (StoreError, SettingsError, WrongUseError, ServeError, OSError) as error:
        return told(error)
    return DONE


def run_check(place: Path, camera: str | None = None, seconds: float = SELF_TEST_S) -> int:
    """Check a cart's config, store and devices; 1 when something does not answer."""
    try:
        config = config_of(place, camera)
        shop = _joined(config)
        config = config if shop is None else shop.config
        store = load_store(config.store)
        read_settings(config.store)
        print(f"{config.cart_id}: config and store are in order ({len(store.products)} products)")
        return _self_test(config, seconds)
    except (StoreError, SettingsError, WrongUseError, OSError) as error:
        return told(error)


def run_staff(folder: Path, number: str, name: str, ask: Callable[[str], str] = getpass.getpass) -> int:
    """Put a member of staff into the list of a store folder or a cart's folder; asks for the PIN twice."""
    from aisle.cart.staff_list import LIST, add_member

    try:
        if not folder.is_dir():
            raise WrongUseError(f"{folder}: found no such folder; expected a store folder or a cart's folder")
        pin = ask(f"PIN of {number}: ")
        if ask("Once more: ") != pin:
            raise WrongUseError("the two PINs differ; expected the same twice")
        add_member(folder, number, name, pin)
    except ValueError as error:
        return told(WrongUseError(str(error)))
    except (StoreError, WrongUseError, OSError) as error:
        return told(error)
    print(f"{folder / LIST}: {number} {name} may unlock carts")
    return DONE


def config_of(place: Path, camera: str | None) -> CartConfig:
    """The config in a file; for a store folder that of a cart without scale. Raises StoreError, WrongUseError."""
    if place.is_dir():
        if not (place / "store.toml").is_file():
            raise WrongUseError(f"{place}: found no store.toml in it; expected a store folder, or a cart's config file")
        return webcam_config(place, camera)
    if not place.exists():
        raise WrongUseError(f"{place}: found no such file; expected a cart's config file, or a store folder")
    if camera is not None:
        raise WrongUseError("--camera is for a store folder; a config file names its cameras itself")
    return read_config(place)


def stopped_by_signals() -> threading.Event:
    """An event that Ctrl-C or a service's stop sets; a second one ends the program at once."""
    stop = threading.Event()

    def ended(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ended)
    return stop


def told(error: Exception) -> int:
    """Say what is wrong; the exit code."""
    text = str(error)
    if isinstance(error, OSError) and not isinstance(error, ServeError):
        text = f"{error.filename or ''}: {error.strerror or error}".strip(": ")
    print(text if text.startswith("error: ") else f"error: {text}", file=sys.stderr)
    return WRONG_USE if isinstance(error, WrongUseError) else FAILED


def _wished(config: CartConfig, wish: RunWish) -> CartConfig:
    return dataclasses.replace(
        config,
        host=config.host if wish.host is None else wish.host,
        port=config.port if wish.port is None else wish.port,
    )


def _joined(config: CartConfig) -> Joined | None:
    """The served shop a config names. Raises SettingsError."""
    if not config.shop_url:
        return None
    from aisle.bootstrap.cart_shop import joined

    return joined(config, time.time_ns())


def _with_devices(
    cart: Cart, config: CartConfig, store: Store, recorder: _Recorder | None, stack: ExitStack, looks: bool
) -> None:
    """Let the devices begin: pictures go to the eye, everything else to the core."""
    if not config.devices and not config.cameras:
        return
    from aisle.bootstrap.cart_devices import CartDevices, is_scan

    eye = _eye(cart, config, store, looks) if config.cameras else None
    if eye is not None:
        eye.start()
        stack.callback(eye.stop)

    def show(frame: FrameReading) -> None:
        if recorder is not None and cart.live.screen.phase == Phase.SHOPPING:
            recorder(frame)
        if eye is not None and is_scan(frame):
            eye.show(frame)

    stack.enter_context(CartDevices(config, time.time_ns, cart.watch, cart.live.put, show))


def _eye(cart: Cart, config: CartConfig, store: Store, looks: bool) -> Eye:
    """Reads codes, and recognises products by the store's pictures where somebody wants that."""
    from aisle.bootstrap.cart_eyes import cart_eyes
    from aisle.cart.eye import Eye
    from aisle.cart.perception import CameraPerception
    from aisle.vision.detectors.sessions import ModelFileError
    from aisle.vision.recognisers.model_folder import ModelFolderError

    def note(text: str) -> None:
        print(f"note: {text}", file=sys.stderr)

    perception = CameraPerception()
    if looks:
        try:
            perception = cart_eyes(config.store, note)
        except (ModelFileError, ModelFolderError) as error:
            note(f"{error}; items are known by their codes alone")
    return Eye(perception, store, cart.live.put, time.time_ns)


class _Recorder:
    """Writes what devices and screen say; what the eye made of pictures is left out, for the pictures say it again."""

    def __init__(self, write: Callable[[CartReading], None]) -> None:
        self._write, self._lock = write, threading.Lock()

    def __call__(self, reading: CartReading) -> None:
        derived = isinstance(reading, LookReading) or (isinstance(reading, ScanReading) and reading.device == "camera")
        if not derived:
            with self._lock:
                self._write(reading)


def _recorder(config: CartConfig, wish: RunWish, stack: ExitStack) -> _Recorder | None:
    if wish.record is None:
        return None
    from aisle.sensing.cart.recording import CartRecordingWriter

    writer = stack.enter_context(CartRecordingWriter(wish.record, config.cart_id, True))
    return _Recorder(writer.write)


def _self_test(config: CartConfig, seconds: float) -> int:
    """Listen to every device for a while; a scanner need only be reached."""
    if not config.devices and not config.cameras:
        print("this cart has no devices: items are found by name or number")
        return DONE
    from aisle.bootstrap.cart_devices import CartDevices

    watch = DeviceWatch(time.time_ns())
    with CartDevices(config, time.time_ns, watch, lambda reading: None, lambda frame: None):
        time.sleep(seconds)
        states = watch.states(time.time_ns())
    code = DONE
    for state in states:
        wrong = state.trouble or ("no reading came" if state.kind != "scanner" and not state.readings else "")
        print(f"{state.name}: {wrong or f'well, {state.readings} readings in {seconds:g} s'}")
        code = FAILED if wrong else code
    return code
