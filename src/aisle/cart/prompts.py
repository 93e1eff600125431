"""Which doubts become prompts, when, and when they go away again.

A prompt waits until its cause has had time to go away by itself, is asked once, clears as soon as the cause is gone and
blocks nothing.  Pure bookkeeping over the belief's `Summary`: time comes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from aisle.belief.basket.goods import Goods, Selling
from aisle.belief.basket.state import Kind
from aisle.belief.basket.summary import InDoubt, OutDoubt, Summary
from aisle.cart.trip import Choice, Prompt, PromptKind

NS = 1_000_000_000
MOST_OPTIONS = 4


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """How sure a doubt must be (`likely`), how long it lasts before it is asked (`_s`), when it clears (`gone`)."""

    likely: float = 0.5
    gone: float = 0.25
    sure: float = 0.9
    unknown_s: float = 11.0
    waiting_s: float = 25.0
    passed_by_s: float = 8.0
    removed_s: float = 6.0
    count_s: float = 10.0
    weight_s: float = 12.0
    weight_g: float = 15.0


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason to ask: `key` names it through the trip, `certain` is how sure it is, `due_ns` when it may be asked."""

    key: tuple[str, int]
    kind: PromptKind
    certain: float
    due_ns: int
    gtin: str | None = None
    options: tuple[Choice, ...] = ()
    grams: float | None = None
    detail: str = ""
    about_ns: int = 0


class Prompter:
    """Keeps the prompts of one trip."""

    def __init__(self, settings: PromptSettings | None = None) -> None:
        self.settings = settings or PromptSettings()
        self.prompts: list[Prompt] = []
        self._keys: dict[tuple[str, int], int] = {}
        self._numbers = 0
        self._told: Summary | None = None
        self._due_ns = 0

    def refresh(self, summary: Summary, goods: Mapping[str, Goods], now_ns: int, closing: bool = False) -> bool:
        """Bring the prompts up to date; True when one came or went.  `closing`: the trip ends, nothing waits longer."""
        s = self.settings
        if summary is self._told and now_ns < self._due_ns and not closing:
            return False
        self._told, self._due_ns = summary, 1 << 62
        changed = False
        live: dict[tuple[str, int], Cause] = {}
        for cause in causes(summary, goods, s, now_ns):
            live[cause.key] = cause
            if now_ns < cause.due_ns:
                self._due_ns = min(self._due_ns, cause.due_ns)
            at = self._keys.get(cause.key)
            if at is None and cause.certain >= s.likely and (closing or now_ns >= cause.due_ns):
                self._open(cause, now_ns)
                changed = True
            elif at is not None and self.prompts[at].cleared_ns is None:
                prompt = self.prompts[at]
                now = replace(prompt, kind=cause.kind, options=cause.options, gtin=cause.gtin, grams=cause.grams)
                if now.kind != prompt.kind or now.gtin != prompt.gtin:
                    changed = True
                self.prompts[at] = now
        for key, at in self._keys.items():
            prompt = self.prompts[at]
            cause_now = live.get(key)
            if prompt.cleared_ns is None and key[0] != "told" and (cause_now is None or cause_now.certain < s.gone):
                self.prompts[at] = replace(prompt, cleared_ns=now_ns)
                changed = True
        return changed

    def tell(self, kind: PromptKind, now_ns: int, gtin: str | None = None, detail: str = "") -> None:
        """A word that no doubt of the belief stands behind: an unknown code, a product not for carts, a fault."""
        self._numbers += 1
        self._keys["told", self._numbers] = len(self.prompts)
        self.prompts.append(Prompt(f"p{len(self.prompts) + 1}", kind, now_ns, gtin, detail=detail))

    def clear(self, kind: PromptKind, now_ns: int, gtin: str | None = None, before_ns: int | None = None) -> bool:
        """The told prompts of a kind (about one product, or from before a time, if given) are over."""
        changed = False
        for at, prompt in enumerate(self.prompts):
            old = before_ns is None or prompt.t_ns < before_ns
            if prompt.kind is kind and prompt.cleared_ns is None and old and gtin in (None, prompt.gtin):
                self.prompts[at] = replace(prompt, cleared_ns=now_ns)
                changed = True
        return changed

    def answered(self, prompt_id: str, choice: str, now_ns: int) -> tuple[str, int] | None:
        """Note an answer; the cause it was about, or None when there is no such open prompt."""
        for key, at in self._keys.items():
            prompt = self.prompts[at]
            if prompt.prompt_id == prompt_id and prompt.cleared_ns is None:
                self.prompts[at] = replace(prompt, cleared_ns=now_ns, answer=choice)
                return key
        return None

    def _open(self, cause: Cause, now_ns: int) -> None:
        self._keys[cause.key] = len(self.prompts)
        self.prompts.append(
            Prompt(
                f"p{len(self.prompts) + 1}",
                cause.kind,
                now_ns,
                cause.gtin,
                cause.options,
                cause.grams,
                detail=cause.detail,
                about_ns=cause.about_ns,
            )
        )


def causes(summary: Summary, goods: Mapping[str, Goods], s: PromptSettings, now_ns: int) -> Iterator[Cause]:
    """Everything that may be worth asking, whether or not it is time to."""
    for doubt in summary.ins:
        yield from _in_causes(doubt, summary, goods, s)
    for gone in summary.outs:
        yield from _out_causes(gone, goods, s)
    placed = [p.shown.t_ns for p in summary.best.pieces if p.shown is not None]
    for waiting in summary.waiting:
        shown = waiting.pending.shown
        later = any(t > shown.t_ns for t in placed)
        wait_s = s.passed_by_s if later else s.waiting_s
        yield Cause(
            ("waiting", shown.number),
            PromptKind.PLACE_ITEM,
            waiting.odds,
            shown.t_ns + int(wait_s * NS),
            shown.gtin,
            detail="remove" if shown.leaves else "",
            about_ns=shown.t_ns,
        )
    yield from _weight_causes(summary, goods, s)


