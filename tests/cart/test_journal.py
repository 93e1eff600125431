"""The cart's journal: exact, cut at every byte, and quick to open again after an hour's trip."""

from __future__ import annotations

import itertools
import math
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.cart.journal import CartJournal, JournalError
from aisle.cart.notes import Began, Noted, Overridden, PhaseChanged, Prompted, SignedIn, Weighed, packed, unpacked
from aisle.cart.records import HEADING, RecordError, RecordFile
from aisle.cart.syncing import SyncBehind, SyncNow
from aisle.cart.trip import Choice, Phase, Prompt, PromptKind
from aisle.sensing.cart.readings import (
    CartReading,
    LookReading,
    MotionReading,
    ScaleReading,
    ScanReading,
    TapReading,
)

T0 = 1_774_000_000 * 10**9


def clock() -> int:
    return T0


def opened(folder: Path, boot_id: str = "b1", **more: Any) -> CartJournal:
    return CartJournal(folder, "cart-7", boot_id, clock, **more)


def trip(seconds: float, seed: int = 1) -> Iterator[CartReading]:
    """What a cart's devices say: the scale at 20 Hz, motion at 10 Hz, now and then a scan, a tap and a look."""
    chance = np.random.default_rng(seed)
    for beat in range(int(seconds * 20)):
        t_ns = T0 + beat * 50_000_000 + int(chance.integers(0, 9_000_000))
        yield ScaleReading(t_ns, t_ns + 3_000_000, float(chance.normal(812.3, 1.5)))
        if beat % 2 == 0:
            yield MotionReading(t_ns, t_ns + 4_000_000, bool(chance.random() < 0.3), float(chance.random()))
        if beat % 700 == 350:
            yield ScanReading(t_ns, t_ns + 5_000_000, "4006381333931", "EAN13")
            yield TapReading(t_ns, t_ns + 6_000_000, "quantity", 2)
            yield LookReading(t_ns, t_ns + 7_000_000, ("4006381333931", "4011"), (7.25, -1.5))


def test_readings_come_back_as_they_were(tmp_path: Path) -> None:
    given = list(trip(60))
    journal = opened(tmp_path)
    journal.begin("trip-1", "7", "v1")
    numbers = [journal.append(reading) for reading in given]
    assert list(journal.readings("trip-1")) == given
    journal.close()
    again = opened(tmp_path, "b2")
    assert (again.trip_id, again.faults) == ("trip-1", ())
    assert list(again.readings("trip-1")) == given
    assert [number.seq for number in numbers if number] == list(range(2, 2 + len(given)))


def test_numbers_are_those_that_were_given(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.begin("t", "7")
    first = journal.append(ScaleReading(T0, T0, math.inf))
    second = journal.append(ScanReading(T0, T0, "4011", "PLU"))
    journal.close()
    again = opened(tmp_path, "b2")
    third = again.append(TapReading(T0, T0, "pay"))
    kept = {numbered.entry: numbered.message for numbered in again.entries("t")}
    assert [kept[entry] for entry in (ScaleReading(T0, T0, math.inf), ScanReading(T0, T0, "4011", "PLU"))] == [
        first, second,
    ]  # fmt: skip
    assert (third.boot_id, kept[TapReading(T0, T0, "pay")]) == ("b2", third)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "note",
    [
        SignedIn(T0, "anna", True),
        Weighed(T0, 812.5, 330.25, 1.5),
        Prompted(T0, Prompt("p1", PromptKind.CHOOSE_ITEM, T0, options=(Choice("4011", 2, 0.75), Choice("none")))),
        PhaseChanged(T0, Phase.PAYING),
        Overridden(T0, "kim", "personal item", "her own umbrella"),
        Noted(T0, "tare", {"grams": 312.5, "bags": [1, 2]}),
    ],
    ids=lambda note: type(note).__name__,
)
def test_notes_come_back_as_they_were(tmp_path: Path, note: Any) -> None:
    journal = opened(tmp_path)
    journal.begin("t", "7")
    journal.append(note)
    assert [numbered.entry for numbered in journal.entries("t")][2:] == [note]


