"""What commands print: tables, paragraphs, a progress bar with the time left."""

from __future__ import annotations

import io
import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from tl_core.intervals import Accuracy
from tl_core.records import Activity
from tl_core.sentences import title
from tl_core.store import RunFigures


def _console(stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = 1000  # Output to files and pipes is not wrapped.
    return console


out = _console(stderr=False)
err = _console(stderr=True)


def replace_unencodable() -> None:
    """Prints "?" for characters that the encoding of the output lacks (cp1252, ASCII), instead of failing in the middle of a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def print_json(value: Any) -> None:
    """One JSON object on one line, regardless of the terminal's width."""
    print(json.dumps(value))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table with one line per row.

    Args:
        columns: Titles. A leading ">" aligns a column to the right; a "?" before that hides it on narrow terminals, the last first.
    """
    texts = [[title.lstrip("?>") for title in columns], *([_one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    shown = _fitting(columns, widths)
    for number, text in enumerate(texts):
        cells = (_aligned(text[place], widths[place], ">" in columns[place]) for place in shown)
        print_line("  ".join(cells).rstrip(), style="" if number else "bold")


def _one_line(cell: Any) -> str:
    return visible(str(cell)).replace("\n", "\\n")


def _fitting(columns: Sequence[str], widths: Sequence[int]) -> list[int]:
    """The columns to show so that a row fits the terminal, if possible."""
    shown = list(range(len(columns)))
    for place in reversed(shown):
        if sum(widths[each] + 2 for each in shown) - 2 > out.width and columns[place].startswith("?"):
            shown = [each for each in shown if each != place]
    return shown


def _aligned(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def print_line(text: str = "", style: str = "", console: Console = out) -> None:
    """An unwrapped line: if it is too long, the terminal wraps it, and a path can still be copied."""
    console.print(visible(text), style=style or None, markup=False, soft_wrap=True)


def visible(text: str) -> str:
    """Text with control characters (colour codes, bells) escaped: file names may contain anything.

    A name that Python could not decode, because UTF-8 mode is off, is decoded here.
    """
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text)


def print_text(text: str, indent: int = 0) -> None:
    """A paragraph wrapped at the terminal's width; lines after the first are indented by two."""
    first, others = " " * indent, " " * (indent + 2)
    width = min(out.width, 110)
    wrapped = textwrap.fill(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
    print_line(wrapped)


def share(value: float | None) -> str:
    """An accuracy: 0.865; empty if there is none."""
    return "" if value is None else f"{value:.3f}"


def accuracy(value: Accuracy | None) -> str:
    """An accuracy with its 95 % interval: 0.865 ± 0.036; empty if there is none."""
    if value is None or value.margin is None:
        return share(value.share if value else None)
    return f"{value.share:.3f} ± {value.margin:.3f}"


def headline(figures: RunFigures) -> str:
    """The figures of a run at its exported epoch, as pages show them."""
    shown, test = figures.exported, accuracy(figures.test)
    said = [f"validation accuracy {accuracy(shown.accuracy)}", f"loss {shown.loss:.4f}"]
    said += [] if shown.gap is None else [f"gap {shown.gap:+.3f}"]
    said += [f"test accuracy {test}"] if test else []
    return f"{figures.title} {shown.epoch}: {', '.join(said)}"


class Bar:
    """One progress bar per stage; a stage ends when the next begins."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._activity: Activity | None = None
        self._task: TaskID | None = None

    def __call__(self, activity: Activity, done: int, total: int) -> None:
        """See `tl_core.records.ProgressCallback`."""
        if activity != self._activity:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._activity, self._task = activity, self._progress.add_task(title(activity), total=total, completed=done)
        if self._task is not None:
            self._progress.update(self._task, completed=done, total=total)

    def print(self, text: str) -> None:
        """Prints a line above the bar."""
        print_line(text, console=self._progress.console)


@contextmanager
def bar(console: Console) -> Iterator[Bar]:
    """A progress bar; if the output is not a terminal, only lines are printed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bar(progress)
