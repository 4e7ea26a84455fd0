"""Show the story on a terminal: a line a step, the attacks with their refusals, and a table at the end."""

from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ringfence.clock import Seconds
from ringfence.demo.results import MILLIS, Assault, Step, Told

WIDEST: Final = 110
"""Columns that are used at most: longer lines are hard to follow."""


class Screen:
    """Shows the story while it is told."""

    def __init__(self, console: Console) -> None:
        """Take the terminal."""
        self._console: Final = console
        self._width: Final = min(console.width, WIDEST)

    def chapter(self, title: str) -> None:
        """Print a heading."""
        self._console.print(Text(f"\n{title}", "bold"))

    def step(self, step: Step) -> None:
        """Print what was done, what came of it and how long it took."""
        grid = self._grid()
        status = str(step.status) if step.status else ""
        grid.add_row(_mark(step.ok), Text(step.title), status, _millis(step.seconds))
        self._console.print(grid, width=self._width)
        if step.detail:
            self._below(step.detail, "dim" if step.ok else "red")

    def assault(self, number: int, assault: Assault) -> None:
        """Print each try with the refusal it met."""
        self._console.print(Text(f"{number:>2} {assault.title}", "bold"))
        for one in assault.outcome.tries:
            grid = self._grid(refusal=True)
            grid.add_row(
                *(_mark(one.refused_rightly), Text(one.what), str(one.status), Text(one.title or one.reason)),
                _millis(one.seconds),
            )
            self._console.print(grid, width=self._width)
            if not one.refused_rightly:
                self._below(f"it had to be {one.must.status} {one.must.reason} {one.must.at}", "red")
        if assault.outcome.remark:
            self._below(assault.outcome.remark, "dim")
        if assault.reached_bank or assault.payments_made:
            self._below(f"the bank saw {assault.reached_bank} calls and made {assault.payments_made} payments", "red")

    def end(self, told: Told) -> None:
        """Print the table of attacks and the verdict."""
        if told.assaults:
            self._console.print()
            self._console.print(_table(told, self._width))
        good = sum(step.ok for step in told.steps), sum(assault.ok for assault in told.assaults)
        verdict = (
            f"{good[0]} of {len(told.steps)} steps succeeded, "
            f"{good[1]} of {told.expected_assaults} attacks were refused as they had to be"
        )
        line = Text.assemble("\n", _mark(told.ok), " ", (verdict, "bold"), f", in {told.seconds:.1f} s")
        self._console.print(line, width=self._width)

    def _grid(self, *, refusal: bool = False) -> Table:
        """Return an empty row: mark, what, status, refusal in words, time."""
        grid = Table.grid(padding=(0, 1), expand=True)
        grid.add_column(width=4, justify="right")
        grid.add_column(ratio=2)
        grid.add_column(width=3)
        if refusal:
            grid.add_column(ratio=3)
        grid.add_column(width=8, justify="right", style="dim", no_wrap=True)
        return grid

    def _below(self, text: str, style: str) -> None:
        self._console.print(Padding(Text(text, style), (0, 0, 0, 5)), width=self._width)


class Silent:
    """Shows nothing: for `--json`."""

    def chapter(self, title: str) -> None:
        """Show nothing."""

    def step(self, step: Step) -> None:
        """Show nothing."""

    def assault(self, number: int, assault: Assault) -> None:
        """Show nothing."""

    def end(self, told: Told) -> None:
        """Show nothing."""


def _table(told: Told, width: int) -> Table:
    table = Table(title="What the attacks met", width=width, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("#", justify="right", style="dim")
    table.add_column("Attack", ratio=1)
    table.add_column("Refused with", no_wrap=True)
    table.add_column("Time", justify="right", no_wrap=True)
    table.add_column("Reached bank", justify="right")
    for number, assault in enumerate(told.assaults, 1):
        tries = assault.outcome.tries
        table.add_row(
            str(number),
            Text(assault.title),
            Text("\n".join(dict.fromkeys(f"{one.status} {one.reason}" for one in tries))),
            _millis(max((one.seconds for one in tries), default=0.0)),
            str(assault.reached_bank) if assault.reached_bank else "none",
            style="" if assault.ok else "red",
        )
    return table


def _mark(good: bool) -> Text:
    return Text("✓", "green") if good else Text("✗", "bold red")


def _millis(seconds: Seconds) -> str:
    return f"{seconds * MILLIS:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
