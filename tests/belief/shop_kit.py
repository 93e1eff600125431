"""A small shop of known weights, people who stand and reach, and weight changes made by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aisle.belief.engine import BeliefEngine, BeliefSettings
from aisle.belief.events import EventRecord
from aisle.scales.change import Episode, Plateau
from aisle.sensing.readings import TrackReading
from aisle.store.model import Facing, Product, Shelf, Store
from aisle.store.shelving import even_edges, plates_touched

FloatArray = npt.NDArray[np.float64]
T0_NS = 1_767_225_600_000_000_000
FRAME_S = 0.1
UNSEEN = np.full(3, np.nan)

# gtin, grams, gondola, shelf, from, to: products stand alone on 0.2 m unless said otherwise
GOODS: tuple[tuple[str, float, int, int, float, float], ...] = (
    ("soap", 410.0, 1, 1, 0.0, 0.2),
    ("rice", 1010.0, 1, 1, 0.2, 0.4),
    ("beans", 300.0, 1, 1, 0.4, 0.6),  # beans, peas and corn weigh the same
    ("peas", 300.0, 1, 1, 0.6, 0.8),
    ("honey", 742.0, 1, 1, 0.8, 1.0),
    ("tea", 130.0, 1, 2, 0.0, 0.5),
    ("jam", 553.0, 1, 2, 0.5, 1.0),
    ("oil", 893.0, 2, 1, 0.0, 0.5),
    ("corn", 300.0, 2, 1, 0.5, 1.0),
    ("wine", 1243.0, 2, 2, 0.0, 0.5),
    ("salt", 507.0, 2, 2, 0.5, 1.0),
)
PLACE = {g: (gondola, shelf, (x0 + x1) / 2) for g, _, gondola, shelf, x0, x1 in GOODS}
GRAMS = {g: w for g, w, *_ in GOODS}
PRICES = {g: 100 + 10 * i for i, (g, *_) in enumerate(GOODS)}


def small_shop(*, cells: bool = False, staff: frozenset[str] = frozenset()) -> Store:
    """Two gondolas 8 m apart, two boards each, ten plates a board; `cells`: one load cell a board."""
    edges = (0.0, 1.0) if cells else even_edges(10, 0.1)
    shelves = tuple(
        Shelf(g, s, (8.0 * (g - 1), 0.0, 0.6 + 0.5 * (s - 1)), 0.0, 0.4, edges) for g in (1, 2) for s in (1, 2)
    )
    facings = tuple(Facing(gtin, g, s, a, b, plates_touched(edges, a, b)) for gtin, _, g, s, a, b in GOODS)
    products = {gtin: Product(gtin, gtin, w, PRICES[gtin]) for gtin, w, *_ in GOODS}
    return Store("small", "EUR", "UTC", products, shelves, facings, staff=staff)


def shares(shelf: Shelf, x_m: float, width_m: float = 0.07) -> FloatArray:
    """Part of an item's weight on each plate, by overlap."""
    edges = np.asarray(shelf.plate_edges_m)
    over = np.clip(np.minimum(x_m + width_m / 2, edges[1:]) - np.maximum(x_m - width_m / 2, edges[:-1]), 0.0, None)
    return np.asarray(over / over.sum())


def plateaus(levels: list[FloatArray], t_ns: int, seconds: float = 2.0, move_s: float = 0.4) -> tuple[Plateau, ...]:
    """Quiet plateaus at these levels, the change to the second one beginning at `t_ns`."""
    ns = round(seconds * 1e9)
    step = ns + round(move_s * 1e9)
    out = []
    for i, level in enumerate(levels):
        start = t_ns - ns + i * step
        var = np.full(len(level), 0.4)
        out.append(Plateau(start, start + ns, level, var, level, var, 1.0))
    return tuple(out)


