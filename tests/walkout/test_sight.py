"""Sight: frames of several cameras become slots, slots become people on the floor; bad frames are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from aisle.sensing.readings import FrameReading
from aisle.simulation.pictures.rigs import rig
from aisle.store.example import example_store
from aisle.store.geometry import project
from aisle.store.model import Camera, Store
from aisle.vision.seen import Image, PeopleSeen
from aisle.walkout.sight import Seen, Sight

NS = 1_000_000_000
T0 = 1_770_000_000 * NS
SIZE = (160, 90)
STORE = replace(example_store(), cameras=rig(example_store(), 3, SIZE))
GREYS = {camera.camera_id: 40 + 60 * k for k, camera in enumerate(STORE.cameras)}


def jpeg(grey: int, k: int) -> bytes:
    """The k-th picture of a camera: a wall of its own, a patch of its own grey, and the sensor's noise."""
    wall = np.random.default_rng(grey).integers(0, 255, (9, 16, 3), np.uint8)
    picture = cv2.resize(wall, SIZE, interpolation=cv2.INTER_CUBIC).astype(np.int16)
    picture[:16, :16] = grey
    picture += np.random.default_rng([grey, k]).integers(-4, 5, picture.shape, np.int16)
    return bytes(cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8))[1])


JPEGS = {name: [jpeg(grey, k) for k in range(40)] for name, grey in GREYS.items()}


class Walker:
    """A detector that knows where one person walks: along y = 1.6 m at 0.8 m/s; a camera is known by its grey."""

    def __init__(self, store: Store) -> None:
        self._cameras = {GREYS[c.camera_id]: c for c in store.cameras}
        self._looks = dict.fromkeys(self._cameras, 0)

    def detect(self, images: Sequence[Image], backgrounds: Sequence[Image | None]) -> list[PeopleSeen]:
        return [self._seen(image) for image in images]

    def _seen(self, image: Image) -> PeopleSeen:
        grey = min(self._cameras, key=lambda g: abs(g - float(image[3:12, 3:12].mean())))
        self._looks[grey] += 1
        return seen_by(self._cameras[grey], np.array([1.3 + 0.08 * self._looks[grey], 1.6]))


def seen_by(camera: Camera, feet: np.ndarray) -> PeopleSeen:
    points = np.array([[*feet, 1.66], [*feet, 0.0], [feet[0], feet[1] + 0.3, 1.1], [feet[0], feet[1] - 0.3, 1.1]])
    head, foot, left, right = project(camera, points)
    if not np.isfinite(head).all() or not (0 <= head[0] < SIZE[0] and 0 <= head[1] < SIZE[1]):
        return PeopleSeen.nobody()
    box = np.array([[head[0] - 5, head[1] - 4, head[0] + 5, max(foot[1], head[1] + 8)]])
    return PeopleSeen(
        box,
        np.array([0.9]),
        head[None],
        np.array([0.5]),
        foot[None],
        np.array([1.0]),
        np.stack([left, right])[None],
        np.full((1, 2), 1.0),
        np.full((1, 2), 0.95),
        np.array([[0.1, 0.9]]),
        np.zeros((1, 0)),
    )


def frames(seconds: float, fps: float = 10.0) -> list[FrameReading]:
    out = []
    for k in range(round(seconds * fps)):
        for number, camera in enumerate(STORE.cameras):
            t = T0 + round((k / fps + 0.02 * number) * NS)
            out.append(
                FrameReading(camera.camera_id, t, t + NS // 20, camera.camera_id, JPEGS[camera.camera_id][k % 40])
            )
    return sorted(out, key=lambda f: f.received_ns)


def watched(sight: Sight, given: Iterable[FrameReading]) -> list[Seen]:
    return [seen for frame in given for seen in sight.see(frame)] + list(sight.finish())


def sight(jobs: int = 1) -> Sight:
    names = iter(range(100))
    return Sight(STORE, Walker(STORE), lambda: f"p{next(names)}", jobs=jobs)


def test_a_walker_is_one_person_at_the_right_place_with_both_hands() -> None:
    seen = watched(sight(), frames(4.0))
    people = [s.floor for s in seen if len(s.floor)]
    assert {i for p in people for i in p.ids} == {"p0"}
    assert len(people) > 25
    last = people[-1]
    true = np.array([1.3 + 0.08 * 40, 1.6])
    assert np.hypot(*(last.positions_m[0] - true)) < 0.15
    hands = sorted(last.wrists_m[0, :, 1] - last.positions_m[0, 1])
    np.testing.assert_allclose(hands, [-0.3, 0.3], atol=0.1)
    np.testing.assert_allclose(last.wrists_m[0, :, 2], 1.1, atol=0.1)


def test_readings_are_in_order_and_the_same_each_time_whatever_the_threads() -> None:
    runs = [[s.reading for s in watched(sight(jobs), frames(2.0))] for jobs in (1, 1, 2)]
    times = [r.t_ns for r in runs[0]]
    assert times == sorted(times) and len(set(times)) == len(times)
    for run in runs[1:]:
        for a, b in zip(runs[0], run, strict=True):
            assert a.ids == b.ids and a.t_ns == b.t_ns
            np.testing.assert_array_equal(a.heads_m, b.heads_m)


def test_jitter_at_the_border_of_slots_costs_no_frame() -> None:
    rng = np.random.default_rng(5)
    given = [
        FrameReading(
            f.device, f.t_ns + int(rng.normal(0, 3e6)), f.received_ns + int(rng.uniform(0, 4e7)), f.camera, f.jpeg
        )
        for f in frames(3.0)
    ]
    engine = sight()
    seen = watched(engine, sorted(given, key=lambda f: f.received_ns))
    assert engine.health == ()
    assert sum(len(s.pictures) for s in seen) == 90
    assert len(seen) <= 31


def test_a_camera_that_falls_silent_does_not_hold_up_the_others() -> None:
    silent = STORE.cameras[1].camera_id
    given = [f for f in frames(3.0) if f.camera != silent or f.t_ns < T0 + NS]
    engine = sight()
    told = [s.t_ns for frame in given for s in engine.see(frame)]
    assert told[-1] > T0 + 2.6 * NS


def claiming_to_be_huge(data: bytes) -> bytes:
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]


