"""Films, stages and sets of pictures, small and short: drawn for real."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from aisle.sensing.readings import FrameReading, PlateReading, TrackReading
from aisle.sensing.recordings import open_recording
from aisle.simulation.command import run_simulate, write
from aisle.simulation.dynamics import Dynamics
from aisle.simulation.people import Person
from aisle.simulation.pictures.film_truth import frames_of, tracks_of
from aisle.simulation.pictures.filming import Film
from aisle.simulation.pictures.fittings import Decor
from aisle.simulation.pictures.picture_sets import shop_shots
from aisle.simulation.pictures.rigs import rig
from aisle.simulation.pictures.scene import FIRST_ITEM
from aisle.simulation.pictures.staging import Staging
from aisle.simulation.recording import Watch
from aisle.simulation.scenes import SCENES
from aisle.simulation.shop import simulate_scene
from aisle.simulation.stage import Stage
from aisle.simulation.world import World
from aisle.store.example import example_store
from aisle.store.model import Store


def one_gondola() -> Store:
    """A corner of the example shop: what is drawn quickly."""
    store = example_store()
    facings = tuple(f for f in store.facings if f.gondola == 1 and f.shelf >= 3)
    return replace(
        store,
        shelves=tuple(s for s in store.shelves if s.gondola == 1 and s.shelf >= 3),
        facings=facings,
        products={f.gtin: store.products[f.gtin] for f in facings},
    )


STORE = one_gondola()
SMALL = (96, 54)
T0_NS = 1_770_000_000_000_000_000


@cache
def world() -> World:
    made = World.of(STORE, Dynamics(), np.random.default_rng(5))
    SCENES["several_of_one"].play(Stage(made))
    made.run()
    return made


@cache
def film() -> Film:
    cameras = rig(STORE, 2, SMALL, rng=np.random.default_rng(1))
    return Film(world(), cameras, 4.0, T0_NS, 9.0, seed=3)


@cache
def frames() -> tuple[FrameReading, ...]:
    return tuple(film().readings())


@cache
def staging() -> Staging:
    layers = {gtin: k for k, gtin in enumerate(STORE.products)}
    return Staging(world(), layers, np.random.default_rng(2), decor=Decor.drawn(np.random.default_rng(3)), span_s=5.0)


def shopper() -> Person:
    return world().people[0]


# --------------------------------------------------------------------- stage
def test_a_lifted_item_leaves_the_board_for_the_hand() -> None:
    pick = next(d for d in world().deeds if d.kind == "pick")
    assert pick.item is not None
    ident = FIRST_ITEM + pick.item.ident
    place = {}
    for when in (-0.05, 0.05):
        scene = staging().at(pick.t + when).scene
        (thing,) = [t for t in (*scene.fixed, *scene.moving) if t.ident == ident]
        place[when] = thing.matrix[:3, 3]
    assert pick.item in staging().at(pick.t + 0.05).actors[0].held
    assert np.linalg.norm(place[0.05] - place[-0.05]) < 0.45


def test_what_is_fixed_changes_only_from_span_to_span() -> None:
    first, again, later = (staging().at(t).scene for t in (5.1, 9.9, 10.1))
    assert first.fixed is again.fixed
    assert (first.version, again.version, later.version) == (1, 1, 2)


def test_every_item_is_drawn_once() -> None:
    for t in np.arange(0.0, shopper().t_out, 1.7):
        scene = staging().at(float(t)).scene
        idents = [thing.ident for thing in (*scene.fixed, *scene.moving) if thing.ident >= FIRST_ITEM]
        assert len(idents) == len(set(idents))


def test_an_empty_shop_has_nobody_and_nothing_in_hands() -> None:
    pick = next(d for d in world().deeds if d.kind == "pick")
    scene = staging().empty(pick.t + 0.1)
    assert pick.item is not None
    assert scene.figures == ()
    assert FIRST_ITEM + pick.item.ident not in [t.ident for t in (*scene.fixed, *scene.moving)]


# --------------------------------------------------------------------- films
def test_frames_come_in_order_of_receipt_from_every_camera_at_its_rate() -> None:
    received = [f.received_ns for f in frames()]
    assert received == sorted(received)
    for camera in ("camera-1", "camera-2"):
        times = [f.t_ns for f in frames() if f.camera == camera]
        assert 34 <= len(times) <= 36
        assert np.median(np.diff(times)) == pytest.approx(0.25e9, rel=0.03)
    assert all(f.received_ns > f.t_ns for f in frames())


def test_frames_are_pictures_of_the_cameras_size() -> None:
    for frame in frames()[::9]:
        image = cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape == (SMALL[1], SMALL[0], 3)
        assert 40 < image.mean() < 200


def test_a_film_is_the_same_each_time_and_in_several_processes() -> None:
    short = replace(film(), duration_s=1.0, shown=[])
    once = [(f.reading, f.truth) for f in short.frames()]
    assert once == [(f.reading, f.truth) for f in short.frames()]
    assert once == [(f.reading, f.truth) for f in replace(short, jobs=2, shown=[]).frames()]


def test_the_truth_of_frames_is_where_people_were() -> None:
    assert len(frames()) == len(film().shown)
    columns, tracks = frames_of(film()), tracks_of(film())
    inside = [t for t in columns["frame_t"] if shopper().t_in <= t < shopper().t_out]
    assert len(columns["person"]) > 0.8 * len(inside)
    at = columns["frame_t"][columns["person_frame"]]
    for axis in (0, 1):
        path = np.interp(at, tracks["t"][tracks["present"][:, 0]], tracks["feet_m"][tracks["present"][:, 0], 0, axis])
        assert np.abs(columns["feet_m"][:, axis] - path).max() < 0.03
    boxes = columns["boxes_px"]
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (boxes.min(axis=0) >= 0).all()
    assert (boxes.max(axis=0)[2:] <= SMALL).all()


def test_a_film_needs_a_frame_rate() -> None:
    with pytest.raises(ValueError, match="fps is 0"):
        replace(film(), fps=0.0)


# ---------------------------------------------------------------- recordings
def test_pixels_only(tmp_path: Path) -> None:
    watch = Watch(cameras=1, fps=0.5, size_px=SMALL, plates=False, tracks=False)
    path = write(simulate_scene(STORE, "one_item", 1, watch=watch), tmp_path / "made", tmp_path / "truth")
    recording = open_recording(path)
    assert {type(r) for r in recording.readings()} == {FrameReading}
    assert [c.size_px for c in recording.store.cameras] == [SMALL]
    truth = {p.name.split(".", 1)[1] for p in (tmp_path / "truth").iterdir()}
    assert truth == {"json", "tracks.npz", "frames.npz"}


def test_cameras_change_nothing_else() -> None:
    bare, watched = (simulate_scene(STORE, "one_item", 2, watch=Watch(cameras=n, size_px=SMALL)) for n in (0, 1))
    assert repr(bare.truth) == repr(watched.truth)
    assert [r.received_ns for r in bare.sent] == [r.received_ns for r in watched.sent]
    assert {type(r) for r in watched.sent} == {PlateReading, TrackReading}
    assert bare.store == replace(watched.store, cameras=())


# ---------------------------------------------------------------------- sets
@pytest.fixture
def small_shops(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in (("VIEWS_PER_SHOP", 1), ("PICTURES_PER_VIEW", 3), ("PER_SHOP", 3), ("PEOPLE_PER_SHOP", 2)):
        monkeypatch.setattr(f"aisle.simulation.pictures.picture_sets.{name}", value)
    monkeypatch.setattr("aisle.simulation.pictures.picture_sets.SECONDS", 30.0)
    monkeypatch.setattr("aisle.simulation.pictures.picture_sets.random_shop", lambda rng, name: STORE)
    yield


@pytest.mark.usefixtures("small_shops")
def test_a_set_has_pictures_backgrounds_and_truth(tmp_path: Path) -> None:
    out = tmp_path / "set"
    code = run_simulate(out, pictures=4, seed=4, picture_size="160x90", console=Console(file=io.StringIO()))
    lines = [json.loads(line) for line in (out / "truth.jsonl").read_text().splitlines()]
    assert code == 0
    assert [line["file"] for line in lines] == [f"pictures/{k:06d}.jpg" for k in range(4)]
    assert len({line["shop"] for line in lines}) == 2
    for line in lines:
        picture, background = (cv2.imread(str(out / line[key])) for key in ("file", "background"))
        assert picture.shape == background.shape == (90, 160, 3)
        for person in line["people"]:
            x0, y0, x1, y1 = person["box"]
            assert 0 <= x0 < x1 <= 160
            assert 0 <= y0 < y1 <= 90


@pytest.mark.usefixtures("small_shops")
def test_people_are_where_picture_and_background_differ() -> None:
    shots = [s for s in shop_shots(1, 11, size_px=(160, 90)) if s.truth.people]
    inside, outside = [], []
    for shot in shots:
        difference = np.abs(shot.image.astype(float) - shot.background).mean(axis=2)
        mask = np.zeros((90, 160), bool)
        for person in shot.truth.people:
            x0, y0, x1, y1 = person.box
            mask[y0:y1, x0:x1] = True
        inside.append(difference[mask].mean())
        outside.append(difference[~mask].mean())
    assert shots
    assert np.mean(inside) > 1.8 * np.mean(outside)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        pytest.param({"pictures": 0}, "--pictures is 0", id="no pictures"),
        pytest.param({"pictures": 3, "scenes": 2}, "leave --scenes", id="pictures and scenes"),
        pytest.param({"cameras": -1}, "--cameras is -1", id="fewer than none"),
        pytest.param({"cameras": 1, "fps": 0.0}, "--fps is 0", id="no frames"),
        pytest.param({"picture_size": "big"}, "640x360", id="size"),
        pytest.param({"plates": False, "given_tracks": False}, "add --cameras", id="nothing to record"),
    ],
)
def test_wrong_wishes(wish: dict[str, object], said: str, tmp_path: Path) -> None:
    out = io.StringIO()
    assert run_simulate(tmp_path / "o", console=Console(file=out, width=200), **wish) == 2  # type: ignore[arg-type]
    assert said in out.getvalue()
