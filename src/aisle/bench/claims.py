"""The claims Aisle makes about itself: what is measured on which recordings, and what must be reached.

One `Row` is one claim with its value, interval and verdict, the unit of every table and of `--json`.  Figures that
others published are read from `published.toml` and never mixed with what is measured here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import msgspec

from aisle.bench.intervals import Interval
from aisle.bench.truth import BenchError

Kind = Literal["measured", "baseline", "published"]
Side = Literal["least", "most"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One claim: `name` measured on `on` gave `value`; it is `ok` when it is at `side` its `reach`.

    `low` and `high` are the 95 % interval, `counted` what the value is a share of (receipts, items, events),
    `recordings` how many recordings stand behind it.  A row without `reach` is reported only (`ok` is null).
    `kind` tells ours, the baseline measured in the same run, and what others published (`source` says where).
    """

    name: str
    on: str
    value: float | None
    unit: str = ""
    reach: float | None = None
    ok: bool | None = None
    side: Side = "least"
    low: float | None = None
    high: float | None = None
    counted: int | None = None
    recordings: int | None = None
    kind: Kind = "measured"
    source: str = ""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of a suite prints with `--json`; `about` says what it ran over (recordings, seeds, ...)."""

    suite: str
    rows: tuple[Row, ...]
    about: dict[str, object] = {}

    @property
    def fell_short(self) -> bool:
        """Whether any row missed its reach."""
        return any(row.ok is False for row in self.rows)


def judged(
    name: str,
    on: str,
    value: float,
    *,
    reach: float | None = None,
    side: Side = "least",
    interval: Interval | None = None,
    unit: str = "",
    counted: int | None = None,
    recordings: int | None = None,
    kind: Kind = "measured",
) -> Row:
    """A row with its verdict: the value itself, not its interval, must be at `side` the reach.

    A value that is not a number falls short.
    """
    ok = None if reach is None else (value >= reach if side == "least" else value <= reach)
    return Row(
        name=name,
        on=on,
        value=value,
        unit=unit,
        reach=reach,
        ok=ok,
        side=side,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        counted=counted,
        recordings=recordings,
        kind=kind,
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """A kind of recordings claims are made on, and what is to be reached there (None: reported only)."""

    title: str
    heads_only: bool = False
    f1: float | None = None
    exact: float | None = None
    calibration_error: float | None = None
    rest_exact: float | None = None
    speed: float | None = None


SETTINGS: Mapping[str, Setting] = {
    "wrists": Setting(
        "hands tracked, a load cell under every plate",
        f1=0.99,
        exact=0.975,
        calibration_error=0.02,
        rest_exact=0.995,
        speed=300.0,
    ),
    "heads": Setting("heads only", heads_only=True, f1=0.98, exact=0.96),
    "high": Setting("high plate noise (6-25 g)", f1=0.97, exact=0.93, calibration_error=0.04),
    "rough": Setting("rough tracks: noise, wrong wrists, a new id after each loss", f1=0.97, exact=0.93),
    "shelf": Setting("one load cell per shelf", f1=0.96, exact=0.92),
    "all": Setting("high noise, rough tracks and one load cell per shelf together"),
    "own": Setting("Aisle's own simulator, other dynamics"),
    "real": Setting("the real recording"),
}


def setting(on: str) -> Setting:
    """The setting of that name; BenchError lists those there are."""
    if on not in SETTINGS:
        raise BenchError(f"--on: found {on!r}, must be one of {', '.join(SETTINGS)}")
    return SETTINGS[on]


class Published(msgspec.Struct, frozen=True):
    """A figure somebody else reported, with its source."""

    name: str
    on: str
    value: float
    unit: str = ""


class PublishedSource(msgspec.Struct, frozen=True):
    """Who reported what."""

    who: str
    source: str
    figures: tuple[Published, ...]


class PublishedFile(msgspec.Struct, frozen=True):
    """`published.toml`: every source."""

    sources: tuple[PublishedSource, ...]


def published(on: str) -> tuple[Row, ...]:
    """What others reported for the same kind of recordings, as rows without verdict."""
    text = resources.files("aisle.bench").joinpath("published.toml").read_text(encoding="utf-8")
    sources = msgspec.convert(tomllib.loads(text), PublishedFile).sources
    return tuple(
        Row(
            name=f"{figure.name}, {source.who}",
            on=figure.on,
            value=figure.value,
            unit=figure.unit,
            kind="published",
            source=source.source,
        )
        for source in sources
        for figure in source.figures
        if figure.on == on
    )
