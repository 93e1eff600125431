"""People found in pixels are on the picture like those a tracker tells of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import cv2
import numpy as np
import pytest

from aisle.sensing.readings import FrameReading, HealthEntry, Reading, TrackReading
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.store.model import Store
from aisle.vision.evidence import Evidence
from aisle.vision.seen import Image
from aisle.walkout.replay import Replay, ReplayOptions
from aisle.walkout.view.moment import Moment
from aisle.walkout.view.watching import shown_name, span_of, watch
from walkout.view.moments_kit import NORTH

NS = 1_000_000_000
GREY = bytes(cv2.imencode(".jpg", np.full((36, 64, 3), 120, np.uint8))[1])


@dataclass(frozen=True)
class PixelsOnly:
    """A scene whose tracker's readings have become grey pictures; `tracks` are what good eyes would see on them."""

    name: str
    store: Store
    kept: tuple[Reading, ...]
    tracks: tuple[TrackReading, ...]
    health: tuple[HealthEntry, ...] = ()

    def readings(self) -> Iterator[Reading]:
        return iter(self.kept)


@cache
def scene() -> PixelsOnly:
    given = simulate_scene(example_store(), "one_item", 3)
    kept = tuple(
        FrameReading("north", r.t_ns, r.received_ns, "north", GREY) if isinstance(r, TrackReading) else r
        for r in given.readings()
    )
    tracks = tuple(r for r in given.readings() if isinstance(r, TrackReading))
    return PixelsOnly(given.name, replace(given.store, cameras=(NORTH,)), kept, tracks)


@dataclass(frozen=True)
class Glance:
    reading: TrackReading
    evidence: tuple[Evidence, ...] = ()


class GoodEyes:
    """Give the track that belongs to each picture."""

    health = (HealthEntry("frozen", "camera north", "the same picture again", None, None, camera="north"),)

    def __init__(self) -> None:
        self._tracks = {track.t_ns: track for track in scene().tracks}

    def see(self, frame: FrameReading, image: Image | None = None) -> Iterable[Glance]:
        return (Glance(self._tracks[frame.t_ns]),)

    def tick(self, now_ns: int) -> None:
        return None

    def finish(self) -> Iterable[Glance]:
        return ()


def replay(recording: object, options: ReplayOptions) -> Replay:
    return Replay(recording, options, eyes=lambda store: GoodEyes())  # type: ignore[arg-type]


def test_people_found_in_pixels_are_shown_with_what_they_took() -> None:
    busiest = max(scene().tracks, key=lambda track: len(track.ids))
    end = span_of(scene()).t1_ns + 60 * NS
    seen: list[Moment] = []
    watch(scene(), [busiest.t_ns, end], seen.append, replay=replay)
    (person,) = seen[0].people
    assert np.hypot(*(person.tail_m[-1] - busiest.heads_m[0, :2])) < 0.3
    assert seen[0].shots["north"].image.shape == (36, 64, 3)
    assert [line.quantity for b in seen[1].baskets for line in b.lines] == [1]
    assert "frozen" in {entry.kind for entry in seen[1].health}


def test_whoever_looks_on_is_told_how_far_the_recording_has_come() -> None:
    times: list[int] = []
    watch(scene(), [scene().tracks[20].t_ns], [].append, replay=replay, passed=times.append)
    assert times[0] == scene().kept[0].t_ns
    assert 0 < len(times) < len(scene().kept)


def test_a_session_tells_of_tracks_in_order_of_time() -> None:
    told: list[TrackReading] = []
    running = replay(scene(), ReplayOptions())
    running.observed = told.append
    running.run()
    times = [t.t_ns for t in told]
    assert times == sorted(times)
    assert {t.t_ns for t in scene().tracks}.issuperset(times)
    assert len(times) > 0.95 * len(scene().tracks)  # but for those that came too late


NAMES = {"eyes' own number": ("shopper-7", 2, "Shopper 2"), "a name": ("ada", 1, "ada")}


@pytest.mark.parametrize(("person", "number", "shown"), NAMES.values(), ids=NAMES.keys())
def test_cards_do_not_show_the_ids_that_eyes_give(person: str, number: int, shown: str) -> None:
    assert shown_name(person, number) == shown