def _in_causes(doubt: InDoubt, summary: Summary, goods: Mapping[str, Goods], s: PromptSettings) -> Iterator[Cause]:
    there = min(1.0, sum(p for _, p in doubt.things))
    nobody = sum(p for (kind, _, _), p in doubt.things if kind in (Kind.UNKNOWN.value, Kind.LOAD.value))
    top, top_p = doubt.things[0]
    due = doubt.t_ns + int(s.unknown_s * NS)
    options = tuple(Choice(g, n, p) for (k, g, n), p in doubt.things if k == Kind.GOODS.value)[:MOST_OPTIONS]
    guessed = sum(p for (k, _, _), p in doubt.things if k == Kind.GOODS.value)
    if doubt.unnamed > 0.05 and doubt.extra < s.likely:
        # what is not sure is either that something is there, or what it is
        clear = top[0] == Kind.GOODS.value and top_p >= s.sure * max(there, 1e-9) and top_p >= s.sure
        doubtful = 0.0 if clear else min(doubt.unnamed, there)
        waiting = next((w for w in summary.waiting if w.odds > 0.5 and w.pending.shown.t_ns < doubt.t_ns), None)
        if nobody < 0.5 * there and guessed > 0.3:
            kind = PromptKind.CHOOSE_ITEM
        elif waiting is not None and doubt.t_ns - waiting.pending.shown.t_ns < 25 * NS:
            kind = PromptKind.OTHER_ITEM
        else:
            kind = PromptKind.SCAN_ITEM
        gtin = waiting.pending.shown.gtin if kind is PromptKind.OTHER_ITEM and waiting is not None else None
        grams = max(doubt.grams, 0.0)
        yield Cause(("in", doubt.event), kind, doubtful, due, gtin, options, grams, about_ns=doubt.t_ns)
    if doubt.extra > 0.05:
        counts = tuple(Choice(g, n, p) for (k, g, n), p in doubt.things if k == Kind.GOODS.value)[:MOST_OPTIONS]
        yield Cause(
            ("count", doubt.event),
            PromptKind.CHECK_COUNT,
            doubt.extra,
            doubt.t_ns + int(s.count_s * NS),
            top[1],
            counts,
            about_ns=doubt.t_ns,
        )
    if top[0] == Kind.GOODS.value and top[1] in goods and doubt.unnamed < 0.5:
        same = [(thing, p) for thing, p in doubt.things if thing[1] == top[1]]
        whole = max(sum(p for _, p in same), 1e-9)
        unsure = 1.0 - top_p / whole
        shown = next((p.shown for p in summary.best.pieces if p.event == doubt.event), None)
        mine = [p for p in summary.best.pieces if p.shown is not None and shown is not None]
        mine = [p for p in mine if p.shown is not None and shown is not None and p.shown.number == shown.number]
        first = mine[0].event if mine else doubt.event
        asked = goods[top[1]].quantity_required and (shown is None or shown.quantity is None)
        counted = goods[top[1]].selling is Selling.BY_PIECE
        if shown is not None and shown.quantity is not None:
            certain = 0.0 if sum(p.count for p in mine) >= shown.quantity else there * s.likely
        else:
            certain = there * (1.0 if asked else unsure / (1.0 - s.sure) * s.likely if counted else 0.0)
        counts = tuple(Choice(g, n, p) for (_, g, n), p in same)[:MOST_OPTIONS]
        if certain > 0.0 and (shown is None or first == doubt.event):  # pieces of one showing are asked for once
            yield Cause(
                ("quantity", doubt.event),
                PromptKind.ENTER_QUANTITY,
                min(certain, 1.0),
                max(doubt.t_ns, shown.t_ns if shown is not None else 0) + int(s.count_s * NS),
                top[1],
                counts,
                about_ns=doubt.t_ns,
            )


def _out_causes(doubt: OutDoubt, goods: Mapping[str, Goods], s: PromptSettings) -> Iterator[Cause]:
    known = [(gtin, p) for gtin, p in doubt.products if gtin]
    total = sum(p for _, p in known)
    if not known:
        return
    top = known[0][1]
    unsure = (total - top) / (1.0 - s.sure) * s.likely if total > s.likely else 0.0
    options = tuple(Choice(gtin, 1, p) for gtin, p in known)[:MOST_OPTIONS]
    yield Cause(
        ("out", doubt.event),
        PromptKind.CHOOSE_REMOVED,
        min(unsure, 1.0),
        doubt.t_ns + int(s.removed_s * NS),
        known[0][0],
        options,
        about_ns=doubt.t_ns,
    )


def _weight_causes(summary: Summary, goods: Mapping[str, Goods], s: PromptSettings) -> Iterator[Cause]:
    for piece in summary.best.pieces:
        if piece.kind is not Kind.GOODS or piece.gtin not in goods:
            continue
        printed = piece.shown is not None and piece.shown.grams is not None
        if goods[piece.gtin].selling is Selling.BY_WEIGHT and not printed:
            off = piece.var_g**0.5 / max(s.weight_g, 0.04 * piece.mean_g)
            yield Cause(
                ("weight", piece.number),
                PromptKind.WEIGH_AGAIN,
                s.likely * off,
                piece.placed_ns + int(s.weight_s * NS),
                piece.gtin,
                grams=piece.mean_g,
                about_ns=piece.placed_ns,
            )
