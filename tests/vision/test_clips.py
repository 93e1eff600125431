"""Clips: the right pictures, from the cameras that see the place, without faces, and gone when their time is over."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from aisle.sensing.readings import FrameReading
from aisle.store.geometry import look_at
from aisle.store.model import Camera
from aisle.vision.clips import Faces, FrameMemory, best_cameras, sweep, unrecognisable, write_clip
from aisle.vision.seen import FloatArray, Image, PeopleSeen

NS = 1_000_000_000
T0 = 1_600_000_000 * NS
NOBODY = Faces(np.zeros((0, 3)), np.zeros((0, 4)))


def chequered(cell: int = 2) -> Image:
    """A picture in which every patch has detail to lose."""
    y, x = np.mgrid[:120, :160]
    return np.repeat((((x // cell + y // cell) % 2) * 255).astype(np.uint8)[:, :, None], 3, axis=2)


def frame(k: int, camera: str = "north", image: Image | None = None) -> FrameReading:
    jpeg = cv2.imencode(".jpg", chequered() if image is None else image)[1].tobytes()
    return FrameReading("nvr", T0 + k * NS // 10, T0 + k * NS // 10, camera, jpeg)


def detail(image: Image) -> FloatArray:
    """How much each pixel differs from its right-hand neighbour."""
    return np.abs(np.diff(image[:, :, 0].astype(np.float64), axis=1))


# ------------------------------------------------------------------------- faces
def test_of_a_head_no_detail_is_left_and_the_rest_is_untouched() -> None:
    image = chequered()
    hidden = unrecognisable(image, Faces(np.array([[60.0, 50.0, 15.0]]), np.zeros((0, 4))))
    assert detail(hidden)[35:65, 45:75].max() < 40
    assert np.array_equal(hidden[:, 90:], image[:, 90:])
    assert np.array_equal(hidden[80:], image[80:])


PLACES: dict[str, Faces] = {
    "half outside": Faces(np.array([[0.0, 0.0, 12.0]]), np.zeros((0, 4))),
    "wholly outside": Faces(np.array([[-90.0, 400.0, 12.0]]), np.array([[200.0, 10.0, 230.0, 30.0]])),
    "tiny": Faces(np.array([[5.0, 5.0, 0.2]]), np.zeros((0, 4))),
    "not known": Faces(np.full((1, 3), np.nan), np.full((1, 4), np.nan)),
    "the whole picture": Faces(np.zeros((0, 3)), np.array([[-10.0, -10.0, 500.0, 500.0]])),
    "nobody": NOBODY,
}


@pytest.mark.parametrize("name", PLACES)
def test_faces_at_odd_places(name: str) -> None:
    assert unrecognisable(chequered(), PLACES[name]).shape == (120, 160, 3)


def test_a_face_half_outside_is_hidden_too() -> None:
    assert detail(unrecognisable(chequered(), PLACES["half outside"]))[:12, :12].max() < 80


def test_where_no_head_was_found_the_upper_quarter_is_hidden() -> None:
    people = PeopleSeen.boxed(np.array([[20.0, 10.0, 60.0, 110.0], [80.0, 0.0, 110.0, 90.0]]), np.ones(2))
    heads = people.heads_px.copy()
    heads[1] = (95.0, 8.0)
    faces = Faces.of(replace(people, heads_px=heads))
    assert faces.boxes_px.tolist() == [[20.0, 10.0, 60.0, 35.0]]
    assert faces.circles_px[:, :2].tolist() == [[95.0, 8.0]]
    assert 6.0 <= faces.circles_px[0, 2] <= 15.0


def test_nobody_has_no_face() -> None:
    faces = Faces.of(PeopleSeen.nobody())
    assert (faces.circles_px.shape, faces.boxes_px.shape) == ((0, 3), (0, 4))


# ------------------------------------------------------------------------- cameras
def camera(name: str, at: tuple[float, float, float], looks_at: tuple[float, float, float]) -> Camera:
    return Camera(name, "", (640, 360), (400.0, 400.0), (320.0, 180.0), at, look_at(at, looks_at))


SHELF = (2.0, 2.0, 1.2)
CAMERAS = (
    camera("far", (8.0, 8.0, 2.6), SHELF),
    camera("near", (2.5, 0.5, 2.6), SHELF),
    camera("behind", (2.0, 4.0, 2.6), SHELF),
    camera("elsewhere", (2.0, 1.0, 2.6), (2.0, -5.0, 0.0)),
)


def test_the_best_cameras_are_near_and_before_the_shelf() -> None:
    assert best_cameras(CAMERAS, SHELF, (0.0, -1.0), most=4) == ("near", "behind", "far")
    assert best_cameras(CAMERAS, SHELF, (0.0, 1.0), most=1) == ("behind",)
    assert best_cameras(CAMERAS, SHELF) == ("near", "behind")


def test_cameras_that_do_not_see_now_are_passed_over() -> None:
    assert best_cameras(CAMERAS, SHELF, (0.0, -1.0), usable=lambda c: c != "near", most=1) == ("behind",)
    assert best_cameras(CAMERAS, (50.0, 50.0, 9.0)) == ()


# -------------------------------------------------------------------------- memory
def test_the_memory_holds_no_more_bytes_than_it_may() -> None:
    size = len(frame(0).jpeg)
    memory = FrameMemory(5 * size)
    for k in range(20):
        memory.add(frame(k))
    assert (len(memory), memory.bytes_held) == (5, 5 * size)
    assert [f.t_ns for f in memory.between(T0, T0 + 9 * NS)] == [frame(k).t_ns for k in range(15, 20)]


def test_the_memory_forgets_what_is_too_old() -> None:
    memory = FrameMemory(1 << 30, longest_s=0.5)
    for k in range(20):
        memory.add(frame(k))
    assert len(memory) == 6


def test_a_picture_larger_than_the_memory_is_not_kept() -> None:
    memory = FrameMemory(10)
    memory.add(frame(0))
    assert (len(memory), memory.bytes_held) == (0, 0)


def test_pictures_of_a_stretch_of_time_and_of_some_cameras() -> None:
    memory = FrameMemory(1 << 30)
    for k, name in ((0, "a"), (2, "b"), (1, "a"), (3, "a")):
        memory.add(frame(k, name))
    found = memory.between(frame(1).t_ns, frame(3).t_ns, ("a",))
    assert [f.t_ns for f in found] == [frame(1).t_ns, frame(3).t_ns]


# --------------------------------------------------------------------------- clips
def test_a_clip_is_a_row_of_pictures_with_a_timeline(tmp_path: Path) -> None:
    frames = [frame(2, "south"), frame(0), frame(1)]
    clip = write_clip(tmp_path, "event-17", frames, lambda f: Faces(np.array([[60.0, 50.0, 15.0]]), np.zeros((0, 4))))
    assert clip is not None
    assert (clip.folder, clip.frames, clip.cameras) == (tmp_path / "event-17", 3, ("north", "south"))
    timeline = json.loads((clip.folder / "timeline.json").read_text())
    assert [(f["file"], f["camera"], f["t_ns"]) for f in timeline["frames"]] == [
        ("00000.jpg", "north", T0),
        ("00001.jpg", "north", T0 + NS // 10),
        ("00002.jpg", "south", T0 + NS // 5),
    ]
    assert (timeline["t0_ns"], timeline["t1_ns"]) == (T0, T0 + NS // 5)
    written = cv2.imread(str(clip.folder / "00001.jpg"))
    assert written is not None
    assert detail(np.asarray(written, np.uint8))[40:60, 50:70].max() < 60
    assert sorted(p.name for p in tmp_path.iterdir()) == ["event-17"]


def test_pictures_nobody_looked_at_or_that_are_none_are_left_out(tmp_path: Path) -> None:
    torn = FrameReading("nvr", T0, T0, "north", b"\xff\xd8 torn")
    clip = write_clip(tmp_path, "a", [torn, frame(1), frame(2)], lambda f: None if f.t_ns > frame(1).t_ns else NOBODY)
    assert clip is not None
    assert clip.frames == 1
    assert write_clip(tmp_path, "b", [torn], lambda f: NOBODY) is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a"]


def test_a_clip_written_again_replaces_the_old_one(tmp_path: Path) -> None:
    write_clip(tmp_path, "a", [frame(k) for k in range(3)], lambda f: NOBODY)
    write_clip(tmp_path, "a", [frame(9)], lambda f: NOBODY)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["00000.jpg", "timeline.json"]


def test_a_clip_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def broken(f: FrameReading) -> Faces:
        raise KeyError("power cut")

    with pytest.raises(KeyError):
        write_clip(tmp_path, "a", [frame(1)], broken)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "Anna", "../a", "a b", "-a", "a" * 81])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="small letters, digits and hyphens"):
        write_clip(tmp_path, name, [frame(1)], lambda f: NOBODY)


def test_clips_are_deleted_after_their_time_and_nothing_else_is(tmp_path: Path) -> None:
    for name, k in (("old", 0), ("new", 500), ("damaged", 500)):
        write_clip(tmp_path, name, [frame(k)], lambda f: NOBODY)
    (tmp_path / "damaged" / "timeline.json").write_text("{")
    os.utime(tmp_path / "damaged" / "timeline.json", ns=(T0, T0))
    (tmp_path / "notes").mkdir()
    (tmp_path / "list.txt").write_text("mine")
    for left in (".a.part", ".b.gone"):
        (tmp_path / left).mkdir()
        os.utime(tmp_path / left, ns=(T0 - 7200 * NS, T0 - 7200 * NS))
    assert sweep(tmp_path, T0 + 60 * NS, 30.0) == ("damaged", "old")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["list.txt", "new", "notes"]
    assert sweep(tmp_path / "nowhere", T0, 1.0) == ()


def test_a_clip_that_is_just_being_written_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".a.part").mkdir()
    now_ns = (tmp_path / ".a.part").stat().st_mtime_ns
    sweep(tmp_path, now_ns + 5 * NS, 1.0)
    assert [p.name for p in tmp_path.iterdir()] == [".a.part"]
