"""Both renderers against the same promises: exact truth, cached as if drawn anew, and the same picture."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from aisle.simulation.pictures import gl
from aisle.simulation.pictures.packages import package_of
from aisle.simulation.pictures.raster import ArrayRenderer
from aisle.simulation.pictures.renderers import NoRendererError, open_renderer
from aisle.simulation.pictures.scene import (
    BODY,
    FIRST_ITEM,
    FIRST_PERSON,
    HEAD,
    RIGHT_HAND,
    Float32,
    Picture,
    Renderer,
    Scene,
)
from aisle.store.geometry import project, rotation_matrix
from aisle.store.model import Camera, FloatArray
from simulation.pictures.small_shop import GOODS, LENS, LIGHT, box, building, camera, person, shop

Bytes = npt.NDArray[np.uint8]
KINDS = ("gl", "arrays")
CAMERAS = {
    "corner": camera(),
    "straight down": camera((2.0, 2.4, 2.5), (2.0, 2.4, 0.0), across_deg=95.0),
    "shelf, near": camera((2.2, 2.2, 1.1), (2.2, 3.2, 0.7)),
    "inside a person's reach": camera((1.2, 1.2, 1.2), (1.3, 3.0, 0.9)),
    "bent lens": camera(distortion=LENS),
}


@pytest.fixture(scope="module")
def labels() -> Bytes:
    return np.stack([package_of(product).art() for product in GOODS])


@pytest.fixture(scope="module")
def opened(labels: Bytes) -> Iterator[dict[str, Renderer | None]]:
    found: dict[str, Renderer | None] = {"arrays": open_renderer(labels, "arrays"), "gl": None}
    with suppress(NoRendererError):
        found["gl"] = open_renderer(labels, "gl")
    yield found


@pytest.fixture(params=KINDS)
def renderer(request: pytest.FixtureRequest, opened: dict[str, Renderer | None]) -> Renderer:
    found = opened[request.param]
    if found is None:
        pytest.skip("no OpenGL over EGL here")
    return found


@pytest.mark.parametrize("seen_by", CAMERAS.values(), ids=CAMERAS.keys())
def test_both_draw_the_same(opened: dict[str, Renderer | None], seen_by: Camera) -> None:
    if opened["gl"] is None:
        pytest.skip("no OpenGL over EGL here")
    a, b = (_picture(opened[kind], seen_by, shop()) for kind in KINDS)
    same = a.ids == b.ids
    assert same.mean() > 0.998
    solid = same & np.isfinite(a.depth_m)
    assert np.array_equal(np.isinf(a.depth_m)[same], np.isinf(b.depth_m)[same])
    assert np.percentile(np.abs(a.depth_m[solid] - b.depth_m[solid]), 99.5) < 0.004
    assert np.abs(a.rgb.astype(float) - b.rgb)[same].mean() < 2.0


def test_a_known_box_is_where_geometry_says(renderer: Renderer) -> None:
    seen_by = camera(size_px=(320, 240))
    known = box((2.0, 2.0, 0.4), (0.5, 0.4, 0.6), FIRST_ITEM + 7)
    picture = _picture(renderer, seen_by, Scene((known,), 1, (), (), LIGHT))
    expected = _covered(seen_by, known.matrix)
    inner, outer = expected >= 1.0, expected > -1.0
    ours = picture.ids == FIRST_ITEM + 7
    assert ours[inner].all()
    assert not ours[~outer].any()
    assert inner.sum() > 1000
    assert set(np.unique(picture.ids)) == {0, FIRST_ITEM + 7}
    assert np.isinf(picture.depth_m[~outer]).all()


def test_the_upper_left_pixel_has_its_centre_at_zero(renderer: Renderer) -> None:
    """A plate that ends half a pixel beyond a pixel's centre fills that pixel and not the next."""
    plain = replace(camera(size_px=(64, 48)), rotation_vector=(0.0, 0.0, 0.0), position_m=(0.0, 0.0, 0.0))
    depth = 2.0
    edge = (np.array([10.49, 7.49]) - plain.centre_px) / plain.focal_px * depth
    far = (np.array(plain.size_px) + 5 - plain.centre_px) / plain.focal_px * depth
    middle, size = (edge + far) / 2, far - edge
    plate = box((middle[0], middle[1], depth), (size[0], size[1], 0.5), FIRST_ITEM)
    ids = _picture(renderer, plain, Scene((plate,), 1, (), (), LIGHT)).ids
    assert ids[8, 11] == FIRST_ITEM
    assert ids[8, 10] == 0
    assert ids[7, 11] == 0