def test_cut_at_every_byte_everything_whole_is_there_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aisle.cart.syncing._to_disk", lambda _file: None)
    monkeypatch.setattr("os.fsync", lambda _file: None)
    given = [*itertools.islice(trip(1), 6), ScanReading(T0, T0, "4011", "PLU"), TapReading(T0, T0, "remove")]
    journal = opened(tmp_path / "whole")
    journal.begin("t", "7")
    for reading in given:
        journal.append(reading)
    journal.close()
    content = (tmp_path / "whole/t.trip").read_bytes()
    before: list[CartReading] = []
    for size in range(len(content) + 1):
        folder = tmp_path / f"cut-{size}"
        folder.mkdir()
        (folder / "t.trip").write_bytes(content[:size])
        again = opened(folder, "b2")
        found = list(again.readings("t")) if again.trip_id else []
        assert found == given[: len(found)]
        assert len(found) >= len(before)
        aside = [path.read_bytes() for path in folder.glob("*.cut-*")]
        assert [fault.lost_bytes for fault in again.faults] == [len(lost) for lost in aside]
        again.close()
        before = found
    assert before == given


def test_after_a_cut_the_trip_goes_on(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.begin("t", "7")
    journal.append(ScanReading(T0, T0, "4011", "PLU"))
    journal.append(ScanReading(T0, T0, "4012", "PLU"))
    journal.close()
    path = tmp_path / "t.trip"
    path.write_bytes(path.read_bytes()[:-3])
    again = opened(tmp_path, "b2")
    again.append(ScanReading(T0, T0, "4013", "PLU"))
    assert [reading.code for reading in again.readings("t") if isinstance(reading, ScanReading)] == ["4011", "4013"]
    assert "cut off: a record is half written" in str(again.faults[0])


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda content: content[:40] + bytes([content[40] ^ 1]) + content[41:], "checksum"),
        (lambda content: content + bytes(64), "a record of 0 bytes"),
        (lambda content: content + struct.pack("<II", 2**31, 0), "a record of 2147483648 bytes"),
        (lambda content: content + content[len(HEADING) :], "checksum"),
        (lambda content: b"something else altogether", "no heading of ours"),
    ],
    ids=["a flipped bit", "zeros behind the end", "a wild length", "old records behind the end", "another file"],
)
def test_damage_is_told_and_laid_aside(tmp_path: Path, damage: Callable[[bytes], bytes], why: str) -> None:
    file = RecordFile(tmp_path / "f")
    for number in range(8):
        file.append(f"record {number}".encode())
    file.close()
    (tmp_path / "f").write_bytes(damage((tmp_path / "f").read_bytes()))
    again = RecordFile(tmp_path / "f")
    assert again.torn is not None and why in again.torn.why
    assert len(Path(again.torn.kept_in).read_bytes()) == again.torn.lost_bytes
    again.append(b"goes on")
    again.close()
    whole = RecordFile(tmp_path / "f")
    assert (whole.torn, whole.payloads[-1]) == (None, b"goes on")


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_file_or_a_told_fault(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "t.trip").write_bytes(HEADING + content)
    journal = opened(folder)
    assert (journal.trip_id, bool(journal.faults)) == (None, content != b"")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(ScaleReading, st.integers(T0, T0 + 10**9), st.integers(T0, T0 + 10**9), st.floats(allow_nan=False))
        | st.builds(
            MotionReading, st.integers(T0, T0 + 10**9), st.integers(T0, T0 + 10**9), st.booleans(), st.floats(0, 9)
        ),
        min_size=1,
        max_size=40,
    )
)
def test_packed_samples_are_exact(samples: list[ScaleReading | MotionReading]) -> None:
    assert unpacked(packed(samples)) == tuple(samples)


