"""The curves of a run: one line an epoch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tl_core.errors import BadInput
from tl_core.records import upgraded
from tl_core.store.run import Run


def read_metrics(run: Run) -> list[dict[str, Any]]:
    """The lines of a run's epochs, in order. A line that is still being written is left out.

    Raises:
        BadInput: where a whole line is damaged.
    """
    file = run.folder / "metrics.jsonl"
    if not file.exists():
        return []
    try:
        return list(_whole_lines(file.read_bytes()))
    except ValueError as error:
        raise BadInput.of(str(file), f"is damaged ({error})", "Restore it, or start a new run.") from None


def most_accurate(lines: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The run's own line of highest validation accuracy; of several the one of lowest validation loss, of those the first; None of none."""
    found = own(lines)
    return best(found, "val_accuracy") if found else None


def best(lines: Iterable[dict[str, Any]], measure: str) -> dict[str, Any]:
    """The line of the best epoch: of the lowest "val_loss", of several the first; or of the highest "val_accuracy", as `most_accurate` has it.

    There has to be one (ValueError).
    """
    place = (
        (lambda line: line["val_loss"])
        if measure == "val_loss"
        else (lambda line: (-line["val_accuracy"], line["val_loss"]))
    )
    return min(lines, key=place)


def own(lines: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The lines of the epochs that a run trained itself: all but those that a fork inherited."""
    return tuple(line for line in lines if not line.get("inherited"))


def append_metrics(run: Run, line: dict[str, Any]) -> None:
    """Adds an epoch's line."""
    with (run.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")


def _whole_lines(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.split(b"\n")[:-1]:  # What stands behind the last line break is not whole.
        yield upgraded(json.loads(line))