def test_depth_is_along_the_optical_axis(renderer: Renderer) -> None:
    seen_by = camera()
    picture = _picture(renderer, seen_by, Scene(building(), 1, (), (), LIGHT))
    height, width = picture.depth_m.shape
    depth = np.where(np.isfinite(picture.depth_m), picture.depth_m, 0.0)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    eye = np.stack([(x - seen_by.centre_px[0]) / seen_by.focal_px[0], (y - seen_by.centre_px[1]) / seen_by.focal_px[1],
                    np.ones_like(x, dtype=float)], axis=-1) * depth[..., None]  # fmt: skip
    world = eye @ rotation_matrix(seen_by.rotation_vector) + np.asarray(seen_by.position_m)
    on_floor = np.abs(world[..., 2]) < 0.003
    assert on_floor[150:, 100:200].all()


def test_people_and_what_they_carry_are_told_apart(renderer: Renderer) -> None:
    seen_by = camera((3.6, 0.8, 2.2), (1.8, 2.2, 0.8))
    ids = set(np.unique(_picture(renderer, seen_by, shop()).ids).tolist())
    for number in (0, 1):
        assert {FIRST_PERSON + 8 * number + part for part in (BODY, HEAD, RIGHT_HAND)} <= ids
    assert FIRST_ITEM + 90 in ids


@pytest.mark.parametrize("seen_by", [CAMERAS["corner"], CAMERAS["bent lens"]], ids=["straight", "bent"])
def test_an_item_taken_is_as_if_drawn_anew(renderer: Renderer, seen_by: Camera) -> None:
    """Patching the standing picture gives, to the bit, what drawing all of it gives."""
    _picture(renderer, seen_by, shop(version=10))
    for version, gone in ((11, FIRST_ITEM + 8), (12, FIRST_ITEM + 12), (13, None)):
        patched = _picture(renderer, seen_by, shop(version, gone))
        elsewhere = replace(seen_by, camera_id=f"fresh {version}")
        fresh = _picture(renderer, elsewhere, shop(version, gone))
        assert np.array_equal(patched.rgb, fresh.rgb)
        assert np.array_equal(patched.ids, fresh.ids)
        assert np.array_equal(patched.depth_m, fresh.depth_m)
        assert (gone in patched.ids) is False


def test_the_same_scene_gives_the_same_bytes(renderer: Renderer) -> None:
    once = _picture(renderer, camera(), shop())
    _picture(renderer, CAMERAS["straight down"], shop(figures=()))
    again = _picture(renderer, camera(), shop())
    assert np.array_equal(once.rgb, again.rgb)
    assert np.array_equal(once.ids, again.ids)


def test_new_light_is_seen_at_once(renderer: Renderer) -> None:
    scene = shop()
    bright = _picture(renderer, camera(), scene).rgb.mean()
    dark = _picture(renderer, camera(), replace(scene, light=replace(LIGHT, lamp_colour=(0.2, 0.2, 0.2)))).rgb.mean()
    assert dark < 0.85 * bright


def test_a_person_darkens_the_floor(renderer: Renderer) -> None:
    seen_by = CAMERAS["straight down"]
    alone = _picture(renderer, seen_by, shop(figures=()))
    stood_on = _picture(renderer, seen_by, shop(figures=(person(0, 2.0, 1.9),)))
    u, v = np.rint(project(seen_by, np.array([[2.32, 1.9, 0.0]])))[0].astype(int)
    assert alone.ids[v, u] == stood_on.ids[v, u] == 0
    assert stood_on.rgb[v, u].mean() < 0.93 * alone.rgb[v, u].mean()


