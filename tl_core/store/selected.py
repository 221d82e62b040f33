"""What a classifier that is solved at once selected on the training images, such as its L2."""

from __future__ import annotations

from collections.abc import Mapping

from tl_core.files import read_json, write_json
from tl_core.records import typed
from tl_core.store.run import Run
from tl_core.text import percent

_FILE = "classifier.json"

_TEXTS = {
    "l2": "L2 {:.2g}",
    "shrinkage": "shrinkage {:.2g}",
    "temperature": "temperature {:.2g}",
}


def write_selected(run: Run, selected: Mapping[str, float]) -> None:
    """Writes the values by name; see `tl_core.engine.classifiers.solution.Solution`."""
    write_json(run.report / _FILE, dict(selected))


def read_selected(run: Run) -> dict[str, float]:
    """The values by name; empty if nothing was selected. Raises Damaged if the file cannot be read."""
    try:
        return read_json(run.report / _FILE, lambda values: typed(dict[str, float], values))
    except FileNotFoundError:
        return {}


def selected_text(selected: Mapping[str, float]) -> str:
    """A sentence: "Selected on the training images: L2 0.032, temperature 0.11 (leave-one-out accuracy 84.1 %)."; empty for nothing."""
    found = [text.format(selected[name]) for name, text in _TEXTS.items() if name in selected]
    if not found:
        return ""
    accuracy = selected.get("left_out_accuracy")
    note = "" if accuracy is None else f" (leave-one-out accuracy {percent(accuracy)})"
    return f"Selected on the training images: {', '.join(found)}{note}."
