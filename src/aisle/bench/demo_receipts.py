"""The demo's receipts as tables: everybody who came, with odds, beside what they really took."""

from __future__ import annotations

from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aisle.bench.scoring import ClaimedLine, ClaimedReceipt, Scored, score_receipts
from aisle.bench.truth import Truth
from aisle.simulation.recording import Simulated
from aisle.store.model import Store
from aisle.walkout.outcome import Outcome, Receipt

SURE = 0.95
"""A visit less sure than this goes to a person."""


@dataclass(frozen=True, slots=True)
class Shown:
    """All the demo has to show: what was simulated, what the engine said, how long each took (seconds)."""

    simulated: Simulated
    outcome: Outcome
    simulating_s: float
    replaying_s: float

    @property
    def scored(self) -> Scored:
        """The receipts held against the truth."""
        t = self.simulated.truth
        truth = Truth(
            name=t.name,
            case=t.case,
            group=t.group,
            resolvable=t.resolvable,
            receipts=t.receipts,
            roles=t.roles,
            seed=t.seed,
        )
        return score_receipts(truth, [_claimed(r) for r in self.outcome.receipts])


def _claimed(receipt: Receipt) -> ClaimedReceipt:
    lines = tuple(ClaimedLine(n.gtin, n.quantity, n.probability) for n in receipt.lines)
    return ClaimedReceipt(receipt.shopper, lines, receipt.probability)


def receipts_table(shown: Shown, title: str) -> RenderableType:
    """Everybody who came, in order of entry: lines and basket with their odds, and whether that is what they took.

    Shoppers go by the end of their track id, as long as it takes to tell them apart: `aisle replay --why` knows them
    by it.
    """
    truth, store = shown.simulated.truth, shown.simulated.store
    by_shopper = {r.shopper: r for r in shown.outcome.receipts}
    ending = _ending_length(tuple(truth.receipts))
    table = Table(box=SIMPLE_HEAD, title=title, title_style="bold")
    table.add_column("shopper", justify="right", style="dim", no_wrap=True)
    table.add_column("receipt", overflow="fold")
    table.add_column("line", justify="right", no_wrap=True)
    table.add_column("basket", justify="right", no_wrap=True)
    table.add_column(store.currency, justify="right", no_wrap=True)
    table.add_column("true?", justify="center", no_wrap=True)
    for shopper, taken in truth.receipts.items():
        receipt = by_shopper.get(shopper)
        wrong = _difference(receipt.basket if receipt else {}, taken, store)
        seen = Text("✗", style="red") if wrong or receipt is None else Text("✓", style="green")
        cells: tuple[RenderableType, ...]
        if receipt is None:
            cells = (_under(Text("no receipt", style="red"), wrong), "", "", "")
        elif truth.roles[shopper] == "staff":
            cells = (_under(Text("staff, who pay nothing", style="dim"), wrong), "", "", "")
        else:
            odds = Text("\n").join(_odds(line.probability) for line in receipt.lines)
            cells = (_under(_lines(receipt), wrong), odds, _odds(receipt.probability), _total(receipt, store))
        table.add_row(shopper[-ending:], *cells, seen)
    for receipt in shown.outcome.receipts:
        if receipt.shopper not in truth.receipts and receipt.lines:
            wrong = _difference(receipt.basket, {}, store)
            odds = _odds(receipt.probability)
            table.add_row("?", _under(Text("somebody who never was there", style="red"), wrong), "", odds, "", "✗")
    return table


def _ending_length(names: tuple[str, ...]) -> int:
    """How many last characters tell all names apart; at least three."""
    longest = max(map(len, names), default=0)
    return next((n for n in range(3, longest) if len({name[-n:] for name in names}) == len(names)), longest)


def _lines(receipt: Receipt) -> Text:
    if not receipt.lines:
        return Text("left with nothing", style="dim")
    return Text("\n".join(f"{line.quantity} × {line.name}" for line in receipt.lines))


def _odds(probability: float) -> Text:
    """A probability as people read it; never "100 %", for nothing is."""
    shown = "> 99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"
    return Text(shown, style="green" if probability >= SURE else "yellow" if probability >= 0.7 else "red")


def _total(receipt: Receipt, store: Store) -> str:
    minor = sum(store.products[n.gtin].price_minor * n.quantity for n in receipt.lines if n.gtin in store.products)
    return f"{minor // 100}.{minor % 100:02d}" if receipt.lines else ""


def _difference(billed: dict[str, int], taken: dict[str, int], store: Store) -> list[str]:
    """What the receipt got wrong, a sentence for each product; empty when it is exact."""
    said = []
    for gtin in sorted(billed.keys() | taken.keys()):
        wrong = billed.get(gtin, 0) - taken.get(gtin, 0)
        name = store.products[gtin].name if gtin in store.products else gtin
        if wrong < 0:
            said.append(f"missing: {-wrong} × {name}")
        elif wrong > 0:
            said.append(f"not taken: {wrong} × {name}")
    return said


def _under(receipt: Text, wrong: list[str]) -> Text:
    """The receipt, and below it what it got wrong."""
    return Text("\n").join([receipt, *(Text(said, style="red") for said in wrong)])


def score_panel(shown: Shown) -> RenderableType:
    """The whole afternoon in a few numbers, each with its denominator."""
    scored, seconds = shown.scored, shown.simulated.truth.duration_s
    counts = scored.counts
    sure = [v for v in scored.visits if v.probability >= SURE]
    asked = len(scored.visits) - len(sure)
    right = sum(v.exact for v in sure)
    of_all = f"precision {100 * counts.precision:.1f} %, recall {100 * counts.recall:.1f} %"
    speed = seconds / max(shown.replaying_s, 1e-9)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, value, meaning in (
        ("Items", f"{100 * counts.f1:.1f} % F1", f"{of_all} of {counts.tp + counts.fn}"),
        ("Receipts", f"{counts.exact} of {counts.receipts} exact", "shopper, products and quantities right"),
        ("For a person", f"{asked} of {len(scored.visits)} visits", f"those less than {100 * SURE:.0f} % sure"),
        ("All others", f"{right} of {len(sure)} exact", "charged without anybody looking"),
        ("Shop", f"{seconds / 60:.1f} minutes", f"{shown.simulated.store.plate_count} load cells, one people tracker"),
        ("Engine", f"{shown.replaying_s:.1f} s", f"{speed:,.0f} times as fast as life"),
    ):
        table.add_row(Text(name, style="bold"), Text(value, style="cyan"), Text(meaning, style="dim"))
    seed = shown.simulated.truth.seed
    note = Text(f"\nA simulated shop, seed {seed}: another seed is another afternoon.", style="dim")
    return Panel(Group(table, note), title="Against the truth", expand=False)