def test_light_is_less_under_a_board(renderer: Renderer) -> None:
    seen_by = camera((2.2, 1.6, 1.2), (2.2, 3.2, 0.6))
    rgb = _picture(renderer, seen_by, Scene(building(), 1, (), (), LIGHT)).rgb.astype(float)
    u, v = np.rint(project(seen_by, np.array([[2.2, 3.39, 0.45], [2.2, 3.39, 1.1]]))).astype(int).T
    assert rgb[v[0], u[0]].mean() < 0.85 * rgb[v[1], u[1]].mean()


def test_what_glows_is_bright(renderer: Renderer) -> None:
    lamp = box((2.0, 2.0, 0.4), (0.5, 0.4, 0.6), tint=(2.0, 2.0, 2.0))
    night = replace(LIGHT, ambient=(0.0, 0.0, 0.0), sun_colour=(0.0, 0.0, 0.0), lamp_colour=(0.0, 0.0, 0.0))
    assert _picture(renderer, camera(), Scene((lamp,), 1, (), (), night)).rgb.max() == 255


@pytest.mark.parametrize(
    ("change", "message"),
    [({"label": 9}, "label 9"), ({"matrix": np.eye(3, dtype=np.float32)}, "expected \\(4, 4\\)")],
    ids=["unknown label", "matrix of 3"],
)
def test_wrong_things_are_refused(renderer: Renderer, change: dict[str, object], message: str) -> None:
    wrong = replace(box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), **change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        renderer.render(camera(), Scene((wrong,), 77, (), (), LIGHT))


def test_a_renderer_lets_go_at_once(opened: dict[str, Renderer | None], labels: Bytes) -> None:
    """Whoever draws one shop after the other must not wait for the collector of cycles with all their labels."""
    if opened["gl"] is None:
        pytest.skip("no OpenGL over EGL here")
    gc.disable()
    try:
        kept = [weakref.ref(open_renderer(labels, kind)) for kind in KINDS]  # type: ignore[arg-type]
        assert [ref() for ref in kept] == [None, None]
    finally:
        gc.enable()


def test_without_opengl_arrays_step_in(monkeypatch: pytest.MonkeyPatch, labels: Bytes) -> None:
    monkeypatch.setattr(gl, "open_context", _no_context)
    assert isinstance(open_renderer(labels, "auto"), ArrayRenderer)
    with pytest.raises(
        NoRendererError, match=r"^no OpenGL over EGL here \(libEGL is missing\); on Debian: apt install .*$"
    ):
        open_renderer(labels, "gl")


def test_labels_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="expected \\(k, h, w, 3\\)"):
        ArrayRenderer(np.zeros((4, 4, 3), dtype=np.uint8))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, gl, arrays"):
        open_renderer(np.zeros((0, 4, 4, 3), dtype=np.uint8), "vulkan")  # type: ignore[arg-type]


def _no_context() -> object:
    raise gl.NoGraphicsError("no OpenGL over EGL here (libEGL is missing)")


def _picture(renderer: Renderer | None, seen_by: Camera, scene: Scene) -> Picture:
    assert renderer is not None
    return renderer.render(seen_by, scene)


def _covered(seen_by: Camera, matrix: Float32) -> FloatArray:
    """Per pixel: how far (in pixels) it lies inside the outline of a projected box."""
    corners = np.array([(x, y, z, 1) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)]) @ matrix.T
    outline = cv2.convexHull(project(seen_by, corners[:, :3]).astype(np.float32))
    width, height = seen_by.size_px
    return np.array(
        [[cv2.pointPolygonTest(outline, (float(x), float(y)), True) for x in range(width)] for y in range(height)]
    )