def test_a_clock_that_jumps_begins_another_record(tmp_path: Path) -> None:
    given = [ScaleReading(T0 + jump, T0 + jump, 1.0) for jump in (0, 10**8, 10**15, -(10**15), 0)]
    journal = opened(tmp_path)
    journal.begin("t", "7")
    for reading in given:
        journal.append(reading)
    assert list(journal.readings("t")) == given


def test_a_trip_that_ended_is_kept_and_no_longer_goes_on(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.begin("t1", "7")
    journal.end("paid")
    journal.begin("t2", "7")
    journal.close()
    again = opened(tmp_path, "b2")
    assert (again.trip_id, again.trips()) == ("t2", ("t1", "t2"))
    with pytest.raises(JournalError, match="still going on"):
        again.begin("t3", "7")
    again.end("paid")
    assert (again.forget(time.time_ns() + 10**9), again.trips()) == (2, ())


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.begin("t", "7")
    journal.append(ScanReading(T0, T0, "4011", "PLU"))
    settled = journal.settle()
    journal.close()
    scanned = opened(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/t.over").write_bytes((tmp_path / "t.trip").read_bytes())
    assert scanned.digest("t") == settled


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 65, "früh"])
def test_a_trip_needs_a_name_for_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(JournalError, match="expected a new name"):
        opened(tmp_path).begin(name, "7")


def test_a_tap_no_screen_makes_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.begin("t", "7")
    with pytest.raises(ValueError, match="expected an entry of plain values"):
        journal.append(TapReading(T0, T0, "plu", 10**40))
    assert [type(numbered.entry) for numbered in journal.entries("t")][1:] == [Began]


def test_a_record_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="expected 1 to"):
        RecordFile(tmp_path / "f").append(bytes(2**21))


def test_a_full_disk_leaves_whole_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordFile(tmp_path / "f")
    file.append(b"before")
    real = os.pwrite
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", lambda f, data, at: real(f, data[:3], at))
        with pytest.raises(OSError, match="the disk took 3 of"):
            file.append(b"does not fit")
    file.append(b"after")
    file.close()
    assert RecordFile(tmp_path / "f").payloads == (b"before", b"after")


@pytest.mark.parametrize("syncing", [SyncNow, SyncBehind])
def test_a_disk_that_says_no_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syncing: Any) -> None:
    def refuse(_file: int) -> None:
        raise OSError("input/output error")

    monkeypatch.setattr("aisle.cart.syncing._to_disk", refuse)
    file = RecordFile(tmp_path / "f", syncing=syncing)
    with pytest.raises(OSError, match="input/output error"):
        file.append(b"record")
        file.settle()


KILLED = """
import itertools, sys
from pathlib import Path
from aisle.cart.journal import CartJournal
from aisle.cart.syncing import SyncBehind
from aisle.sensing.cart.readings import ScanReading
journal = CartJournal(Path(sys.argv[1]), "cart-7", "b1", lambda: 0, syncing=SyncBehind)
journal.begin("t", "7")
for number in itertools.count():
    journal.append(ScanReading(number, number, str(number), "PLU"))
    print(number, flush=True)
"""


def test_killed_at_any_moment_what_was_told_is_there(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True) as cart:
        assert cart.stdout is not None
        lines = list(itertools.islice(cart.stdout, 200))
        cart.send_signal(signal.SIGKILL)
        lines += list(cart.stdout)
    told = [int(line) for line in lines if line.endswith("\n")]
    found = [reading.t_ns for reading in opened(tmp_path, "b2").readings("t")]
    assert found[: len(told)] == told
    assert found == list(range(len(found)))


def test_an_hour_is_open_again_within_a_second(tmp_path: Path) -> None:
    journal = opened(tmp_path, syncing=SyncBehind)
    journal.begin("t", "7")
    for reading in trip(3600):
        journal.append(reading)
    journal.close()
    began_s = time.perf_counter()
    again = opened(tmp_path, "b2")
    count = sum(1 for _ in again.readings("t"))
    took_s = time.perf_counter() - began_s
    assert count > 108_000
    assert (tmp_path / "t.trip").stat().st_size < 3_000_000
    assert took_s < 1.5
