"""AutoCheckout recordings: three forms alike, units, faults; never anything but RecordingError."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.sensing.readings import PlateReading, Reading, Recording, TrackReading
from aisle.sensing.recordings import RecordingError, open_recording

FORMS = ("json", "array", "bson", "archive", "archive.gz")


def plates(readings: list[Reading]) -> list[PlateReading]:
    return [r for r in readings if isinstance(r, PlateReading)]


def tracks(readings: list[Reading]) -> list[TrackReading]:
    return [r for r in readings if isinstance(r, TrackReading)]


def kinds(recording: Recording) -> set[tuple[str, bool]]:
    return {(h.kind, h.grave) for h in recording.health}


def values(batch: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = batch["document"]["plate_data"]["values"]
    return found


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_readings(form: str, small_shop: Any, tmp_path: Path) -> None:
    expected = open_recording(small_shop.write(tmp_path / "reference", "json"))
    found = open_recording(small_shop.write(tmp_path / "other", form))
    assert (found.store.shelves, found.store.facings, found.store.products) == (
        expected.store.shelves,
        expected.store.facings,
        expected.store.products,
    )
    assert found.store.staff == {"77"}
    a, b = list(expected.readings()), list(found.readings())
    assert [(type(r), r.t_ns, r.received_ns) for r in a] == [(type(r), r.t_ns, r.received_ns) for r in b]
    assert all(np.array_equal(x.grams, y.grams, equal_nan=True) for x, y in zip(plates(a), plates(b), strict=True))
    assert all(np.array_equal(x.heads_m, y.heads_m, equal_nan=True) for x, y in zip(tracks(a), tracks(b), strict=True))
    assert found.health == ()


def test_readings_are_in_order_of_receipt_and_in_metres(small_shop: Any, tmp_path: Path) -> None:
    readings = list(open_recording(small_shop.write(tmp_path, "json")).readings())
    heard = [r.received_ns for r in readings]
    assert heard == sorted(heard)
    last = tracks(readings)[-1]
    assert last.ids == ("5",)
    assert last.heads_m[0] == pytest.approx([0.259, -0.5, 1.62], abs=1e-3)
    assert last.wrists_m[0, 0] == pytest.approx([0.0, -0.1, 1.0], abs=1e-3)  # the x left out is zero
    assert np.isnan(last.wrists_m[0, 1]).all()
    assert plates(readings)[0].grams.shape == (12, 2, 5)


def _spelt_canonically(shop: Any) -> None:
    for b in shop.collections["plate_data"]:
        b["timestamp"] = {"$numberDouble": repr(b["timestamp"])}
        b["gondola_id"] = {"$numberInt": str(b["gondola_id"])}
        b["_id"] = {"$oid": "5e9fd0df787b53230f88960b"}


def _flat_gondola(shop: Any) -> None:
    for b in shop.collections["plate_data"]:
        del b["document"]["plate_data"]["plate_id"]


def _gondola_beside(shop: Any) -> None:
    for b in shop.collections["plate_data"]:
        b["document"]["plate_data"]["plate_id"] = {"gondola_id": {"id": b.pop("gondola_id")}}


def _as_lists(shop: Any) -> None:
    for b in shop.collections["plate_data"]:
        grams = np.frombuffer(base64.b64decode(values(b)["data"]), np.float32)
        values(b)["data"] = grams.tolist()


def _as_doubles(shop: Any) -> None:
    for b in shop.collections["plate_data"]:
        grams = np.frombuffer(base64.b64decode(values(b)["data"]), np.float32).astype(np.float64)
        values(b).update(data=base64.b64encode(grams.tobytes()).decode(), type="DATATYPE_FLOAT64")


def _without_shape(shop: Any) -> None:
    for b in shop.collections["plate_data"]:
        grams = np.frombuffer(base64.b64decode(values(b).pop("data")), np.float32).reshape(values(b).pop("shape"))
        values(b)["data"] = base64.b64encode(np.ascontiguousarray(grams[:, :, :5]).tobytes()).decode()


@pytest.mark.parametrize(
    "spell", [_spelt_canonically, _flat_gondola, _gondola_beside, _as_lists, _as_doubles, _without_shape]
)
def test_other_spellings_mean_the_same(spell: Callable[[Any], None], make_shop: Any, tmp_path: Path) -> None:
    expected = plates(list(open_recording(make_shop().write(tmp_path / "a", "json")).readings()))
    shop = make_shop()
    spell(shop)
    recording = open_recording(shop.write(tmp_path / "b", "json"))
    found = plates(list(recording.readings()))
    assert [(r.gondola, r.t_ns) for r in found] == [(r.gondola, r.t_ns) for r in expected]
    assert all(
        np.array_equal(x.grams[:, :, :4], y.grams[:, :, :4], equal_nan=True)
        for x, y in zip(expected, found, strict=True)
    )
    assert recording.health == ()


def test_bson_samples_may_be_raw_bytes(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for b in shop.collections["plate_data"]:
        values(b)["data"] = base64.b64decode(values(b)["data"])
    assert plates(list(open_recording(shop.write(tmp_path, "bson")).readings()))[0].grams[0, 0, 0] == pytest.approx(
        1000.0, abs=3
    )


@pytest.mark.parametrize(
    ("unit_m", "name"), [(1.0, "metres"), (0.0254, "inches"), (0.01, "centimetres"), (0.001, "millimetres")]
)
def test_the_unit_of_targets_is_told_by_heads(unit_m: float, name: str, make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for f in shop.collections["full_targets"]:
        for person in f["document"]["targets"].get("targets", []):
            for joint in ("head", "l_wrist", "r_wrist"):
                point = person[joint]["point"]
                person[joint]["point"] = {axis: v * 0.0254 / unit_m for axis, v in point.items()}
    recording = open_recording(shop.write(tmp_path, "json"))
    last = tracks(list(recording.readings()))[-1]
    assert last.heads_m[0, 2] == pytest.approx(1.62, abs=1e-3)
    assert f"targets are in {name}" in recording.notes  # type: ignore[attr-defined]


def test_heads_alone_do_when_there_are_no_full_targets(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    del shop.collections["full_targets"]
    last = tracks(list(open_recording(shop.write(tmp_path, "json")).readings()))[-1]
    assert np.isfinite(last.heads_m).all()
    assert np.isnan(last.wrists_m).all()


def test_hands_serve_where_wrists_are_missing(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for f in shop.collections["full_targets"]:
        for person in f["document"]["targets"].get("targets", []):
            person["hands"] = [person.pop("l_wrist")]
            del person["r_wrist"]
    last = tracks(list(open_recording(shop.write(tmp_path, "json")).readings()))[-1]
    assert last.wrists_m[0, 0] == pytest.approx([0.0, -0.1, 1.0], abs=1e-3)


def test_a_doubtful_target_counts_half(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for f in shop.collections["full_targets"]:
        for person in f["document"]["targets"].get("targets", []):
            person["target_state"] = "TARGETSTATE_LOST"
    last = tracks(list(open_recording(shop.write(tmp_path, "json")).readings()))[-1]
    assert last.head_scores[0] == pytest.approx(0.45)


# --------------------------------------------------------------------- faults
@pytest.mark.parametrize("wanted", ["plate_data", "planogram"])
def test_what_cannot_be_missed_is_named(wanted: str, make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    del shop.collections[wanted]
    with pytest.raises(RecordingError, match=f"collection {wanted} is missing"):
        open_recording(shop.write(tmp_path, "json"))


@pytest.mark.parametrize(("missing", "kind"), [("products", "missing-collection"), ("targets", "missing-collection")])
def test_what_can_be_missed_is_a_grave_health_entry(missing: str, kind: str, make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for name in [n for n in shop.collections if n.endswith(missing)]:
        del shop.collections[name]
    recording = open_recording(shop.write(tmp_path, "json"))
    assert plates(list(recording.readings()))
    assert (kind, True) in kinds(recording)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no collection found"):
        open_recording(tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file or folder"):
        open_recording(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("form", "file"), [("json", "plate_data.json"), ("bson", "plate_data.bson"), ("archive", "shop.archive")]
)
def test_a_truncated_file_gives_what_precedes_the_cut(form: str, file: str, small_shop: Any, tmp_path: Path) -> None:
    folder = small_shop.write(tmp_path, form)
    data = (folder / file).read_bytes()
    shorter = {"json": len(data) - 700, "bson": len(data) - 700, "archive": len(data) - 20}[form]
    (folder / file).write_bytes(data[:shorter])
    recording = open_recording(folder)
    assert plates(list(recording.readings()))
    assert ("truncated", True) in kinds(recording)
    assert any(" at line 40" in h.where or " at byte " in h.where for h in recording.health)


def test_a_damaged_line_costs_that_line_only(small_shop: Any, tmp_path: Path) -> None:
    folder = small_shop.write(tmp_path, "json")
    lines = (folder / "plate_data.json").read_text().splitlines()
    lines[6] = lines[6][:50] + "#" + lines[6][52:]
    (folder / "plate_data.json").write_text("\n".join(lines))
    recording = open_recording(folder)
    assert len(plates(list(recording.readings()))) == 39
    assert [h.where for h in recording.health] == ["plate_data.json at line 7"]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3e30])
def test_absurd_samples_count_as_missing(value: float, make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    found = values(shop.collections["plate_data"][4])
    grams = np.frombuffer(base64.b64decode(found["data"]), np.float32).reshape(12, 3, 6).copy()
    grams[3, 1, 2] = value
    found["data"] = base64.b64encode(grams.tobytes()).decode()
    recording = open_recording(shop.write(tmp_path, "json"))
    assert np.isnan(plates(list(recording.readings()))[4].grams[3, 0, 1])
    assert [(h.kind, h.gondola, h.shelf, h.plate) for h in recording.health] == [("invalid-sample", 1, 1, 2)]


def test_a_plate_the_planogram_does_not_know_is_reported_when_it_steps(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for k, b in enumerate(shop.collections["plate_data"]):
        grams = np.frombuffer(base64.b64decode(values(b)["data"]), np.float32).reshape(12, 3, 6).copy()
        grams[:, 1, 5] = 500.0 if k < 20 else 200.0
        values(b)["data"] = base64.b64encode(grams.tobytes()).decode()
    recording = open_recording(shop.write(tmp_path, "json"))
    list(recording.readings())
    assert {(h.kind, h.gondola, h.shelf, h.plate) for h in recording.health} == {
        ("unknown-plate", 1, 1, 5),
        ("unknown-plate", 2, 1, 5),
    }


@pytest.mark.parametrize("sigma_g", [0.0, 5.0, 25.0])
def test_a_noisy_channel_outside_the_planogram_is_no_plate(sigma_g: float, make_shop: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    shop = make_shop(batches=150)
    for b in shop.collections["plate_data"]:
        grams = np.frombuffer(base64.b64decode(values(b)["data"]), np.float32).reshape(12, 3, 6).copy()
        grams[:, 1:, 5] = 500.0 + sigma_g * rng.normal(size=(12, 2))
        values(b)["data"] = base64.b64encode(grams.tobytes()).decode()
    recording = open_recording(shop.write(tmp_path, "json"))
    list(recording.readings())
    assert recording.health == ()


def test_batches_stored_in_any_order_come_in_order(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    batches = shop.collections["plate_data"]
    shop.collections["plate_data"] = [batches[i] for i in np.random.default_rng(1).permutation(len(batches))]
    times = [r.t_ns for r in plates(list(open_recording(shop.write(tmp_path, "json")).readings()))]
    assert times == sorted(times)


@pytest.mark.parametrize("meta", ["[]", "{", '{"staff": 3}', "\xff"])
def test_a_broken_meta_file_is_a_health_entry(meta: str, small_shop: Any, tmp_path: Path) -> None:
    folder = small_shop.write(tmp_path, "json")
    (folder / "meta.json").write_text(meta)
    recording = open_recording(folder)
    assert recording.store.staff == frozenset()
    assert ("corrupt", True) in kinds(recording)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(("json", "bson", "archive", "archive.gz")))
def test_damage_anywhere_never_raises_anything_but_a_recording_error(
    data: st.DataObject, form: str, make_shop: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = make_shop(batches=2).write(Path(folder), form)
        files = sorted(f for f in path.iterdir() if f.stat().st_size)
        file = data.draw(st.sampled_from(files))
        content = bytearray(file.read_bytes())
        for _ in range(data.draw(st.integers(0, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
        outcome = read_all(path)
    assert isinstance(outcome, RecordingError | int)


def read_all(path: Path) -> RecordingError | int:
    """How many readings there are, or the refusal."""
    try:
        recording = open_recording(path)
        count = len(list(recording.readings()))
    except RecordingError as error:
        return error
    json.dumps([h.message for h in recording.health])
    return count


def test_the_real_recording(nanostore: Path) -> None:
    recording = open_recording(nanostore)
    readings = list(recording.readings())
    assert (len(plates(readings)), len(tracks(readings))) == (344, 291)
    assert recording.store.plate_count == 287
    assert recording.store.shelf_at[5, 1].rotation_rad == pytest.approx(-np.pi / 2, abs=1e-3)
    assert recording.store.products["071142008582"].weight_g == pytest.approx(621.67, abs=0.01)
    heads = np.concatenate([t.heads_m[:, 2] for t in tracks(readings)])
    assert 1.0 < np.nanmedian(heads) < 2.0
    assert recording.health == ()
