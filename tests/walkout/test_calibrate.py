"""`aisle calibrate`: what it writes into cameras.toml, and what it says of wrong files and wrong use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from aisle.store.example import example_store
from aisle.store.folder import load_store, write_store
from aisle.store.geometry import project
from aisle.vision.calibration.faults import CalibrationError
from aisle.vision.calibration.places import read_points, read_tags
from aisle.walkout.calibrate import Wish, run_calibrate
from vision.calibration.places_kit import MARKS, corner_camera

CAMERA = replace(corner_camera(), camera_id="ceiling-1")
OTHER = replace(CAMERA, camera_id="ceiling-2", position_m=(6.5, 0.4, 2.5))
FRAME = np.full((720, 1280, 3), 80, np.uint8)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example shop with two cameras, of which the first hangs somewhere else than its file says."""
    folder = tmp_path / "shop"
    wrong = replace(CAMERA, position_m=(1.0, 1.0, 2.0), rotation_vector=(1.5, 0.0, 0.0))
    write_store(replace(example_store(), cameras=(wrong, OTHER)), folder)
    pixels = project(CAMERA, MARKS) + np.random.default_rng(1).normal(0.0, 0.5, (len(MARKS), 2))
    rows = [f"m{k},{u:.1f},{v:.1f},{x},{y}" for k, ((u, v), (x, y, _)) in enumerate(zip(pixels, MARKS, strict=True), 1)]
    (folder / "marks.csv").write_text("name,u_px,v_px,x_m,y_m\n" + "\n".join(rows) + "\n", encoding="utf-8")
    cv2.imwrite(str(folder / "now.png"), FRAME)
    return folder


def test_write_puts_the_pose_into_the_file_and_keeps_the_old_one(shop: Path) -> None:
    old = (shop / "cameras.toml").read_bytes()
    wish = Wish("ceiling-1", points=shop / "marks.csv", picture=shop / "now.png", out=shop / "fit.jpg", write=True)
    assert run_calibrate(shop, wish) == 0
    found, other = load_store(shop).cameras
    assert found.position_m == pytest.approx(CAMERA.position_m, abs=0.06)
    assert found.focal_px == CAMERA.focal_px
    assert other == OTHER
    assert (shop / "cameras.toml.bak").read_bytes() == old
    assert cv2.imread(str(shop / "fit.jpg")).std() > 5
    assert not [p.name for p in shop.iterdir() if p.name.endswith(".part")]


