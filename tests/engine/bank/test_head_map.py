"""A regularisation map is what runs with the settings of its cells would show: their best epochs, averaged over seeds."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.engine.bank.conftest import arrays_of, as_a_run, spec_of
from tests.engine.conftest import quiet
from tl_core.engine.bank import head_map
from tl_core.errors import RunStopped
from tl_core.experiment.solved import CLOSED_FORM
from tl_core.records import Activity, Stage, best, from_json
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


def test_all_cells_fill_in_together_then_the_whole_map_is_shown_and_then_the_heads_that_are_solved_at_once(
    parts: list[HeadMap],
) -> None:
    found = made(parts)
    training, after = parts[:5], parts[5:]
    assert [len(part.cells[-1].heads[0].val_loss) for part in training] == [1, 2, 3, 4, 5]
    assert all(cell.loss for cell in parts[0].cells)
    assert not any(part.as_good or part.complete for part in training), "not told apart before the end"
    assert after[0].complete and after[0].as_good
    assert [len(part.closed_form) for part in after] == [0, 1, 2, 3, 4, 4]
    assert tuple(row.classifier for row in found.closed_form) == CLOSED_FORM
    assert found.best is not None
    best = found.cells[found.best].loss
    for row in found.closed_form:
        assert row.score and best and row.behind == pytest.approx(row.score.loss - best.value, abs=1e-6)
        assert row.standing
    assert from_json(HeadMap, json.loads(json.dumps(asdict(found)))) == found


def test_cancelling_the_heads_that_are_solved_at_once_keeps_the_map(parts: list[HeadMap]) -> None:
    def progress(activity: Activity, done: int, _total: int) -> None:
        if activity.stage == Stage.SOLVING and done == 1:
            raise RunStopped("Stopped on request.")

    found = made(parts, MapOptions((MapAxis("head.l2", (0.0, 0.1)),), seeds=1), progress)
    assert found.complete and found.as_good
    assert [row.classifier for row in found.closed_form] == ["ridge"]


def test_a_map_that_is_stopped_has_what_there_was(parts: list[HeadMap]) -> None:
    def progress(*_: object) -> None:
        if len(parts) == 2:
            raise RunStopped("Stopped on request.")

    found = made(parts, progress=progress)
    assert not found.complete and not found.closed_form
    assert len(found.cells[0].heads[0].val_loss) == 2
    assert found.as_good


@pytest.mark.long
def test_cells_of_another_structure_have_no_loss_until_their_turn(parts: list[HeadMap]) -> None:
    found = made(parts, MapOptions((MapAxis("head.hidden", (0, 4)),), seeds=1))
    assert parts[0].cells[0].loss and parts[0].cells[1].loss is None
    assert all(cell.loss for cell in found.cells)
