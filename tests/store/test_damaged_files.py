"""Each file of a run, damaged in each way: whatever reads it says which file, and raises nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.damage import DAMAGE, NUMBERS, add_whole
from tl_core import store
from tl_core.errors import Damaged
from tl_core.store import Run, checkpoints, live_changes
from tl_core.store.fork_start import read_start


def _state(run: Run) -> Any:
    state = store.read_state(run)  # Shown in every list: it raises nothing.
    if state.damage:
        raise Damaged.of("", state.damage)
    return state


READERS: dict[str, Callable[[Run], Any]] = {
    "spec.json": store.read_spec,
    "state.json": _state,
    "metrics.jsonl": store.read_epochs,
    "val_outputs.bin": lambda run: store.read_outputs(run).predicted.tolist(),
    "train_eval_outputs.bin": lambda run: store.read_outputs(run, "train_eval").predicted.tolist(),
    "test_outputs.bin": lambda run: store.read_outputs(run, "test").predicted.tolist(),
    "progress.json": store.read_progress,
    "checkpoints/manifest.json": checkpoints.kept,
    "report/data.json": store.classes_of,
    "report/images.json": lambda run: store.read_image_keys(run, "val"),
    "notes.json": store.read_notes,
    "adjust.json": live_changes.asked,
    "adjustments.json": live_changes.changes_in_force,
    "start.json": read_start,
}

HARMLESS = {
    ("metrics.jsonl", "empty"),  # As before the first epoch.
    ("adjustments.json", "an empty list"),  # As before the first change.
    ("notes.json", "an object of others"),  # As another version may write.
    *(("notes.json", damage) for damage in NUMBERS),  # It has none.
    *(("report/images.json", damage) for damage in NUMBERS),  # It has none.
    ("report/data.json", "numbers of 400 digits"),  # Of classes only the names are read.
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return add_whole(tmp_path_factory.mktemp("models"))


@pytest.fixture
def file(whole: Run, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The file of this name, whole again afterwards."""
    file = whole.folder / request.param
    content = file.read_bytes()
    yield file
    shutil.rmtree(file) if file.is_dir() else file.unlink()
    file.write_bytes(content)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("file", "name"), [(name, name) for name in READERS], indirect=["file"], ids=list(READERS))
def test_a_damaged_file_is_named_by_its_reader(whole: Run, file: Path, name: str, damage: str) -> None:
    assert READERS[name](whole)
    DAMAGE[damage](file)
    if (name, damage) in HARMLESS:
        READERS[name](whole)
        return
    with pytest.raises(Damaged, match=file.name):
        READERS[name](whole)