class Shop:
    """An engine and the people in front of it; time goes on with every act, six seconds each."""

    def __init__(
        self, store: Store | None = None, settings: BeliefSettings | None = None, *, hands: bool = True
    ) -> None:
        self.store = store or small_shop()
        self.engine = BeliefEngine(self.store, settings)
        self.hands = hands
        self.now_s = 0.0
        self.where: dict[str, tuple[float, float]] = {}
        self.full: dict[str, float] | None = None  # probability that a right hand holds something; None: nobody tells

    # ---------------------------------------------------------------- people
    def stand(self, who: str, gtin: str, aside_m: float = 0.0) -> None:
        """From now on `who` stands before that product."""
        gondola, shelf, x = PLACE[gtin]
        px, py, _ = self.store.shelf_at[gondola, shelf].world(x + aside_m, -0.42)
        self.where[who] = (px, py)

    def leave(self, who: str) -> None:
        del self.where[who]

    def watch(self, seconds: float, reaching: dict[str, tuple[float, float, float]] | None = None) -> None:
        """Let the tracker look on; hands of those who reach are at their points all the while."""
        for _ in range(round(seconds / FRAME_S)):
            self._frame(reaching or {})
            self.now_s += FRAME_S

    def _frame(self, reaching: dict[str, tuple[float, float, float]]) -> None:
        heads, wrists = [], []
        for who, (x, y) in self.where.items():
            dip = 0.65 * max(0.0, 1.05 - reaching[who][2] + 0.1) if who in reaching else 0.0
            heads.append((x, y, 1.68 - dip))
            right = reaching.get(who, (x + 0.2, y - 0.1, 0.85))
            wrists.append(((x - 0.2, y - 0.1, 0.85), right) if self.hands else (UNSEEN, UNSEEN))
        t_ns = self.t_ns
        count = len(self.where)
        self.engine.observe(
            TrackReading(
                "people",
                t_ns,
                t_ns,
                tuple(self.where),
                np.asarray(heads, np.float32).reshape(count, 3),
                np.ones(count, np.float32),
                np.asarray(wrists, np.float32).reshape(count, 2, 3),
                np.ones((count, 2), np.float32),
                None if self.full is None else np.array([(0.1, self.full.get(w, 0.1)) for w in self.where], np.float32),
            )
        )

    @property
    def t_ns(self) -> int:
        return T0_NS + round(self.now_s * 1e9)

    # ---------------------------------------------------------------- weights
    def episode(self, where: str, *moved: tuple[str, float], steps: int = 1, t_ns: int | None = None) -> Episode:
        """Goods come (+) or go (-) at the place of product `where`, all at once or in `steps` equal steps."""
        gondola, shelf, _ = PLACE[where]
        index = [s.key for s in self.store.shelves].index((gondola, shelf))
        board = self.store.shelves[index]
        change = np.zeros(board.plate_count)
        for place, grams in moved:
            change += grams * shares(board, PLACE[place][2])
        if board.plate_count == 1:
            change *= 1.02
        levels = [change * i / steps for i in range(steps + 1)]
        return Episode(index, 0, plateaus(levels, self.t_ns if t_ns is None else t_ns), True)

    def act(self, who: str | None, gtin: str, grams: float, at: str | None = None, *, tell: bool = True) -> Episode:
        """`who` reaches to the place of `at` (default: of the product), and that many grams come or go there."""
        place = at or gtin
        gondola, shelf, x = PLACE[place]
        if who is not None:
            self.stand(who, place)
        self.watch(2.5)
        t_ns = self.t_ns
        point = self.store.shelf_at[gondola, shelf].world(x, 0.1, 0.1)
        self.watch(0.6, {who: point} if who is not None else {})
        self.watch(2.9)
        episode = self.episode(place, (place, grams), t_ns=t_ns)
        if tell:
            self.engine.explain(episode)
        return episode

    def takes(self, who: str, gtin: str, count: int = 1, at: str | None = None) -> None:
        self.act(who, gtin, -count * GRAMS[gtin], at)

    def puts(self, who: str, gtin: str, at: str | None = None) -> None:
        self.act(who, gtin, GRAMS[gtin], at)

    # ---------------------------------------------------------------- results
    def basket(self, who: str) -> tuple[str, ...]:
        return self.engine.posterior(who).baskets[0][0]

    def sure(self, who: str) -> float:
        return self.engine.posterior(who).baskets[0][1]

    @property
    def last(self) -> EventRecord:
        return self.engine.events[-1]
