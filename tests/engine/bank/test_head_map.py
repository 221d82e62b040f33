"""A regularisation map is what runs with the settings of its cells would show: their best epochs, averaged over seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.bank.conftest import arrays_of, as_a_run, spec_of
from tests.engine.conftest import quiet
from tl_core.engine.bank import head_map
from tl_core.errors import RunStopped
from tl_core.records import best
from tl_core.results.head_map import HeadMap, MapAxis, MapOptions

OPTIONS = MapOptions((MapAxis("head.l2", (0.0, 0.1)), MapAxis("head.dropout", (0.0, 0.4))), seeds=2)
SPEC = spec_of(train__epochs=5, train__learning_rate=0.1, train__seed=3)

pytestmark = pytest.mark.slow


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[HeadMap]:
    """The maps so far, of features that are made up."""
    monkeypatch.setattr(head_map, "read", lambda *_: (None, arrays_of()))
    monkeypatch.setattr(head_map, "BETWEEN", 0.0)
    return []


def made(parts: list[HeadMap], options: MapOptions = OPTIONS, progress: Any = quiet) -> HeadMap:
    return head_map.head_map(SPEC, options, Path(), progress, parts.append)


def test_each_cell_is_the_mean_over_seeds_of_runs_with_its_settings(parts: list[HeadMap]) -> None:
    found = made(parts)
    assert found.seeds == (3, 4) and found.complete
    assert [cell.values for cell in found.cells] == [(0.0, 0.0), (0.0, 0.4), (0.1, 0.0), (0.1, 0.4)]
    for place in (1, 2):
        cell, settings = found.cells[place], found.settings(place)
        runs = [as_a_run(SPEC.with_values({**settings, "train.seed": seed}), arrays_of()) for seed in found.seeds]
        ends = [best(records, "val_loss") for records in runs]
        assert cell.loss is not None and cell.gap is not None
        assert cell.loss.value == pytest.approx(np.mean([end.metrics["val_loss"] for end in ends]), abs=1e-5)
        assert cell.gap.value == pytest.approx(np.mean([end.gap for end in ends]), abs=0.02)
        assert [head.best for head in cell.heads] == [end.epoch for end in ends]
        for head, records in zip(cell.heads, runs, strict=True):
            assert head.val_loss == pytest.approx([record.metrics["val_loss"] for record in records], abs=1e-4)
    assert found.best is not None and found.cells[found.best].as_good


def test_all_cells_fill_in_together_while_they_train_and_are_not_told_apart_yet(parts: list[HeadMap]) -> None:
    made(parts)
    assert [len(part.cells[-1].heads[0].val_loss) for part in parts] == [1, 2, 3, 4, 5]
    assert all(cell.loss for cell in parts[0].cells)
    assert not any(part.as_good or part.complete for part in parts)


def test_a_map_that_is_stopped_has_what_there_was(parts: list[HeadMap]) -> None:
    def progress(*_: object) -> None:
        if len(parts) == 2:
            raise RunStopped("Stopped on request.")

    found = made(parts, progress=progress)
    assert not found.complete
    assert len(found.cells[0].heads[0].val_loss) == 2
    assert found.as_good


@pytest.mark.long
def test_cells_of_another_structure_have_no_loss_until_their_turn(parts: list[HeadMap]) -> None:
    found = made(parts, MapOptions((MapAxis("head.hidden", (0, 4)),), seeds=1))
    assert parts[0].cells[0].loss and parts[0].cells[1].loss is None
    assert all(cell.loss for cell in found.cells)
