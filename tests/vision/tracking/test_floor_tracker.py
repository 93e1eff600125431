"""People followed over a floor by cameras that see exactly, miss, disagree or look away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from aisle.store.model import Gate
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.floor import FloorTracker
from aisle.vision.tracking.people import FloorPeople, Found, Lost, TrackEvent, track_reading
from vision.tracking.walkers_kit import DOOR, ROOM, STEP_NS, FloatArray, camera, corners, line, numbers, seen_by, slots

GATES = (Gate("door", "both", (0.5, 0.0), (1.5, 0.0)),)
NOWHERE = np.full(2, np.nan)
A, B = line((1.0, 1.0), (6.0, 4.0), 50), line((6.5, 1.5), (2.0, 4.5), 50)


def followed(
    frames: Sequence[tuple[int, dict[str, PeopleSeen]]], tracker: FloorTracker | None = None
) -> tuple[list[FloorPeople], list[TrackEvent]]:
    tracker = tracker or FloorTracker(corners(), numbers(), floor_m=ROOM, gates=GATES)
    people, events = [], []
    for t_ns, seen in frames:
        people.append(tracker.step(t_ns, seen))
        events += tracker.events
    return people, events


def test_two_people_on_their_ways() -> None:
    people, _ = followed(slots(corners(), [A, B], [1.62, 1.50]))
    last = people[-1]
    assert last.ids == ("p0", "p1")
    assert {ident for p in people for ident in p.ids} == {"p0", "p1"}
    order = np.argsort(-last.statures_m)  # the taller one walks A
    assert last.positions_m[order] == pytest.approx(np.array([A[-1], B[-1]]), abs=0.06)
    assert last.statures_m[order] == pytest.approx([1.62, 1.50], abs=0.04)
    assert (np.hypot(*last.velocities_m_s.T) > 0.7).all()
    assert last.confidence.min() > 0.99 and last.identity.min() > 0.95


def test_the_same_again_for_the_same_input() -> None:
    first, second = (followed(slots(corners(), [A, B], [1.62, 1.5]))[0][-1] for _ in range(2))
    assert first.positions_m.tobytes() == second.positions_m.tobytes()
    assert first.cov.tobytes() == second.cov.tobytes()


def test_order_of_cameras_does_not_matter() -> None:
    frames = slots(corners(), [A], [1.6])
    turned = [(t, dict(reversed(seen.items()))) for t, seen in frames]
    assert followed(frames)[0][-1].positions_m.tobytes() == followed(turned)[0][-1].positions_m.tobytes()


def test_one_camera_is_enough_but_less_sure() -> None:
    alone, _ = followed(slots(corners()[:1], [A], [1.6]))
    together, _ = followed(slots(corners(), [A], [1.6]))
    assert alone[-1].ids == ("p0",)
    assert alone[-1].positions_m[0] == pytest.approx(A[-1], abs=0.25)
    assert np.trace(alone[-1].cov[0]) > 2.0 * np.trace(together[-1].cov[0])


def test_a_false_box_in_one_camera_is_nobody() -> None:
    eye = corners()[0]
    ghost = seen_by(eye, np.array([[4.0, 3.0]]), np.array([1.6]))
    nobody = PeopleSeen.nobody()
    frames = [(i * STEP_NS, {"sw": ghost if i == 5 else nobody, "ne": nobody, "se": nobody}) for i in range(15)]
    people, _ = followed(frames)
    assert [len(p) for p in people] == [0] * 15


def test_somebody_behind_the_window_is_nobody() -> None:
    outside = np.tile((4.0, 7.5), (30, 1))
    people, _ = followed(slots(corners(), [outside], [1.6]))
    assert [len(p) for p in people] == [0] * 30


def test_carried_on_while_nobody_looks() -> None:
    frames = slots(corners(), [A], [1.6])
    blind = [(t, {} if 25 <= i < 33 else seen) for i, (t, seen) in enumerate(frames)]
    people, _ = followed(blind)
    assert {p.ids for p in people[10:]} == {("p0",)}
    assert people[32].seen.tolist() == [False] and people[34].seen.tolist() == [True]
    assert people[32].positions_m[0] == pytest.approx(A[32], abs=0.25)
    assert np.trace(people[32].cov[0]) > 3.0 * np.trace(people[24].cov[0])


def test_lost_and_found_again() -> None:
    hidden = A.copy()
    hidden[20:45] = hidden[20]
    way = np.concatenate([hidden[:20], np.full((35, 2), np.nan), np.tile(A[22], (20, 1))])
    people, events = followed(slots(corners(), [way], [1.6]))
    assert people[-1].ids == ("p0",)
    assert [type(e) for e in events] == [Lost, Found]
    assert events[0] == Lost(events[0].t_ns, "p0", at_exit=False)
    again = [e for e in events if isinstance(e, Found)]
    assert again[0].person == "p0" and again[0].probability > 0.8
    assert 0.5 < people[-1].identity[0] < 1.0


def test_who_leaves_by_the_door_is_not_who_comes_in_after() -> None:
    out = np.concatenate([line((4.0, 3.0), DOOR, 30), np.full((40, 2), np.nan), line(DOOR, (4.0, 3.0), 30)])
    people, events = followed(slots(corners(), [out], [1.6]))
    assert people[-1].ids == ("p1",)
    assert events == [Lost(events[0].t_ns, "p0", at_exit=True)]


def test_wrists_of_two_cameras_meet_in_space() -> None:
    wrist = np.array([[[4.3, 3.2, 1.1], [3.9, 2.7, 0.8]]])
    place, tall = np.array([[4.0, 3.0]]), np.array([1.6])
    seen = {c.camera_id: seen_by(c, place, tall, wrists_m=wrist) for c in corners()}
    people, _ = followed([(i * STEP_NS, seen) for i in range(20)])
    found = people[-1]
    order = np.argsort(-found.wrists_m[0, :, 2])
    assert found.wrists_m[0, order] == pytest.approx(wrist[0], abs=0.06)
    assert found.wrist_sigma_m.max() < 0.08
    assert found.wrist_scores.min() > 0.75
    assert found.holding.min() > 0.8


def test_a_wrist_seen_once_is_wide_along_its_ray() -> None:
    wrist = np.array([[[4.3, 3.2, 1.1], [np.nan] * 3]])
    place, tall = np.array([[4.0, 3.0]]), np.array([1.6])
    every = {c.camera_id: seen_by(c, place, tall) for c in corners()}
    eye = corners()[0]
    seen = {**every, "sw": seen_by(eye, place, tall, wrists_m=wrist)}
    people, _ = followed([(i * STEP_NS, seen) for i in range(20)])
    sure = people[-1].wrist_scores[0].argmax()
    assert people[-1].wrist_sigma_m[0, sure] > 0.08
    off = people[-1].wrists_m[0, sure] - wrist[0, 0]
    ray = (wrist[0, 0] - eye.position_m) / np.linalg.norm(wrist[0, 0] - eye.position_m)
    assert np.linalg.norm(off - (off @ ray) * ray) < 0.05
    assert people[-1].wrist_scores[0].min() == 0.0


def test_becomes_a_tracker_s_reading() -> None:
    people, _ = followed(slots(corners(), [A, B], [1.6, 1.5]))
    reading = track_reading(people[-1], "cameras", people[-1].t_ns + 5)
    assert reading.ids == people[-1].ids
    assert reading.heads_m.shape == (2, 3) and reading.heads_m.dtype == np.float32
    assert np.isnan(reading.wrists_m).all() and not reading.wrist_scores.any()
    assert reading.received_ns == reading.t_ns + 5


def bad_camera(tracker: FloorTracker) -> None:
    tracker.step(0, {"attic": PeopleSeen.nobody()})


def back_in_time(tracker: FloorTracker) -> None:
    tracker.step(STEP_NS, {})
    tracker.step(STEP_NS, {})
    tracker.step(0, {})


MISUSES = {"unknown camera": (bad_camera, "'attic'.*sw, ne, se"), "back in time": (back_in_time, "in order")}


@pytest.mark.parametrize(("misuse", "says"), MISUSES.values(), ids=MISUSES.keys())
def test_misuse_is_told(misuse: object, says: str) -> None:
    assert callable(misuse)
    with pytest.raises(ValueError, match=says):
        misuse(FloorTracker(corners(), numbers()))


def test_needs_cameras_with_names_of_their_own() -> None:
    with pytest.raises(ValueError, match="at least one"):
        FloorTracker((), numbers())
    with pytest.raises(ValueError, match="its own"):
        FloorTracker((camera("a", 0, 0), camera("a", 1, 1)), numbers())


def test_cameras_may_give_looks_or_none() -> None:
    frames = slots(corners(), [A], [1.6], random_looks(1))
    bare = dict(slots(corners(), [A], [1.6]))
    mixed = [(t, {**seen, "ne": bare[t]["ne"]}) for t, seen in frames]
    people, _ = followed(mixed[:20])
    assert people[-1].ids == ("p0",)
    assert np.isfinite(people[-1].positions_m).all()


def random_looks(count: int) -> FloatArray:
    looks = np.random.default_rng(4).normal(size=(count, 16))
    return np.asarray(looks / np.linalg.norm(looks, axis=1, keepdims=True))


def test_looks_keep_people_apart_who_hide_together() -> None:
    """Two people of one height meet where no camera sees and come out the other way round."""
    meet = (4.0, 3.0)
    dark = np.full((12, 2), np.nan)
    a = np.concatenate([line((1.5, 3.0), (3.8, 3.0), 30), dark, line((3.8, 3.1), (1.5, 3.1), 40)])
    b = np.concatenate([line((6.5, 3.0), (4.2, 3.0), 30), dark, line((4.2, 3.1), (6.5, 3.1), 40)])
    frames = slots(corners(), [a, b], [1.6, 1.6], random_looks(2))
    nobody = dict.fromkeys(("sw", "ne"), PeopleSeen.nobody())
    people, _ = followed([*frames[:35], (34 * STEP_NS, nobody), *frames[35:]])
    before, after = people[25], people[-1]
    west_before = before.ids[int(before.positions_m[:, 0].argmin())]
    west_after = after.ids[int(after.positions_m[:, 0].argmin())]
    assert meet[0] == 4.0 and west_before == west_after
