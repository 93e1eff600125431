"""A cart's devices in threads of their own: what they say goes to the core, how they do goes to the watch.

Cameras hand their pictures to the eye; the newest counts. With a recorder everything the devices and the screen said
is written as it came, pictures included.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from aisle.cart.config import CartCamera, CartConfig
from aisle.cart.device_watch import DeviceKind, DeviceWatch
from aisle.sensing.cart.devices import LiveDevice, open_motion, open_scale, open_scanner
from aisle.sensing.cart.readings import SCAN_CAMERA, CartReading
from aisle.sensing.readings import FrameReading

if TYPE_CHECKING:
    from aisle.sensing.cameras import LiveCameras

_OPEN: dict[DeviceKind, Callable[[str, Callable[[], int]], LiveDevice]] = {
    "scale": open_scale,
    "motion": open_motion,
    "scanner": open_scanner,
}
WAIT_S = 0.5


class CartDevices:
    """The devices of one cart; use it as a context manager. `put` gets readings, `show` pictures of any camera."""

    def __init__(
        self,
        config: CartConfig,
        clock: Callable[[], int],
        watch: DeviceWatch,
        put: Callable[[CartReading], None],
        show: Callable[[FrameReading], None],
    ) -> None:
        self._config, self._clock, self._watch, self._put, self._show = config, clock, watch, put, show
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._stack = ExitStack()
        for kind in config.devices:
            watch.expect(kind, kind)  # type: ignore[arg-type]
        for camera in config.cameras:
            watch.expect(camera.name, "camera")

    def __enter__(self) -> CartDevices:
        for kind, source in self._config.devices.items():
            device = self._stack.enter_context(_OPEN[kind](source, self._clock))  # type: ignore[index]
            self._begin(f"cart-{kind}", lambda device=device: self._listen(device))  # type: ignore[misc]
        if self._config.cameras:
            cameras = self._stack.enter_context(_cameras(self._config.cameras, self._clock))
            self._begin("cart-cameras", lambda: self._film(cameras))
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._stack.close()
        for thread in self._threads:
            thread.join(5.0)

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self, device: LiveDevice) -> None:
        while not self._over.is_set() and not device.state.over:
            for reading in device.poll(WAIT_S):
                self._watch.heard(device.name, self._clock())
                self._put(reading)
            trouble = device.state.trouble
            if trouble:
                self._watch.troubled(device.name, trouble)
            elif device.state.connections:
                self._watch.well(device.name)
        if device.state.over:
            self._watch.troubled(device.name, device.state.trouble or "it has ended")

    def _film(self, cameras: LiveCameras) -> None:
        while not self._over.is_set():
            for frame in cameras.take(WAIT_S):
                self._watch.heard(frame.camera, self._clock())
                self._show(frame.reading())
            for name, state in cameras.states.items():
                if state.trouble or state.over:
                    self._watch.troubled(name, state.trouble or "no more pictures")


def _cameras(cameras: Sequence[CartCamera], clock: Callable[[], int]) -> LiveCameras:
    """The cart's cameras as the sensing room reads them; where they look is nobody's business here."""
    from aisle.sensing.cameras import LiveCameras
    from aisle.store.model import Camera

    seen = [
        Camera(
            camera.name,
            camera.source,
            camera.size_px,
            (float(camera.size_px[0]), float(camera.size_px[0])),
            (camera.size_px[0] / 2, camera.size_px[1] / 2),
            (0.0, 0.0, 1.0),
            (0.0, 0.0, 0.0),
        )
        for camera in cameras
    ]
    return LiveCameras(seen, clock, most_fps=max(camera.fps for camera in cameras))


def is_scan(frame: FrameReading) -> bool:
    """Whether a picture is of the camera items are shown to."""
    return frame.camera == SCAN_CAMERA
