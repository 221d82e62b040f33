"""What commands print: tables, sizes, a progress bar with the time left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table


def _console(stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = 1000  # What goes into a file or another program is not broken into lines of 80.
    return console


out = _console(stderr=False)
err = _console(stderr=True)


def print_json(value: Any) -> None:
    """One JSON object on one line, whatever the width of the terminal."""
    print(json.dumps(value))


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> Table:
    """A table; columns that start with ">" are set to the right."""
    made = Table(title=title or None, box=None, pad_edge=False, title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        right = column.startswith(">")
        made.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold", no_wrap=place == 0)
    for row in rows:
        made.add_row(*(escape(str(cell)) for cell in row))
    return made


def size(count: float) -> str:
    """Bytes as people write them: 1.2 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit in ("B", "kB") else f"{count:.1f} {unit}"


def duration(seconds: float | None) -> str:
    """Seconds as people write them: 42 s, 3 min 5 s, 2 h 10 min."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def share(value: float | None) -> str:
    """An accuracy: 0.865; empty where there is none."""
    return "" if value is None else f"{value:.3f}"


class Bar:
    """A progress bar a stage; a stage ends where the next begins."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stage = ""
        self._task: TaskID | None = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Called often, as `tl_core.cache.Progress` describes."""
        if what != self._stage:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._stage, self._task = what, self._progress.add_task(what, total=total)
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def print(self, text: str) -> None:
        """A line that stays, above the bar."""
        self._progress.console.print(text)


@contextmanager
def bar(console: Console) -> Iterator[Bar]:
    """A progress bar; on what is no terminal only the lines are printed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bar(progress)
