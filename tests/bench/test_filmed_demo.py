"""The demo's filmed shop, with grey pictures and eyes that know where people are: what it shows, writes and says."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from aisle.bench.filmed_demo import run_filmed
from aisle.bench.filmed_pictures import ShopPictures, liveliness
from aisle.bench.filmed_screen import Progress, line, screen
from aisle.bench.filmed_shop import FilmWish, short_afternoon
from aisle.sensing.readings import FrameReading, HealthEntry
from aisle.simulation.pictures.film_truth import tracks_of
from aisle.simulation.pictures.filming import Film
from aisle.simulation.recording import Simulated
from aisle.store.model import Store
from aisle.vision.tracking.people import FloorPeople, track_reading
from aisle.walkout.sight import Seen
from walkout.view.moments_kit import ABOVE, NORTH, basket, moment, person

NS = 1_000_000_000
WISH = FilmWish(seed=0, seconds=45.0, shoppers=2, cameras=2, fps=5.0, size_px=(64, 36), jobs=1)
GREY = bytes(cv2.imencode(".jpg", np.full((36, 64, 3), 120, np.uint8))[1])


class GreyFilm(Film):
    """A film on which nothing can be seen."""

    def readings(self) -> Iterator[FrameReading]:
        for k in range(int(self.duration_s * self.fps)):
            t_ns = self.t0_ns + round(k / self.fps * NS)
            for camera in self.cameras:
                yield FrameReading(camera.camera_id, t_ns, t_ns + NS // 20, camera.camera_id, GREY)


class TornFilm(Film):
    """A film that no renderer can show."""

    def readings(self) -> Iterator[FrameReading]:
        raise RuntimeError("no graphics")


class KnowingEyes:
    """Says where people truly are; `ends_s`: then somebody presses Ctrl-C."""

    health: tuple[HealthEntry, ...] = ()

    def __init__(self, film: Film, ends_s: float = np.inf) -> None:
        self._film, self._ends_s = film, ends_s
        self._columns = tracks_of(film)
        self._next = 0

    def see(self, frame: FrameReading) -> Iterable[Seen]:
        now_s = (frame.t_ns - self._film.t0_ns) / NS
        if now_s > self._ends_s:
            raise KeyboardInterrupt
        while self._next < len(self._columns["t"]) and self._columns["t"][self._next] <= now_s:
            yield self._seen(self._next, frame.received_ns)
            self._next += 2

    def finish(self) -> Iterable[Seen]:
        return ()

    def _seen(self, k: int, received_ns: int) -> Seen:
        c = self._columns
        here = np.flatnonzero(c["present"][k])
        n = len(here)
        t_ns = self._film.t0_ns + round(float(c["t"][k]) * NS)
        floor = FloorPeople(
            t_ns,
            tuple(f"shopper-{j + 1}" for j in here),
            c["feet_m"][k, here].astype(np.float64),
            np.tile(0.01 * np.eye(2), (n, 1, 1)),
            np.zeros((n, 2)),
            c["heads_m"][k, here].astype(np.float64),
            np.full(n, 0.95),
            c["wrists_m"][k, here].astype(np.float64),
            np.full((n, 2), 0.03),
            np.full((n, 2), 0.95),
            np.full((n, 2), np.nan),
            np.full(n, 0.99),
            np.ones(n),
            np.full(n, 1.65),
            np.ones(n, dtype=bool),
        )
        return Seen(t_ns, {}, {}, floor, track_reading(floor, "eyes", received_ns), ())


@cache
def afternoon(kind: type[Film] = GreyFilm) -> Simulated:
    drawn = short_afternoon(WISH)
    assert drawn.film is not None
    return replace(drawn, film=kind(**{f.name: getattr(drawn.film, f.name) for f in fields(Film)}))


def eyes(ends_s: float = np.inf) -> Callable[[Store], KnowingEyes]:
    film = afternoon().film
    assert film is not None
    return lambda store: KnowingEyes(film, ends_s)


def shown(out: Path | None, ends_s: float = np.inf, kind: type[Film] = GreyFilm) -> tuple[int, str]:
    text = io.StringIO()
    code = run_filmed(
        WISH,
        out=out,
        console=Console(file=text, width=160),
        eyes=eyes(ends_s),
        simulate=lambda wish: afternoon(kind),
        film_fps=0.3,
    )
    return code, text.getvalue()


def test_a_shop_that_is_seen_well_is_billed_well_and_its_pictures_are_told_of(tmp_path: Path) -> None:
    code, text = shown(tmp_path / "kept")
    people = len(afternoon().truth.receipts)
    assert code == 0
    assert f"{people} of {people} exact" in text
    assert "✗" not in text
    read, animation = cv2.imreadanimation(str(tmp_path / "kept/shop.webp"))
    assert read and len(animation.frames) > 10
    assert cv2.imread(str(tmp_path / "kept/shop.png")).shape == (1080, 1920, 3)
    assert "kept/shop.webp" in text.replace("\n", "") and "kept/shop.png" in text.replace("\n", "")
    assert (tmp_path / "kept/filmed-0000.mcap").is_file()
    assert (tmp_path / "kept-truth/filmed-0000.json").is_file()


def test_nothing_but_pictures_is_kept_where_nothing_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    code, text = shown(None, ends_s=8.0)
    assert code == 0
    assert "Ended before the last shopper had left" in text
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")) == [
        "demo/shop.png",
        "demo/shop.webp",
    ]


def test_a_machine_that_cannot_film_says_so_and_what_would_work(tmp_path: Path) -> None:
    code, text = shown(tmp_path / "kept", kind=TornFilm)
    assert code == 1
    assert "cannot be filmed here: no graphics" in text
    assert "--no-pixels" in text


WRONG = {
    "too short for anybody": (FilmWish(seconds=3.0), "20 to 3600"),
    "too long to wait for": (FilmWish(seconds=1e6), "20 to 3600"),
    "no seed": (FilmWish(seed=-1), "from 0 on"),
}


@pytest.mark.parametrize(("wish", "said"), WRONG.values(), ids=WRONG.keys())
def test_wishes_that_cannot_be_fulfilled(wish: FilmWish, said: str) -> None:
    assert said in str(wish.fault())


def test_an_afternoon_is_as_long_as_asked_for_and_the_same_again() -> None:
    one, other = short_afternoon(WISH), short_afternoon(WISH)
    assert one.truth == other.truth
    assert 0.7 * 45.0 <= one.truth.duration_s <= 45.0
    assert {type(r).__name__ for r in one.sent} == {"PlateReading"}


def test_the_screen_tells_people_baskets_odds_and_faults() -> None:
    text = io.StringIO()
    Console(file=text, width=110).print(screen(moment(NORTH, ABOVE), Progress({"north": 80, "above": 40}, 36.0, 10.0)))
    for said in ("9 of 36 s", "30 s left", "80", "8.0", "2.0 m, 4.6 m", "1 × Salted crisps", "71 %", "gap", "0.9 ×"):
        assert said in text.getvalue()


def test_a_log_gets_a_line() -> None:
    assert line(moment(), Progress({}, 36.0, 10.0)) == "  9 s of 36 s: 2 in the store, 5 taken, 30 s left"


LIVELY = {
    "more people": (moment(), replace(moment(), people=(person(1, 2.0, 4.6),))),
    "more in their baskets": (moment(), replace(moment(), baskets=(basket(1), basket(2)))),
}


@pytest.mark.parametrize(("more", "less"), LIVELY.values(), ids=LIVELY.keys())
def test_the_liveliest_moment_is_the_one_with(more: object, less: object) -> None:
    assert liveliness(more) > liveliness(less)  # type: ignore[arg-type]


def test_no_moment_no_pictures(tmp_path: Path) -> None:
    assert ShopPictures(tmp_path, 4.0).finish() == ()
