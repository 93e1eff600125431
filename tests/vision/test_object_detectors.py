"""Networks are opened with clear words, boxes come out where the things are, doubles are weeded out."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from aisle.vision.detectors.objects import COCO, ObjectsSeen, overlaps, without_doubles
from aisle.vision.detectors.sessions import Engine, ModelFileError, ProviderError, available, chosen, open_session
from aisle.vision.detectors.yolox import GREY, YoloX, YoloXPeople, cells, decoded, letterbox


def things(*rows: tuple[float, float, float, float, float, int]) -> ObjectsSeen:
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return ObjectsSeen(table[:, :4], table[:, 4], table[:, 5].astype(np.intp))


def test_cells_cover_the_networks_picture() -> None:
    corners, widths = cells((64, 96))
    assert len(corners) == 8 * 12 + 4 * 6 + 2 * 3
    assert ((corners + 1) * widths[:, None]).max(axis=0).tolist() == [96.0, 64.0]


def test_a_cell_tells_a_box() -> None:
    told = np.array([[0.5, 0.25, np.log(2.0), np.log(4.0)]], dtype=np.float32)
    box = decoded(told, np.array([[3.0, 1.0]]), np.array([16.0]))
    assert np.allclose(box, [[56 - 16, 20 - 32, 56 + 16, 20 + 32]])


def test_the_picture_is_fitted_into_the_upper_left() -> None:
    fitted, scale = letterbox(np.full((50, 100, 3), 7, dtype=np.uint8), (80, 80))
    assert scale == 0.8
    assert (fitted[:40] == 7).all()
    assert (fitted[40:] == GREY).all()


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4), dtype=np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), dtype=np.uint8)],
    ids=["grey", "floats", "empty"],
)  # fmt: skip
def test_other_pictures_are_refused(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    with pytest.raises(ValueError, match="picture: found"):
        letterbox(picture, (8, 8))


@pytest.mark.parametrize(
    ("seen", "scores"),
    [
        (things((0, 0, 10, 10, 0.5, 0), (1, 0, 11, 10, 0.9, 0)), [0.9]),
        (things((0, 0, 10, 10, 0.5, 0), (1, 0, 11, 10, 0.9, 39)), [0.9, 0.5]),
        (things((0, 0, 10, 10, 0.5, 0), (30, 0, 40, 10, 0.9, 0)), [0.9, 0.5]),
        (things(), []),
    ],
    ids=["one twice", "two classes in one place", "two apart", "nothing"],
)
def test_doubles_are_weeded_out(seen: ObjectsSeen, scores: list[float]) -> None:
    assert without_doubles(seen, 0.5).scores.tolist() == scores


def test_overlap_is_shared_over_union() -> None:
    a = np.array([[0.0, 0.0, 10.0, 10.0]])
    b = np.array([[5.0, 0.0, 15.0, 10.0], [20.0, 0.0, 30.0, 10.0]])
    assert np.allclose(overlaps(a, b), [[1 / 3, 0.0]])


def test_things_of_a_class() -> None:
    seen = things((0, 0, 1, 1, 0.5, 0), (0, 0, 1, 1, 0.4, COCO.index("bottle")))
    assert seen.of("bottle").scores.tolist() == [0.4]
    assert len(COCO) == len(set(COCO)) == 80


def test_arrays_must_fit() -> None:
    with pytest.raises(ValueError, match="2 things need"):
        ObjectsSeen(np.zeros((1, 4)), np.zeros(2), np.zeros(2, dtype=np.intp))


@pytest.mark.parametrize(
    ("content", "sha256", "words"),
    [
        (None, None, "cannot be read"),
        (b"not a network", None, "not a network onnxruntime can run"),
        (b"", None, "not a network onnxruntime can run"),
        (b"another", "0" * 64, "SHA-256 is"),
    ],
    ids=["missing", "damaged", "empty", "another file"],
)
def test_model_files_that_do_not_do(tmp_path: Path, content: bytes | None, sha256: str | None, words: str) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError, match=words) as told:
        open_session(path, sha256=sha256)
    assert str(path) in str(told.value)


def test_the_processor_is_always_there() -> None:
    assert "cpu" in available()
    assert chosen("cpu") == "cpu"
    assert chosen("auto") == available()[0]


def test_a_provider_the_machine_has_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ProviderError, match="this machine has cpu"):
        open_session(tmp_path / "any.onnx", Engine("cuda"))


def test_real_bottles_are_found(data_folder: Path) -> None:
    film = cv2.VideoCapture(str(data_folder / "footage" / "bottle-picks.mp4"))
    picture = np.asarray(film.read()[1], dtype=np.uint8)
    network = YoloX(data_folder / "models" / "yolox-nano-416.onnx", least=0.3)
    bottles = network.detect_objects([picture])[0].of("bottle")
    assert len(bottles) == 3
    middles = np.sort(0.5 * (bottles.boxes_px[:, 0] + bottles.boxes_px[:, 2]))
    assert np.abs(middles - [90, 314, 538]).max() < 20
    assert len(YoloXPeople(network).detect([picture], [None])[0]) == 0
    with pytest.raises(ValueError, match="backgrounds: found 0"):
        YoloXPeople(network).detect([picture], [])


def test_another_network_is_refused(data_folder: Path) -> None:
    with pytest.raises(ModelFileError, match=r"osnet-x0\.25\.onnx: it|osnet-x0\.25\.onnx: the input"):
        YoloX(data_folder / "models" / "osnet-x0.25.onnx")
