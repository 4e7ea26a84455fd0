"""Show what the management API answered: JSON for programs, tables for people."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 10_000
"""Columns of a line that goes nowhere where it would be seen."""


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    typer.echo(json_text(value, indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON, with characters that a terminal would obey written as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
    """Print rows under headings, or the sentence `empty` when there are none."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=i == 0)  # the first is what one copies
    for row in rows:
        table.add_row(*(Text(as_text(value)) for value in row))
    if not table.row_count:
        typer.echo(empty)
        return
    _console().print(table)


def print_record(record: dict[str, Any]) -> None:
    """Print one record, a member a line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in record.items():
        table.add_row(name, Text(moment(value) if name.endswith("_at") else as_text(value)))
    _console().print(table)


def moment(value: Any) -> str:
    """Return an instant as UTC to the second, or a dash for none."""
    if not isinstance(value, int | float):
        return "–"
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def as_text(value: Any) -> str:
    """Return a value as it stands in a cell, with characters that a terminal would obey made visible."""
    if isinstance(value, list | tuple):
        text = " ".join(as_text(item) for item in value)
    elif isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _console() -> Console:
    # What goes into a pipe is not folded: `grep` wants whole lines.
    width = None if sys.stdout.isatty() else WIDE
    return Console(width=width, highlight=False, emoji=False, markup=False)
