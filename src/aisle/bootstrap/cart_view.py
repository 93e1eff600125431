"""The cart's screen in a terminal: what changed, line by line, or the whole of it drawn anew where somebody watches."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aisle.cart.screen_state import Question, ScreenState

_STYLES = {"unsure": "yellow", "checking": "blue", "saved": "green", "error": "red", "sure": ""}
MOST_LINES = 14
TOLD_G = 20  # a weight that changes by less is not told again


class TerminalScreen:
    """Shows screens as they come; use it as a context manager. Thread-safe as rich's live display is."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None
        self._before: ScreenState | None = None

    def __enter__(self) -> TerminalScreen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, state: ScreenState) -> None:
        """The screen is this now."""
        if self._live is not None:
            self._live.update(drawn(state))
        else:
            for text in changes(self._before, state):
                self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        self._before = state


def changes(before: ScreenState | None, now: ScreenState) -> list[str]:
    """What is new on a screen, as lines of text."""
    told: list[str] = []
    if before is None or before.phase != now.phase:
        told.append(f"-- {now.phase}")
    known = {line.line_id: line for line in before.lines} if before is not None else {}
    if before is None or before.trip_id == now.trip_id:
        for line in reversed(now.lines):
            old = known.get(line.line_id)
            if old is None or old.quantity != line.quantity or abs((old.grams or 0) - (line.grams or 0)) >= TOLD_G:
                told.append(f"   {line.name}  {line.detail}  {line.amount or line.note}   [{now.total.amount}]")
        gone = known.keys() - {line.line_id for line in now.lines}
        told += [f"   taken out: {known[line_id].name}   [{now.total.amount}]" for line_id in sorted(gone)]
    asked = {question.prompt_id for question in before.questions} if before is not None else set()
    told += [f" ? {question.title} {question.reason}" for question in now.questions if question.prompt_id not in asked]
    said = {notice.text for notice in before.notices} if before is not None else set()
    told += [f" ! {notice.text}" for notice in now.notices if notice.text not in said]
    return told


def drawn(state: ScreenState) -> Panel:
    """The whole screen as a panel."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(ratio=1)
    table.add_column(justify="right")
    for line in state.lines[:MOST_LINES]:
        notes = " · ".join(part for part in (line.detail, line.note) if part)
        name = Text(line.name, style=_STYLES[line.state])
        if notes:
            name.append(f"  {notes}", style="dim")
        table.add_row(name, line.amount)
        for saving in line.savings:
            table.add_row(Text(f"  {saving.label}", style="green"), Text(f"-{saving.amount}", style="green"))
    if len(state.lines) > MOST_LINES:
        table.add_row(Text(f"… {len(state.lines) - MOST_LINES} more", style="dim"), "")
    total = Text(f"{state.total.amount}   ", style="bold")
    total.append(state.total.saved, style="green")
    total.append(f"   {state.total.note}", style=_STYLES[state.total.state])
    parts: list[object] = [table, Text(""), total]
    parts += [Text(notice.text, style=_STYLES[notice.state] or "dim") for notice in state.notices]
    parts += [_asked(question) for question in state.questions]
    parts += [Text(hint.text, style="green") for hint in state.hints[:1]]
    title = f"{state.store} · {state.cart_id} · {state.phase}"
    return Panel(Group(*parts), title=title, title_align="left")  # type: ignore[arg-type]


def _asked(question: Question) -> Text:
    text = Text(f"{question.title} ", style=_STYLES[question.state] or "dim")
    text.append(question.reason, style="dim")
    answers = " / ".join(answer.name for answer in question.answers)
    if answers:
        text.append(f"  [{answers}]")
    return text
