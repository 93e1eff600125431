"""Clips of changes: the right pictures of the right cameras, no bare face, no endless memory, gone in time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from aisle.belief.events import EventRecord
from aisle.sensing.readings import HealthEntry
from aisle.store.geometry import project
from aisle.walkout.clip_folder import DAY_S, ClipFolderError, ClipWish, expect_folder
from aisle.walkout.clip_writer import ClipSettings, ClipWriter
from walkout.clip_kit import (
    CAMERAS,
    NS,
    PICTURE,
    STORE,
    T0,
    at,
    change,
    chequered,
    contents,
    detail,
    glimpse,
    jpeg,
)

Point = tuple[float, float, float]
SHOPPER = (0.8, -0.5, 1.6)
NAME = "20260101-090006-000-g1-s2-e0"


def watched(writer: ClipWriter, until_s: float = 10.0, heads: tuple[Point, ...] = (), **options: Any) -> ClipWriter:
    for k in range(round(until_s * 10)):
        writer.look(glimpse(k / 10, *heads, **options))
    return writer


def cut(folder: Path, *changes: EventRecord, **options: Any) -> tuple[ClipWriter, dict[str, Any]]:
    """A writer that watched ten seconds and wrote these changes, and what it wrote: name -> timeline."""
    writer = watched(ClipWriter(STORE, ClipWish(folder)), **options)
    writer.ask(changes or (change(),))
    writer.finish(at(10))
    return writer, timelines(folder)


def timelines(folder: Path) -> dict[str, Any]:
    return {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.rglob("timeline.json"))}


# ------------------------------------------------------------------------ what
def test_a_clip_shows_the_change_from_before_until_after(tmp_path: Path) -> None:
    writer, clips = cut(tmp_path)
    assert (writer.clips, list(clips)) == ({0: NAME}, [NAME])
    told = clips[NAME]
    assert (told["gondola"], told["shelf"], told["plates"], told["events"]) == (1, 2, [2], [0])
    assert (told["t0_ns"], told["t1_ns"]) == (at(3.5), at(7.5))
    assert len(told["frames"]) == 2 * 41
    assert {len(list((tmp_path / NAME).glob("*.jpg")))} == {82}


def test_it_says_where_in_each_picture_the_place_is(tmp_path: Path) -> None:
    _, clips = cut(tmp_path)
    places = clips[NAME]["places"]
    assert list(places) == ["left", "right"]
    assert all(0.3 < x < 0.7 and 0.3 < y < 0.7 for x, y in places.values())


def test_it_is_written_once_what_came_after_has_been_seen(tmp_path: Path) -> None:
    writer = watched(ClipWriter(STORE, ClipWish(tmp_path)), 7.8)
    writer.ask([change()])
    writer.pass_time(at(7.8))
    assert writer.clips == {}
    for s in (7.8, 7.9, 8.0, 8.1):
        writer.look(glimpse(s))
    writer.pass_time(at(8.1))
    assert writer.clips == {0: NAME}


def test_pictures_that_do_not_come_are_not_waited_for_for_ever(tmp_path: Path) -> None:
    writer = watched(ClipWriter(STORE, ClipWish(tmp_path)), 6.5)
    writer.ask([change()])
    writer.pass_time(at(10))
    assert writer.clips == {}
    writer.pass_time(at(14))
    assert writer.clips == {0: NAME}
    assert timelines(tmp_path)[NAME]["t1_ns"] == at(6.4)


def test_of_a_long_change_the_end_is_shown(tmp_path: Path) -> None:
    writer = watched(ClipWriter(STORE, ClipWish(tmp_path)), 40.0)
    writer.ask([change(t0_s=2.0, t1_s=36.0)])
    writer.finish(at(40))
    (told,) = timelines(tmp_path).values()
    assert (told["t0_ns"], told["t1_ns"]) == (at(22.5), at(37.5))


TOGETHER = {
    "two tellings of one change": ((change(0), change(1, 5.2, 6.4)), [[0, 1]]),
    "the plate beside": ((change(0), change(1, plates=(3,))), [[0, 1]]),
    "the other end of the shelf": ((change(0, plates=(1,)), change(1, plates=(4,))), [[0], [1]]),
    "another shelf": ((change(0), change(1, shelf=2)), [[0], [1]]),
    "long after": ((change(0, 2.0, 3.0), change(1, 18.0, 19.0)), [[0], [1]]),
    "hardly anybody's doing": ((change(0), change(1, shelf=2, p=0.01)), [[0]]),
}


@pytest.mark.parametrize(("changes", "clips"), TOGETHER.values(), ids=TOGETHER.keys())
def test_changes_near_in_place_and_time_share_a_clip(
    changes: tuple[EventRecord, ...], clips: list[list[int]], tmp_path: Path
) -> None:
    writer = watched(ClipWriter(STORE, ClipWish(tmp_path)), 21.0)
    writer.ask(changes)
    writer.finish(at(21))
    assert sorted(told["events"] for told in timelines(tmp_path).values()) == clips
    assert {event for events in clips for event in events} == writer.clips.keys()


def test_the_same_pictures_give_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        cut(tmp_path / name, change(), change(1, shelf=2), heads=(SHOPPER,))
    assert len(contents(tmp_path / "a")) > 100
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


# --------------------------------------------------------------------- cameras
def broken(camera: str, t0_s: float, t1_s: float | None, grave: bool = True) -> HealthEntry:
    t1_ns = None if t1_s is None else at(t1_s)
    return HealthEntry("frozen", f"camera {camera}", "stands still", at(t0_s), t1_ns, grave, camera=camera)


HEALTH = {
    "all are well": ((), ["left", "right"]),
    "one froze meanwhile": ((broken("left", 4.0, 9.0),), ["right"]),
    "one is frozen still": ((broken("right", 5.0, None),), ["left"]),
    "one was frozen before": ((broken("left", 0.0, 2.0),), ["left", "right"]),
    "one lost a picture": ((broken("left", 4.0, 9.0, grave=False),), ["left", "right"]),
}


@pytest.mark.parametrize(("faults", "cameras"), HEALTH.values(), ids=HEALTH.keys())
def test_cameras_that_cannot_be_believed_are_left_out(
    faults: tuple[HealthEntry, ...], cameras: list[str], tmp_path: Path
) -> None:
    writer = watched(ClipWriter(STORE, ClipWish(tmp_path)))
    writer.faults = lambda: faults
    writer.ask([change()])
    writer.finish(at(10))
    assert timelines(tmp_path)[NAME]["cameras"] == cameras


def test_a_camera_whose_pictures_nobody_looked_at_is_left_out(tmp_path: Path) -> None:
    writer = ClipWriter(STORE, ClipWish(tmp_path))
    for k in range(100):
        writer.look(glimpse(k / 10, of=CAMERAS if k < 45 else CAMERAS[1:]))
    writer.ask([change()])
    writer.finish(at(10))
    assert timelines(tmp_path)[NAME]["cameras"] == ["right"]


def test_a_camera_with_somebodys_back_before_the_place_is_left_out(tmp_path: Path) -> None:
    between = (0.1, -0.75, 1.7)  # from the left
    _, clips = cut(tmp_path, heads=(between,))
    assert clips[NAME]["cameras"] == ["right"]


def test_where_no_camera_sees_the_place_there_is_no_clip_and_that_is_told(tmp_path: Path) -> None:
    writer, clips = cut(tmp_path, of=())
    assert (writer.clips, clips) == ({}, {})
    (entry,) = writer.health
    assert (entry.kind, entry.grave, entry.t0_ns) == ("clip-loss", False, at(6))
    assert "no camera that can be believed saw its place" in entry.message


# ----------------------------------------------------------------------- faces
def bare(folder: Path, camera: str, head_m: Point) -> list[str]:
    """Pictures of a camera in which detail is left where the head is."""
    (u, v), told = project(next(c for c in CAMERAS if c.camera_id == camera), np.array([head_m]))[0], timelines(folder)
    out = []
    for frame in (f for f in told[NAME]["frames"] if f["camera"] == camera):
        image = cv2.imread(str(folder / NAME / frame["file"]))
        assert image is not None
        x, y = round(u * image.shape[1] / 160), round(v * image.shape[0] / 90)
        if detail(np.asarray(image, np.uint8))[y - 2 : y + 3, x - 2 : x + 3].max() > 90:
            out.append(frame["file"])
    return out


FOUND = {
    "found by all cameras": {},
    "missed by one camera all the time": {"missed": ("left",)},
    "in pictures twice as large as agreed": {"picture": jpeg(chequered((320, 180)))},
}


@pytest.mark.parametrize("options", FOUND.values(), ids=FOUND.keys())
def test_no_head_is_bare(options: dict[str, Any], tmp_path: Path) -> None:
    _, clips = cut(tmp_path, heads=(SHOPPER,), **options)
    assert "left" in clips[NAME]["cameras"]
    assert bare(tmp_path, "left", SHOPPER) == []
    assert bare(tmp_path, "left", (1.6, -0.5, 0.9)) != []


def test_no_head_is_bare_in_pictures_before_anybody_knew_of_it(tmp_path: Path) -> None:
    writer = ClipWriter(STORE, ClipWish(tmp_path))
    for k in range(100):
        writer.look(glimpse(k / 10, *((SHOPPER,) if k >= 39 else ())))
    writer.ask([change()])
    writer.finish(at(10))
    assert bare(tmp_path, "left", SHOPPER) == []


# ---------------------------------------------------------------------- bounds
def test_memory_does_not_grow_with_time(tmp_path: Path) -> None:
    few = ClipSettings(most_bytes=40 * len(PICTURE), remember_s=20.0)
    writer = ClipWriter(STORE, ClipWish(tmp_path), few)
    for s in range(300):
        writer.look(glimpse(float(s), (0.5 + s % 2, -0.5, 1.6), of=CAMERAS[:1]))
    watch = writer._watched["left"]
    assert len(watch.frames) == 21
    assert len(watch.heads._seen) == 21
    assert len(writer._floors) == 21
    for s in range(300, 600):
        writer.look(glimpse(float(s) / 100 + 297, of=CAMERAS[:1]))
    assert watch.frames.bytes_held <= 40 * len(PICTURE)


# ------------------------------------------------------------------- retention
def test_clips_are_deleted_at_start_and_while_time_passes(tmp_path: Path) -> None:
    cut(tmp_path)
    later = ClipWriter(STORE, ClipWish(tmp_path, keep_s=2 * DAY_S))
    later.pass_time(T0 + round(1.9 * DAY_S) * NS)
    assert list(timelines(tmp_path)) == [NAME]
    later.pass_time(T0 + round(2.1 * DAY_S) * NS)
    assert contents(tmp_path) == {}
    cut(tmp_path)
    ClipWriter(STORE, ClipWish(tmp_path, keep_s=DAY_S)).pass_time(T0 + 3 * round(DAY_S) * NS)
    assert contents(tmp_path) == {}


def test_those_of_other_recordings_are_deleted_too_and_nothing_else(tmp_path: Path) -> None:
    cut(tmp_path / "monday")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "list.txt").write_text("mine")
    ClipWriter(STORE, ClipWish(tmp_path, DAY_S, under="tuesday")).pass_time(T0 + 2 * round(DAY_S) * NS)
    assert contents(tmp_path) == {"notes/list.txt": b"mine"}


def test_without_a_time_they_are_kept(tmp_path: Path) -> None:
    cut(tmp_path)
    ClipWriter(STORE, ClipWish(tmp_path)).pass_time(T0 + 4000 * round(DAY_S) * NS)
    assert list(timelines(tmp_path)) == [NAME]


# ------------------------------------------------------------------------ disk
def test_a_disk_that_fails_is_told_and_the_next_clip_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.write_text("no folder any more")
    writer = watched(ClipWriter(STORE, ClipWish(folder)))
    for event in (0, 1):
        writer.ask([change(event)])
        writer.pass_time(at(10))
    assert writer.clips == {}
    (entry,) = writer.health
    assert entry.message.startswith(f"2 times a clip could not be written to {folder}")
    assert not entry.grave
    folder.unlink()
    writer.ask([change(2)])
    writer.finish(at(10))
    assert writer.clips == {2: NAME.replace("e0", "e2")}


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClipFolderError, match=r"cannot take clips .* give a folder that can be written to"):
        expect_folder(tmp_path / "file" / "clips")
    expect_folder(tmp_path / "new" / "clips")
    assert list((tmp_path / "new" / "clips").iterdir()) == []


def test_a_thread_writes_the_same_files(tmp_path: Path) -> None:
    cut(tmp_path / "here")
    writer = watched(ClipWriter(STORE, ClipWish(tmp_path / "aside", keep_s=DAY_S, aside=True)))
    writer.ask([change()])
    writer.pass_time(at(10))
    writer.finish(at(10))
    assert writer.clips == {0: NAME}
    assert contents(tmp_path / "aside") == contents(tmp_path / "here")


def test_a_thread_that_cannot_keep_up_costs_clips_and_no_time(tmp_path: Path) -> None:
    hurried = replace(ClipSettings(), most_waiting=0)
    writer = watched(ClipWriter(STORE, ClipWish(tmp_path, aside=True), hurried))
    writer.ask([change()])
    writer.pass_time(at(10))
    writer.finish(at(10))
    assert writer.clips == {}
    assert "writing could not keep up" in writer.health[0].message