def test_without_write_the_file_stays(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = (shop / "cameras.toml").read_bytes()
    assert run_calibrate(shop, Wish("ceiling-1", points=shop / "marks.csv")) == 0
    assert (shop / "cameras.toml").read_bytes() == old
    said = capsys.readouterr().out
    assert "Pose   at (0.3" in said
    assert "Floor  off by" in said
    assert "Check  each left out" in said


def test_a_new_camera_is_added_with_its_lens_estimated(shop: Path) -> None:
    wish = Wish(
        "ceiling-9",
        points=shop / "marks.csv",
        picture=shop / "now.png",
        source="rtsp://9",
        unknown_lens=True,
        write=True,
    )
    assert run_calibrate(shop, wish) == 0
    camera = load_store(shop).cameras[-1]
    assert (camera.camera_id, camera.source, camera.size_px) == ("ceiling-9", "rtsp://9", (1280, 720))
    assert camera.focal_px[0] == pytest.approx(CAMERA.focal_px[0], rel=0.05)


def test_json_says_the_same_for_programs(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_calibrate(shop, Wish("ceiling-1", points=shop / "marks.csv"), as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["written"] is False
    assert len(said["pose"]["places"]) == len(MARKS)
    assert max(place["off_m"] for place in said["floor"]) < 0.3
    assert said["position_m"] == pytest.approx(CAMERA.position_m, abs=0.06)


WRONG_USE = {
    "nothing to go by": (Wish("c"), "nothing to calibrate from"),
    "two boards": (Wish("c", checkerboard=Path("a"), tag_board=Path("b")), "exclude each other"),
    "squares of no size": (Wish("c", checkerboard=Path("a"), size="9x6"), "--square-mm is missing"),
    "tags of no size": (Wish("c", tag_board=Path("a"), size="9x6"), "--tag-mm and --gap-mm are missing"),
    "a board of no size": (Wish("c", checkerboard=Path("a"), square_mm=30), "--size is missing"),
    "tags in no picture": (Wish("c", tags=Path("a")), "--picture is missing"),
    "lens known and unknown": (
        Wish("c", checkerboard=Path("a"), square_mm=30, size="9x6", unknown_lens=True),
        "exclude each other",
    ),
    "a picture of a lens": (
        Wish("c", checkerboard=Path("a"), square_mm=30, size="9x6", out=Path("o.png")),
        "--out draws the shop",
    ),
    "no name for a picture": (Wish("c", points=Path("p"), out=Path("o.pdf")), "ending in .png"),
    "a square of minus one": (Wish("c", checkerboard=Path("a"), square_mm=-1, size="9x6"), "--square-mm is -1"),
}


@pytest.mark.parametrize(("wish", "said"), WRONG_USE.values(), ids=WRONG_USE.keys())
def test_wrong_use_is_refused(wish: Wish, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_calibrate(Path("nowhere"), wish) == 2
    assert said in capsys.readouterr().err


SMALL = "small.png"
FAILS = {
    "no such camera": ({"camera": "ceiling-7"}, "no camera 'ceiling-7' (there: ceiling-1, ceiling-2)"),
    "new, but no lens": ({"camera": "c7", "source": "0"}, "both its lens"),
    "no such points": ({"points": "none.csv"}, "none.csv: found no such file"),
    "no such picture": ({"picture": "none.jpg"}, "none.jpg: no such file"),
    "a picture of another size": ({"picture": SMALL}, "320x180 pixels; camera ceiling-1 has 1280x720"),
    "no pictures of boards": ({"checkerboard": ".", "square_mm": 30.0, "size": "9x6"}, "board was found in 0 usable"),
    "a size of no board": ({"checkerboard": ".", "square_mm": 30.0, "size": "nine"}, "such as 9x6"),
    "tags not in the picture": ({"tags": "tags.toml", "picture": "now.png"}, "none of the tags 3"),
    "floor board nowhere": (
        {"floor_board": "1,2", "picture": "now.png", "square_mm": 30.0, "size": "9x6"},
        "such as 2.5,1.2,90",
    ),
    "a point outside the picture": ({"points": "outside.csv"}, "outside the picture of 1280x720"),
}


@pytest.mark.parametrize(("change", "said"), FAILS.values(), ids=FAILS.keys())
def test_what_cannot_be_done_is_said(
    change: dict[str, object], said: str, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(shop / SMALL), FRAME[:180, :320])
    (shop / "tags.toml").write_text("size_mm = 200\n\n[[tag]]\nid = 3\ncentre_m = [2, 2]\n", encoding="utf-8")
    (shop / "outside.csv").write_text("u_px,v_px,x_m,y_m\n1300,5,1,1\n", encoding="utf-8")
    (shop / "now.png").rename(shop / "now.keep") if change.get("checkerboard") else None
    (shop / SMALL).unlink() if change.get("checkerboard") else None
    cv2.imwrite(str(shop / "now.png"), FRAME)
    given = {"camera": "ceiling-1", "points": "marks.csv", **change}
    files = ("points", "picture", "checkerboard", "tags")
    wish = Wish(**{k: shop / str(v) if k in files else v for k, v in given.items()})  # type: ignore[arg-type]
    assert run_calibrate(shop, wish) == 1
    assert said in capsys.readouterr().err


BAD_POINTS = {
    "no heading": ("p.csv", "1,2,3,4\n", "u_px: found no such column"),
    "semicolons": ("p.csv", "u_px;v_px;x_m;y_m\n", "columns separated by commas"),
    "a word for a number": ("p.csv", "u_px,v_px,x_m,y_m\n1,two,3,4\n", 'line 2, v_px: found "two"'),
    "an empty cell": ("p.csv", "u_px,v_px,x_m,y_m\n1,,3,4\n", "line 2, v_px: found nothing"),
    "off the earth": ("p.csv", "u_px,v_px,x_m,y_m\n1,2,3,40000\n", "line 2, y_m"),
    "one pixel twice": ("p.csv", "name,u_px,v_px,x_m,y_m\na,9,9,1,1\nb,9,9,2,2\n", "line 3: found b where a (line"),
    "one place twice": ("p.csv", "u_px,v_px,x_m,y_m\n1,1,1,1\n90,90,1,1.01\n", "each place once"),
    "no TOML": ("p.toml", "[[point]\n", "found no TOML"),
    "three numbers for a pixel": ("p.toml", "[[point]]\npixel = [1, 2, 3]\nplace_m = [1, 1]\n", "point[1].pixel"),
    "a misspelt field": ("p.toml", "[[point]]\npixel = [1, 2]\nplace_m = [1, 1]\nsigmapx = 2\n", "sigma_px"),
}


@pytest.mark.parametrize(("name", "text", "said"), BAD_POINTS.values(), ids=BAD_POINTS.keys())
def test_bad_files_of_points_are_told_row_by_row(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationError) as refused:
        read_points(tmp_path / name)
    assert said in str(refused.value)


BAD_TAGS = {
    "no size": ("[[tag]]\nid = 1\ncentre_m = [1, 1]\n", "size_mm: found nothing"),
    "no tags": ("size_mm = 200\n", "at least one table [[tag]]"),
    "a family nobody prints": ('family = "37h9"\nsize_mm = 200\n\n[[tag]]\nid = 1\ncentre_m = [1, 1]\n', "36h11"),
    "one id twice": ("size_mm = 9\n" + "[[tag]]\nid = 1\ncentre_m = [1, 1]\n" * 2, "tag 1 twice"),
    "upright without height": ("size_mm = 9\n[[tag]]\nid = 1\ncentre_m = [1, 1]\nfaces_deg = 90\n", "the height"),
    "an id below zero": ("size_mm = 9\n[[tag]]\nid = -1\ncentre_m = [1, 1]\n", "a whole number from 0"),
}


@pytest.mark.parametrize(("text", "said"), BAD_TAGS.values(), ids=BAD_TAGS.keys())
def test_bad_plans_of_tags_are_told_field_by_field(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "tags.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CalibrationError) as refused:
        read_tags(tmp_path / "tags.toml")
    assert said in str(refused.value)


def test_points_come_in_toml_too(tmp_path: Path) -> None:
    text = '[[point]]\nname = "pillar"\npixel = [10, 20]\nplace_m = [1, 2, 0.5]\nsigma_m = 0.02\n'
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    places = read_points(tmp_path / "p.toml")
    assert places.names == ("pillar",)
    assert places.points_m.tolist() == [[1.0, 2.0, 0.5]]
    assert places.sigma_m.tolist() == [0.02]