FAULTS = {
    "no picture": (b"no picture at all", "cannot be decoded"),
    "an empty picture": (b"", "cannot be decoded"),
    "half a picture": (next(iter(JPEGS.values()))[0][:200], "cannot be decoded"),
    "four gigapixels in a header": (claiming_to_be_huge(next(iter(JPEGS.values()))[0]), "more than 64 megapixels"),
}


@pytest.mark.parametrize(("data", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_broken_pictures_become_health(data: bytes, said: str) -> None:
    engine = sight()
    given = frames(1.0)
    broken = given[9]
    given[9] = FrameReading(broken.device, broken.t_ns, broken.received_ns, broken.camera, data)
    assert len(watched(engine, given)) == 10
    (entry,) = engine.health
    assert entry.kind == "frame-loss" and entry.camera == broken.camera and said in entry.message


def test_frames_of_strange_cameras_and_late_ones_become_health() -> None:
    engine = sight()
    given = frames(2.0)
    stranger = FrameReading("attic", T0, T0, "attic", JPEGS[STORE.cameras[0].camera_id][0])
    late = given[0]
    watched(engine, [stranger, *given, late])
    assert {(e.camera, e.kind) for e in engine.health} == {("attic", "frame-loss"), (late.camera, "frame-loss")}
    assert any("a camera the store does not have" in e.message for e in engine.health)
    assert any("too late" in e.message for e in engine.health)


def test_a_camera_from_the_future_does_not_end_the_present() -> None:
    engine = sight()
    given = frames(2.0)
    ahead = given[6]
    given[6] = FrameReading(ahead.device, ahead.t_ns + 3600 * NS, ahead.received_ns, ahead.camera, ahead.jpeg)
    assert len(watched(engine, given)) == 20
    (entry,) = engine.health
    assert entry.camera == ahead.camera and "set the camera's clock" in entry.message


def test_countless_strange_cameras_are_counted_together() -> None:
    engine = sight()
    for k in range(1000):
        assert not list(engine.see(FrameReading("attic", T0, T0, f"attic-{k}", b"")))
    assert len(engine.health) == 21
    assert [e.camera for e in engine.health if "980 frames" in e.message] == ["(others)"]


def test_pictures_of_a_frozen_camera_are_not_looked_at() -> None:
    frozen = STORE.cameras[0].camera_id
    given = [replace_jpeg(f, JPEGS[frozen][0]) if f.camera == frozen else f for f in frames(6.0)]
    engine = sight()
    seen = watched(engine, given)
    assert frozen in seen[10].pictures
    assert all(frozen not in s.pictures for s in seen[-10:])
    assert {(e.kind, e.camera) for e in engine.health} == {("frozen", frozen)}


def replace_jpeg(frame: FrameReading, jpeg: bytes) -> FrameReading:
    return FrameReading(frame.device, frame.t_ns, frame.received_ns, frame.camera, jpeg)


def test_cameras_slower_than_slots_and_out_of_step_are_still_told_in_order() -> None:
    rng = np.random.default_rng(3)
    given = []
    for k in range(24):
        for number, camera in enumerate(STORE.cameras):
            t = T0 + round((k / 4 + 0.05 * number + rng.normal(0, 0.004)) * NS)
            given.append(FrameReading(camera.camera_id, t, t + NS // 20, camera.camera_id, JPEGS[camera.camera_id][k]))
    times = [s.t_ns for s in watched(sight(), sorted(given, key=lambda f: f.received_ns))]
    assert len(times) > 24
    assert all(a < b for a, b in pairwise(times))
