"""How soon the screen shows what the scan camera saw: pictures of simulated trips through the whole cart, one by one.

Of the pictures those count in which something is shown: the empty view costs little and tells nothing.
Measured is everything between a picture's arrival and the new screen: decoding it, codes, looks, the trip's state,
prices and words.  Looks are by this machine's networks; the gallery has as many products as the store and made
vectors, which cost what real ones cost.  Wall time on one core; other work on the machine makes it longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from aisle.bench.claims import Row, judged
from aisle.cart.perception import CameraPerception
from aisle.cart.screen import Screen, Seat
from aisle.cart.session import CartSession
from aisle.sensing.cart.readings import CartReading, LookReading
from aisle.sensing.readings import FrameReading
from aisle.simulation.cart.catalogue import grocery
from aisle.simulation.cart.film import ScanCamera
from aisle.simulation.cart.trip import Plan, simulate_trip
from aisle.vision.recognisers.fitting import fitted
from aisle.vision.recognisers.gallery import Embedding, Gallery

REACH_MS, REACH_FPS = 150.0, 15.0
FPS = 15.0
PICTURES = 5  # of each product in the gallery
ITEMS = 4


def judge_speed(embedding: Embedding, named: str, most: int = 240, tell: Callable[[float], None] = print) -> list[Row]:
    """The rows of the claim over at most so many pictures; `named` says which networks look at them."""
    camera = ScanCamera(grocery(np.random.default_rng([0x5BEED, 1])))
    store = camera.catalogue.store
    gallery = _made(list(store.products), embedding.size)
    looks = fitted(gallery).recogniser(embedding, gallery)
    screen, seat = Screen(store), Seat()
    taken_s: list[float] = []
    for seed in range(901, 913):
        trip = simulate_trip(camera.catalogue, seed, Plan(items=ITEMS))
        eyes = CameraPerception(looks, products=len(gallery.gtins))
        session = CartSession(store, trip.name, trip.cart_id, perception=eyes)
        for reading in _merged(trip.readings(), camera.frames(trip, FPS, FPS)):
            began = time.perf_counter()
            changed = session.feed(reading)
            if changed:
                screen.state(session.trip, seat, reading.t_ns)
            seconds = (reading.t_ns - trip.truth.start_ns) / 1e9
            if isinstance(reading, FrameReading) and any(s.t_s <= seconds <= s.t_s + s.lasts_s for s in trip.shown):
                taken_s.append(time.perf_counter() - began)
                tell(len(taken_s) / most)
            if len(taken_s) >= most:
                break
        if len(taken_s) >= most:
            break
    on = f"{len(taken_s)} pictures with something shown, 640 by 480, {len(store.products)} products, by {named}"
    p95 = 1000.0 * float(np.percentile(taken_s, 95))
    rate = 1.0 / float(np.mean(taken_s))
    return [
        judged("scan camera to screen, 95th percentile", on, p95, reach=REACH_MS, side="most", unit="ms"),
        judged("pictures a second that one core keeps up with", on, rate, reach=REACH_FPS, unit="1/s"),
    ]


def _made(gtins: list[str], size: int) -> Gallery:
    rng = np.random.default_rng(7)
    gallery = Gallery(size)
    for gtin in gtins:
        vectors = rng.normal(size=size) + 0.8 * rng.normal(size=(PICTURES, size))
        gallery.enrol(gtin, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return gallery


def _merged(trip: Iterator[CartReading], frames: Iterator[FrameReading]) -> Iterator[CartReading]:
    """Both in order of receipt; the trip's own looks are left out, for the camera looks itself."""
    waiting = next(frames, None)
    for reading in trip:
        if isinstance(reading, LookReading):
            continue
        while waiting is not None and waiting.received_ns <= reading.received_ns:
            yield waiting
            waiting = next(frames, None)
        yield reading
