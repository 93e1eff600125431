"""`aisle cart simulate`: files that are read again as they were, refusals in words, films with readable codes."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from rich.console import Console

from aisle.sensing.cart.recording import CartRecording
from aisle.sensing.readings import FrameReading
from aisle.simulation.cart.catalogue import Catalogue, Piece, grocery
from aisle.simulation.cart.command import run_cart_simulate
from aisle.simulation.cart.film import ScanCamera
from aisle.simulation.cart.item_art import Wardrobe
from aisle.simulation.cart.trip import Plan, simulate_trip
from aisle.simulation.cart.writing import read_truth, write_catalogue, write_trip
from aisle.store.folder import load_store


@pytest.fixture(scope="module")
def shop() -> Catalogue:
    return grocery(np.random.default_rng(1))


def test_files_are_read_again_as_they_were(tmp_path: Path, shop: Catalogue) -> None:
    trip = simulate_trip(shop, 4, Plan(3, ("network-gone", "power-lost")))
    path = write_trip(trip, tmp_path)
    recording = CartRecording(path)
    assert list(recording.readings()) == list(trip.readings())
    assert (recording.cart_id, recording.network) == (trip.cart_id, False)
    assert read_truth(tmp_path / f"{trip.name}.truth.json") == trip.truth
    assert load_store(write_catalogue(shop, tmp_path)) == shop.store


def test_equal_wishes_write_equal_bytes(tmp_path: Path) -> None:
    quiet = Console(quiet=True)
    for name in ("a", "b"):
        assert run_cart_simulate(tmp_path / name, trips=2, items=3, seed=5, console=quiet) == 0
    first, again = (sorted(p for p in (tmp_path / name).rglob("*") if p.is_file()) for name in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]


def test_trips_can_be_as_large_as_real_baskets(tmp_path: Path) -> None:
    (tmp_path / "baskets.csv").write_text("milk\nbread\n", encoding="utf-8")
    code = run_cart_simulate(
        tmp_path / "out",
        trips=1,
        items=90,
        baskets=tmp_path / "baskets.csv",
        situations=("network-gone",),
        console=Console(quiet=True),
    )
    assert code == 0
    assert len(read_truth(tmp_path / "out" / "trip-00000.truth.json").events) < 9


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"trips": 0}, "--trips is 0: 1 to"),
        ({"items": 0}, "--items is 0: 1 to"),
        ({"seed": -1}, "--seed is -1"),
        ({"situations": ("flood",)}, "--situation 'flood' is not known"),
        ({"scanner": False}, "add --pictures"),
        ({"photographs": Path("/nowhere"), "pictures": True}, "found no such folder"),
        ({"fps": 0.0, "pictures": True}, "--fps is 0"),
        ({"baskets": Path("/nowhere.csv")}, "found no such file; a CSV"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_wrong_wishes_are_refused_in_words(tmp_path: Path, wish: dict[str, object], words: str) -> None:
    console = Console(record=True, width=400)
    assert run_cart_simulate(tmp_path / "out", console=console, **wish) == 2  # type: ignore[arg-type]
    assert words in console.export_text()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("2811010005002", "EAN13"),
        ("989521000001855030", "QRCode"),
        ("]e001995210009140113103000295", "DataBarExpanded"),
    ],
    ids=lambda case: case[:12],
)
def test_codes_on_goods_can_be_read(shop: Catalogue, text: str, symbology: str) -> None:
    side = Wardrobe(shop).code_side(Piece(1, "", 1.0, 1.0, printed=text, symbology=symbology), np.random.default_rng(1))
    digits = "".join(c for c in text.removeprefix("]e0") if c.isdigit())
    read = ["".join(c for c in r.text if c.isdigit()) for r in zxingcpp.read_barcodes(side.image)]
    assert read == [digits]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of pictures, one of them produce the shop has a code for."""
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(7)
    for name in ("Pink-Lady", "Some-Juice", "Some-Milk"):
        (folder / "any" / name).mkdir(parents=True)
        for number in range(4):
            image = cv2.resize(rng.integers(0, 255, (6, 6, 3)).astype(np.uint8), (120, 120))
            cv2.imwrite(str(folder / "any" / name / f"{name}_{number}.jpg"), image)
    return folder


def test_photographs_become_products_and_are_never_both_enrolled_and_shown(
    tmp_path: Path, shop: Catalogue, photographs: Path
) -> None:
    camera = ScanCamera(shop, photographs)
    added = set(camera.catalogue.articles) - set(shop.articles)
    assert [camera.catalogue.articles[c].product.name for c in sorted(added)] == ["Some Juice", "Some Milk"]
    assert camera._album is not None
    shown = {p for pictures in camera._album.shown.values() for p in pictures}
    enrolled = {p for pictures in camera._album.enrolled.values() for p in pictures}
    assert not shown & enrolled
    assert set(camera._album.shown) == {"Pink-Lady", "Some-Juice", "Some-Milk"}


def test_a_film_is_in_order_and_shows_what_the_camera_alone_can_read(shop: Catalogue) -> None:
    plan = Plan(1, ("clearance-sticker",), looks=None, scanner=False)
    camera = ScanCamera(shop)
    trip = simulate_trip(shop, 21, plan)
    frames = list(camera.frames(trip, 6.0, 1.0))
    assert not any(reading.__class__.__name__ == "ScanReading" for reading in trip.readings())
    assert all(isinstance(frame, FrameReading) and frame.received_ns > frame.t_ns for frame in frames)
    assert [f.received_ns for f in frames] == sorted(f.received_ns for f in frames)
    codes = {s.piece.printed or s.piece.code for s in trip.shown if s.code and s.piece is not None}
    times = [(s.t_s, s.t_s + s.lasts_s) for s in trip.shown if s.code]
    near = [f for f in frames if any(a <= (f.t_ns - trip.truth.start_ns) / 1e9 <= b for a, b in times)]
    pictures = [cv2.imdecode(np.frombuffer(f.jpeg, np.uint8), cv2.IMREAD_COLOR) for f in near]
    read = {result.text for picture in pictures for result in zxingcpp.read_barcodes(picture)}
    assert {picture.shape for picture in pictures} == {(480, 640, 3)}
    assert read & codes


def test_trips_of_another_run_are_not_mixed_with_these(tmp_path: Path) -> None:
    (tmp_path / "trip-00007.mcap").write_bytes(b"another run's")
    console = Console(record=True, width=400)
    assert run_cart_simulate(tmp_path, trips=1, items=3, console=console) == 2
    assert "found a folder with files in it" in console.export_text()
    assert [path.name for path in tmp_path.iterdir()] == ["trip-00007.mcap"]
