"""What the scan camera's pictures say: drawn pictures of an empty view, of things and of codes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from aisle.cart.perception import CameraPerception, Percept
from aisle.cart.session import CartSession
from aisle.sensing.cart.readings import SCAN_CAMERA
from aisle.sensing.readings import FrameReading
from aisle.vision.recognisers.gallery import Recognised
from aisle.vision.seen import Image
from cart.trip_kit import BEANS, MILK, NS, T0, amounts, shop
from vision.codes.printed_codes import printed

SIZE = (480, 640)


class CountedLooks:
    """Knows milk with 0.9 of the chance, whatever it is shown; keeps the sizes of what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int]] = []

    def recognise(self, crops: Sequence[Image], most: int = 5) -> list[Recognised]:
        self.shown += [(crop.shape[1], crop.shape[0]) for crop in crops]
        return [Recognised((MILK, BEANS), np.array([0.9, 0.05]), 0.05, np.zeros(2), 0.0) for _ in crops]


def view(grey: int = 90) -> Image:
    """The empty view: a board with a few lines."""
    picture = np.full(SIZE, grey, np.uint8)
    cv2.line(picture, (0, 60), (640, 90), grey + 12, 4)
    return picture


def with_thing(picture: Image, x: int = 200, y: int = 140, wide: int = 180, high: int = 200) -> Image:
    there = picture.copy()
    cv2.rectangle(there, (x, y), (x + wide, y + high), 215, -1)
    return there


def with_code(picture: Image, text: str) -> Image:
    there, code = picture.copy(), printed(text)
    there[120 : 120 + code.shape[0], 100 : 100 + code.shape[1]] = code
    return there


def frame(t: float, picture: Image) -> FrameReading:
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    at = T0 + int(t * NS)
    return FrameReading(SCAN_CAMERA, at, at, SCAN_CAMERA, jpeg)


def perceived(eyes: CameraPerception, pictures: Sequence[Image], first_s: float = 0.0) -> list[Percept]:
    """Five pictures a second."""
    return [eyes.perceive(frame(first_s + n / 5, picture)) for n, picture in enumerate(pictures)]


SIGHTS = {
    "nothing there": ([view()] * 6, [False] * 6),
    "something comes": ([view()] * 3 + [with_thing(view())] * 3, [False] * 3 + [True] * 3),
    "something comes and goes": ([view(), with_thing(view()), view()], [False, True, False]),
    "the light changes slowly": ([view(90 + 2 * n) for n in range(30)], [False] * 30),
    "the light changes at once": ([view(90), view(160)], [False, False]),
    "something as small as a finger tip": ([view(), with_thing(view(), wide=40, high=40)], [False, False]),
}


@pytest.mark.parametrize(("pictures", "present"), SIGHTS.values(), ids=SIGHTS.keys())
def test_whether_something_is_there(pictures: list[Image], present: list[bool]) -> None:
    looks = CountedLooks()
    percepts = perceived(CameraPerception(looks), pictures)
    assert [percept.present for percept in percepts] == present
    assert bool(looks.shown) == any(present)


def test_what_is_there_is_looked_at_now_and_then() -> None:
    looks = CountedLooks()
    percepts = perceived(CameraPerception(looks), [view()] + [with_thing(view())] * 10)
    looked = [percept for percept in percepts if percept.nats is not None]
    assert len(looked) == len(looks.shown) == 5  # every other of pictures 0.2 s apart
    assert all(150 < wide < 280 and 170 < high < 300 for wide, high in looks.shown)


def test_chances_become_nats_against_a_thing_nobody_enrolled() -> None:
    eyes = CameraPerception(CountedLooks(), products=10, else_share=0.05)
    percept = perceived(eyes, [view(), with_thing(view())])[-1]
    prior = math.log(0.05 * 10 / 0.95)
    assert percept.nats is not None
    assert dict(percept.nats) == pytest.approx({MILK: math.log(0.9 / 0.05) + prior, BEANS: prior})
    assert percept.rest == pytest.approx(prior)


def claiming(size_px: bytes) -> bytes:
    """A JPEG whose header says another height and width than its pixels have."""
    jpeg = cv2.imencode(".jpg", view())[1].tobytes()
    at = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:at] + size_px + jpeg[at + 4 :]


NO_PICTURES = {
    "empty": b"",
    "text": b"no picture at all",
    "cut off": cv2.imencode(".jpg", view())[1].tobytes()[:40],
    "larger than any": claiming(b"\xff\xdc\xff\xdc"),
}


@pytest.mark.parametrize("jpeg", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_what_is_no_picture_is_told(jpeg: bytes) -> None:
    looks = CountedLooks()
    percept = CameraPerception(looks).perceive(FrameReading(SCAN_CAMERA, T0, T0, SCAN_CAMERA, jpeg))
    assert percept == Percept(readable=False)
    assert looks.shown == []


def test_a_drawn_code_is_read() -> None:
    percepts = perceived(CameraPerception(), [view(), with_code(view(), MILK)])
    assert [[code.text for code in percept.codes] for percept in percepts] == [[], [MILK]]
    assert percepts[-1].nats is None


def test_other_eyes_begin_anew_and_weigh_alike() -> None:
    eyes = CameraPerception(CountedLooks(), products=10)
    before = perceived(eyes, [view(), with_thing(view())])
    after = perceived(eyes.anew(), [with_thing(view()), view()])
    assert [percept.present for percept in after] == [False, True]  # what is seen first is taken for the empty view
    assert after[-1].nats == pytest.approx(before[-1].nats)


def test_a_code_before_the_camera_is_a_scan_in_the_trip() -> None:
    session = CartSession(shop(), "trip", "cart-7", perception=CameraPerception(), weighs=False)
    for n, picture in enumerate([view()] * 3 + [with_code(view(), MILK)] * 8 + [view()] * 3):
        session.feed(frame(1 + n / 5, picture))
    assert amounts(session.finish()) == {"Milk": 1}


def test_unreadable_pictures_stop_no_trip() -> None:
    session = CartSession(shop(), "trip", "cart-7", perception=CameraPerception(), weighs=False)
    session.feed(FrameReading(SCAN_CAMERA, T0, T0, SCAN_CAMERA, b"no picture"))
    assert (session.finish().lines, session.trip.prompts) == ((), ())
