"""`aisle view`: what it writes, what it refuses, and that the last moment of a recording is its receipts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from aisle.sensing.readings import Recording
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.store.folder import write_store
from aisle.walkout.replay import Replay, ReplayOptions
from aisle.walkout.view.command import Wish, run_view
from aisle.walkout.view.files import write_moving, write_still
from aisle.walkout.view.moment import Moment
from aisle.walkout.view.watching import Span, shown_name, span_of, watch
from walkout.view.moments_kit import NORTH, shop

NS = 1_000_000_000


@cache
def scene() -> Recording:
    return simulate_scene(example_store(), "one_item", 3)


REFUSED = {
    "no picture's name": (Wish(Path("view.pdf")), "ending in .png, .jpg, .jpeg, .webp"),
    "no moving picture's name": (Wish(Path("view.jpg"), from_s=1.0), "ending in .webp, .png, .gif"),
    "one and many": (Wish(Path("v.webp"), at_s=1.0, to_s=2.0), "exclude each other"),
    "before the beginning": (Wish(Path("v.png"), at_s=-1.0), "0 or more"),
    "backwards": (Wish(Path("v.webp"), from_s=5.0, to_s=4.0), "not after"),
    "too many a second": (Wish(Path("v.webp"), to_s=4.0, fps=1000.0), "0.1 to 60"),
    "too narrow": (Wish(Path("v.png"), width_px=100), "480 to 3840"),
}


@pytest.mark.parametrize(("wish", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_wrong_use_is_refused(
    wish: Wish, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert run_view(tmp_path, wish) == 2
    assert said in capsys.readouterr().err


def test_what_is_no_recording_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_view(tmp_path / "none.mcap", Wish(tmp_path / "v.png")) == 1
    assert "none.mcap: no such file" in capsys.readouterr().err


def test_a_store_folder_gives_its_plan(tmp_path: Path) -> None:
    write_store(shop(NORTH), tmp_path / "shop")
    assert run_view(tmp_path / "shop", Wish(tmp_path / "plan.png", width_px=960)) == 0
    assert cv2.imread(str(tmp_path / "plan.png")).shape == (540, 960, 3)


def test_nothing_moves_in_a_store_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_store(shop(), tmp_path)
    assert run_view(tmp_path, Wish(tmp_path / "v.png", at_s=3.0)) == 2
    assert "nothing moves" in capsys.readouterr().err


SPAN = Span(10 * NS, 20 * NS, 14 * NS)
TIMES = {
    "the busiest moment": (Wish(Path("v.png")), [14.0]),
    "a moment": (Wish(Path("v.png"), at_s=2.5), [12.5]),
    "a stretch": (Wish(Path("v.webp"), from_s=1.0, to_s=2.0, fps=2.0), [11.0, 11.5, 12.0]),
    "to the end": (Wish(Path("v.webp"), from_s=9.0, fps=1.0), [19.0, 20.0]),
}


@pytest.mark.parametrize(("wish", "times"), TIMES.values(), ids=TIMES.keys())
def test_moments_lie_where_they_are_wanted(wish: Wish, times: list[float]) -> None:
    assert wish.times_ns(SPAN) == [round(t * NS) for t in times]


def test_the_last_moment_holds_the_receipts_of_the_replay() -> None:
    span, seen = span_of(scene()), list[Moment]()
    watch(scene(), [span.t0_ns + NS, span.t1_ns + 60 * NS], seen.append)
    receipts = {r.shopper: r for r in Replay(scene(), ReplayOptions()).run().receipts}
    names = {shown_name(who, k): r for k, (who, r) in enumerate(receipts.items(), start=1)}
    assert [b.lines for b in seen[0].baskets if b.lines] == []
    assert {b.ident: [(x.name, x.quantity) for x in b.lines] for b in seen[1].baskets} == {
        name: [(x.name, x.quantity) for x in r.lines] for name, r in names.items()
    }
    assert any(b.lines for b in seen[1].baskets)
    assert all(h.quantity > 0 for h in seen[1].happenings)


def test_people_are_where_the_tracker_saw_them() -> None:
    busiest = span_of(scene()).busiest_ns
    assert busiest is not None
    seen: list[Moment] = []
    watch(scene(), [busiest], seen.append)
    (person,) = seen[0].people
    assert person.number == 1
    assert person.tail_m[-1] == pytest.approx(person.head_m[:2])
    assert np.ptp([t[0] for t in person.tail_m]) < 12.0


NAMES = {
    "a name": ("ada", 3, "ada"),
    "a long track id": ("1601412345678901234", 3, "Shopper 3"),
    "a short track id": ("7", 2, "Shopper 2"),
}


@pytest.mark.parametrize(("person", "number", "shown"), NAMES.values(), ids=NAMES.keys())
def test_cards_carry_names_people_can_read(person: str, number: int, shown: str) -> None:
    assert shown_name(person, number) == shown


PICTURES = [np.full((48, 64, 3), 40 * k, np.uint8) for k in range(5)]


@pytest.mark.parametrize("suffix", [".webp", ".png", ".gif"], ids=["WebP", "APNG", "GIF"])
def test_moving_pictures_move(suffix: str, tmp_path: Path) -> None:
    write_moving(PICTURES, tmp_path / f"v{suffix}", 4.0)
    read, animation = cv2.imreadanimation(str(tmp_path / f"v{suffix}"))
    assert read
    assert len(animation.frames) == 5
    assert [int(d) for d in animation.durations] == [250] * 5


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp"])
def test_still_pictures_are_written_whole(suffix: str, tmp_path: Path) -> None:
    write_still(PICTURES[2], tmp_path / f"v{suffix}")
    assert [p.name for p in tmp_path.iterdir()] == [f"v{suffix}"]
    assert abs(float(cv2.imread(str(tmp_path / f"v{suffix}")).mean()) - 80) < 3
