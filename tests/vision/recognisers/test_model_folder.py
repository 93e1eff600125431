"""The folder of models: added and pulled with checksums, nothing overwritten in silence, every fault told."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aisle.vision.detectors.sessions import ModelFileError
from aisle.vision.recognisers.cards import EmbeddingCard, card_path, checksum, read_card
from aisle.vision.recognisers.model_folder import ModelFolder, ModelFolderError, Published, default_folder, registry
from loopback import free_port
from vision.recognisers import tiny_onnx

CARD = EmbeddingCard(width_px=16, height_px=16)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[str]:
    """A publisher's address on this machine, offering `means.onnx`."""
    (tmp_path / "offered").mkdir()
    (tmp_path / "offered" / "means.onnx").write_bytes(tiny_onnx.means())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "offered")))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my-model.onnx"
    path.write_bytes(tiny_onnx.means())
    return path


def published(address: str, **changes: object) -> dict[str, Published]:
    content = tiny_onnx.means()
    card = replace(CARD, sha256=hashlib.sha256(content).hexdigest(), licence="MIT")
    offered = Published("means", f"{address}/means.onnx", len(content), card)
    return {"means": replace(offered, **changes)}  # type: ignore[arg-type]


def test_an_added_model_is_there_with_its_card(tmp_path: Path, file: Path) -> None:
    folder = ModelFolder(tmp_path / "models")
    assert folder.models() == []
    kept, _ = folder.add(file, licence="MIT")
    assert (kept.name, kept.path) == ("my-model", tmp_path / "models" / "my-model.onnx")
    (there,) = folder.models()
    assert there.fault == "" and there.card == read_card(card_path(kept.path))
    assert there.card is not None and there.card.licence == "MIT" and there.card.sha256 == checksum(file)
    assert folder.open("my-model").size == 3


def test_a_model_comes_with_the_card_beside_it(tmp_path: Path, file: Path) -> None:
    card_path(file).write_text("width_px = 16\nheight_px = 16\nchannels = 'bgr'\n")
    kept, found = ModelFolder(tmp_path / "models").add(file)
    assert kept.card is not None and kept.card.channels == "bgr" and kept.card.sha256 == checksum(file)
    assert found.guesses == ()


def test_another_model_is_not_overwritten_in_silence(tmp_path: Path, file: Path) -> None:
    folder = ModelFolder(tmp_path / "models")
    folder.add(file)
    folder.add(file)  # the same again is no harm
    file.write_bytes(tiny_onnx.means(batch=1))
    with pytest.raises(ModelFolderError, match="there already, and another one; --replace"):
        folder.add(file)
    folder.add(file, replace_it=True)
    assert checksum(tmp_path / "models" / "my-model.onnx") == checksum(file)


def test_a_changed_file_is_found_at_every_load(tmp_path: Path, file: Path) -> None:
    folder = ModelFolder(tmp_path / "models")
    kept, _ = folder.add(file)
    kept.path.write_bytes(tiny_onnx.means(batch=1))
    assert "SHA-256 is" in folder.models()[0].fault
    with pytest.raises(ModelFileError, match="SHA-256 is"):
        folder.open("my-model")


def test_a_known_file_needs_no_card(tmp_path: Path, file: Path) -> None:
    folder = ModelFolder(tmp_path, published("http://nowhere"))
    (tmp_path / "stranger.onnx").write_bytes(b"not ours")
    assert [(kept.name, kept.fault) for kept in folder.models()] == [("my-model", "")]


def test_a_model_is_pulled_once(tmp_path: Path, publisher: str) -> None:
    folder = ModelFolder(tmp_path / "models", published(publisher))
    heard: list[tuple[int, int]] = []
    kept = folder.pull("means", tell=lambda have, of: heard.append((have, of)))
    assert heard[-1][0] == heard[-1][1] == kept.path.stat().st_size
    assert folder.open("means").size == 3
    (tmp_path / "offered" / "means.onnx").unlink()
    assert folder.pull("means").path == kept.path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"card": replace(CARD, sha256="0" * 64)}, "must be 0000.*; nothing was kept"),
        ({"size_bytes": 10}, "is longer than 10 bytes"),
        ({"url": "{0}/gone.onnx"}, "answered 404"),
        ({"url": "http://127.0.0.1:{1}/means.onnx"}, "cannot be reached .*; fetch it on another machine"),
    ],
    ids=["another file", "too long", "moved", "no network"],
)
def test_what_goes_wrong_when_pulling(tmp_path: Path, publisher: str, changes: dict, said: str) -> None:  # type: ignore[type-arg]
    if_url = {key: v.format(publisher, free_port()) if isinstance(v, str) else v for key, v in changes.items()}
    folder = ModelFolder(tmp_path / "models", published(publisher, **if_url))
    with pytest.raises(ModelFolderError, match=said):
        folder.pull("means")
    assert folder.models() == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda f: f.pull("clip"), "not in the registry; those are means"),
        (lambda f: f.open("means"), "not in .* see: aisle models pull means"),
        (lambda f: f.open("other"), "see: aisle models list"),
        (lambda f: f.add(Path("nowhere.onnx")), "no such file"),
        (lambda f: f.add(Path("nowhere.onnx"), name="../up"), "not a name for a model"),
    ],
    ids=["unknown", "not pulled yet", "never heard of", "no file", "a path as name"],
)
def test_wrong_wishes(tmp_path: Path, call, said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelFolderError, match=said):
        call(ModelFolder(tmp_path / "models", published("http://nowhere")))


@pytest.mark.parametrize(
    ("platform", "environ", "where"),
    [
        ("linux", {}, "/home/ann/.local/share/aisle/models"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/aisle/models"),
        ("darwin", {}, "/home/ann/Library/Application Support/aisle/models"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/aisle/models"),
    ],
)
def test_where_a_persons_models_are(platform: str, environ: dict[str, str], where: str) -> None:
    assert default_folder(environ, Path("/home/ann"), platform) == Path(where)


def test_our_registry_can_be_read() -> None:
    known = registry()
    assert known and all(p.url.startswith("https://") and len(p.card.sha256) == 64 for p in known.values())
    assert all(p.suffix in (".onnx", ".tflite") and p.card.licence for p in known.values())


def test_the_given_backbones_are_known_and_tell_vectors(data_folder: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    folder = ModelFolder(data_folder / "models")
    sizes = {kept.name: folder.open(kept.name).size for kept in folder.models()}
    assert sizes == {"mobilenet-v1-224-embedding-int8": 1024, "mobilenet-v2-224-int8": 1280}
