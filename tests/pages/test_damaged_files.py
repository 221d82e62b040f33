"""Pages over runs of which a file is damaged: the file is named, and the page and the other runs work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.damage import DAMAGE, FILES, add_whole
from tests.pages.visits import opened, said
from tl_core import store
from tl_core.store import Run

TABS = {
    "checkpoints/manifest.json": "Checkpoints",
    "report/data.json": "Data",
    "report/images.json": "Diagnosis",
    "report/validation.json": "Test report",
    "report/test.json": "Test report",
    "log.txt": "Log",
}
"""The tab of the Run page that shows what is in a file; of the others it is said above the tabs."""

NOT_SHOWN = {"test_outputs.bin", "start.json", "progress.json"}
"""Files that no page of a run that has ended reads."""

NAMED = ("lists nested deeply", "a folder", "larger than memory")
"""Damage with which no file can be read at all; but a log may hold any text, of any length."""


def damaged_in_each(models: Path, damage: str) -> dict[str, Run]:
    """A run for each file, in which that file is damaged."""
    runs = {}
    for name in (*FILES, "log.txt"):
        run = add_whole(models, name.replace("/", "-"), message="It ended.", status=store.FAILED)
        DAMAGE[damage](run.folder / name)
        runs[name] = run
    return runs


@pytest.mark.parametrize(
    "damage",
    [damage if damage == "lists nested deeply" else pytest.param(damage, marks=pytest.mark.long) for damage in DAMAGE],
)
def test_no_page_breaks_of_a_damaged_file(models: Path, damage: str) -> None:
    runs, whole = damaged_in_each(models, damage), add_whole(models)
    opened("runs")
    opened("compare", runs=",".join(run.id for run in (*runs.values(), whole)))
    for name, run in runs.items():
        page = opened("run", run=run.id, tab=TABS.get(name, "Curves"))
        readable = damage not in NAMED or (name == "log.txt" and damage != "a folder")
        assert readable or name in NOT_SHOWN or Path(name).name in said(page).replace("\\", ""), name
    for name in ("checkpoints/manifest.json", "report/data.json", "state.json"):
        opened("predict", run=runs[name].id)
    opened("predict", run=whole.id)
