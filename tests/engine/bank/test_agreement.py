"""A cell of a bank is the run of its settings: the same curves, epoch by epoch, whatever else is in the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from tests.each import quick_first
from tests.engine.bank.conftest import arrays_of, as_a_run, spec_of
from tests.engine.conftest import quiet, small_spec
from tl_core import store
from tl_core.data.prepare import prepare
from tl_core.engine.bank import grid, training
from tl_core.engine.bank.grid import train_bank
from tl_core.engine.bank.subsets import Subsets
from tl_core.engine.bank.training import Arrays, run
from tl_core.engine.training.lifecycle import train
from tl_core.errors import RunFailed
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.stopping import stop_epoch
from tl_core.records import EpochRecord, best
from tl_core.results.head_bank import AXES, Grid, cells

LOSSES = ("loss", "penalty", "train_eval_loss", "val_loss")
COUNTED = ("accuracy", "train_eval_accuracy", "val_accuracy")
CLOSE = 1e-5

GRIDS: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {
    "dropout, L1 and L2": ({}, {"head.dropout": [0, 0.3], "head.l1": [0, 0.03], "head.l2": [0, 0.1]}),
    "learning rates and smoothing": (
        {"loss__class_weights": "balanced"},
        {"train.learning_rate": [1e-5, 0.1], "loss.label_smoothing": [0, 0.3]},
    ),
    "seeds and hidden layers": (
        {"head__dropout": 0.4, "schedule__name": "one-cycle", "schedule__floor": 0.1},
        {"train.seed": [0, 3], "head.hidden": [[], [16, 8]]},
    ),
    "penalties on biases and activity": (
        {"head__hidden": [12], "head__hidden_dropout": [0.5], "schedule__warmup_epochs": 1.5},
        {
            "head.bias_l1": [0, 0.01],
            "head.bias_l2": [0.02],
            "head.activity_l1": [0, 0.01],
            "head.activity_l2": [0.02],
        },
    ),
    "noise": ({"head__hidden": [8]}, {"head.noise": [0, 0.5, 2.0], "train.seed": [0, 1]}),
    "batch normalisation": (
        {"head__hidden": [8], "head__noise": 0.3},
        {"head.batch_norm": [True], "head.dropout": [0, 0.3], "optimizer.ema": [0, 0.9]},
    ),
    "weight decay and clipping": (
        {"head__hidden": [8], "head__l1": 0.01},
        {"optimizer.weight_decay": [0, 0.1], "optimizer.clip_norm": [None, 0.5]},
    ),
    "moving average": ({}, {"optimizer.ema": [0, 0.5, 0.99]}),
    "optimisers": (
        {"optimizer__weight_decay": 0.05, "head__l1": 0.01},
        {"optimizer.name": ["adamw", "sgd", "rmsprop"]},
    ),
    "nesterov": (
        {"optimizer__name": "sgd", "optimizer__nesterov": True, "optimizer__clip_norm": 0.2, "head__bias_l1": 0.01},
        {"train.learning_rate": [0.01, 0.1]},
    ),
    "plateau": (
        {"schedule__name": "plateau", "schedule__patience": 1, "train__epochs": 6},
        {"train.learning_rate": [0.01, 1.0]},
    ),
}

ONE_UNIT = ("dropout, L1 and L2", "learning rates and smoothing")
"""Checked with two classes that one unit tells apart as well."""


def worst(records: Sequence[EpochRecord], others: Sequence[EpochRecord], names: tuple[str, ...]) -> float:
    """The largest difference of two heads' curves in any epoch."""
    assert [record.epoch for record in records] == [record.epoch for record in others]
    pairs = zip(records, others, strict=True)
    return max(abs(record.metrics[name] - other.metrics[name]) for record, other in pairs for name in names)


def check(specs: tuple[ExperimentSpec, ...], arrays: Arrays) -> None:
    for spec, outcome in zip(specs, run(specs, arrays).outcomes, strict=True):
        lines = as_a_run(spec, arrays)
        assert worst(outcome.records, lines, LOSSES) < CLOSE
        assert worst(outcome.records, lines, COUNTED) <= 1.01 / len(arrays.validation_labels)
        assert outcome.records[-1].metrics.keys() == lines[-1].metrics.keys()
        assert [record.learning_rate for record in outcome.records] == [
            pytest.approx(line.learning_rate) for line in lines
        ]


def test_every_axis_is_compared() -> None:
    assert set(AXES) == {path for _, axes in GRIDS.values() for path in axes}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    quick_first(GRIDS, "dropout, L1 and L2", "optimisers"),
)
def test_each_cell_has_the_curves_of_its_run(name: str) -> None:
    base, axes = GRIDS[name]
    check(cells(Grid.of(axes), spec_of(**base)), arrays_of())


@pytest.mark.slow
@pytest.mark.parametrize("name", quick_first(ONE_UNIT, "learning rates and smoothing"))
def test_each_cell_of_two_classes_told_apart_by_one_unit_has_the_curves_of_its_run(name: str) -> None:
    base, axes = GRIDS[name]
    check(cells(Grid.of(axes), spec_of(**base)), arrays_of(classes=2))


@pytest.mark.long
@pytest.mark.slow
def test_hundreds_of_heads_are_one_bank_and_each_has_the_curves_of_its_run() -> None:
    axes = {
        "head.dropout": [0, 0.2, 0.4, 0.6],
        "head.l2": [0, 1e-4, 1e-3, 1e-2, 0.1],
        "train.learning_rate": [1e-4, 1e-3, 1e-2, 0.03, 0.1],
        "train.seed": [0, 1, 2],
    }
    specs, arrays = cells(Grid.of(axes), spec_of(train__epochs=2)), arrays_of()
    outcomes = run(specs, arrays).outcomes
    assert len(outcomes) == len(specs) == 300
    for place in range(0, 300, 37):
        assert worst(outcomes[place].records, as_a_run(specs[place], arrays), LOSSES) < CLOSE


@pytest.mark.slow
def test_two_classes_with_a_unit_each_agree_as_well() -> None:
    check(cells(Grid.of({"loss.label_smoothing": [0, 0.2]}), spec_of(head__classifier="softmax")), arrays_of(2))


@pytest.mark.long
@pytest.mark.slow
def test_seeds_that_are_measured_on_different_training_images_agree_as_well() -> None:
    arrays = arrays_of(images=1040)
    specs = cells(Grid.of({"train.seed": [0, 1], "head.l2": [0, 0.01]}), spec_of(train__epochs=2))
    check(specs, arrays)


@pytest.mark.long
@pytest.mark.slow
def test_heads_that_do_not_fit_side_by_side_are_trained_in_portions_and_come_out_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrays = arrays_of()
    axes = {"head.dropout": [0, 0.3], "head.hidden": [[], [8]], "train.learning_rate": [1e-3, 0.01, 0.1]}
    specs = cells(Grid.of(axes), spec_of())
    whole = run(specs, arrays)
    monkeypatch.setattr(training, "head_bytes", lambda *_: training._budget() / 4)
    sizes = [
        len(heads) for heads in training.stacks(specs, arrays, Subsets.whole(len(arrays.train_labels), len(specs)))
    ]
    assert len(sizes) >= 4 and max(sizes) <= 4 and sum(sizes) == len(specs)
    parted = run(specs, arrays)
    for one, other in zip(whole.outcomes, parted.outcomes, strict=True):
        assert worst(one.records, other.records, LOSSES) < CLOSE


@pytest.mark.long
@pytest.mark.slow
def test_a_head_ends_where_its_rule_says_and_the_others_go_on_as_if_nothing_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So many end that the rest is moved together, with their moments."""
    base = spec_of(train__epochs=12, stopping__rule="patience", stopping__patience=2)
    axes = {"train.learning_rate": [1e-3, 0.03, 0.1, 0.3, 1.0], "head.dropout": [0, 0.5]}
    specs, arrays, built = cells(Grid.of(axes), base), arrays_of(), []
    stack = training.Stack
    monkeypatch.setattr(training, "Stack", lambda heads, *rest: (built.append(len(heads)), stack(heads, *rest))[1])
    outcomes = run(specs, arrays).outcomes
    assert built[0] == len(specs) and 1 <= built[1] <= len(specs) / 2
    free = run([spec.with_values({"stopping.rule": "off"}) for spec in specs], arrays).outcomes
    for spec, outcome, whole in zip(specs, outcomes, free, strict=True):
        ends = stop_epoch(spec.stopping, whole.records, 1)
        assert len(outcome.records) == (ends[0] if ends else 12)
        assert outcome.stopped_early == ({"epoch": ends[0], "reason": ends[1]} if ends else None)
        assert worst(outcome.records, whole.records[: len(outcome.records)], LOSSES) < CLOSE


@pytest.mark.slow
def test_a_head_that_diverges_ends_alone_and_says_when() -> None:
    """Three layers at a rate of 10: soon the square of a gradient is more than a float32 holds."""
    arrays = arrays_of()
    large = replace(arrays, train=arrays.train * np.float32(1e15))
    base = spec_of(head__hidden=[64, 64, 64], train__epochs=3)
    fine, lost = run(cells(Grid.of({"train.learning_rate": [1e-6, 10.0]}), base), large).outcomes
    assert fine.diverged is None and len(fine.records) == 3
    assert len(lost.records) < 3
    assert lost.diverged and lost.diverged.startswith(
        f"In epoch {len(lost.records) + 1} the training loss (reported) was "
    )


@pytest.mark.long
@pytest.mark.slow
def test_a_cell_has_the_curves_of_a_whole_run_with_dropout_on_and_off(shared_models: Path) -> None:
    """From images through the frozen network, as the command trains it."""
    base = small_spec(train__batch_size=8, train__epochs=3)
    result = train_bank(base, Grid.of({"head.dropout": [0, 0.3]}), shared_models, quiet)
    for cell in result["cells"]:
        made = store.create(shared_models, base.with_values(cell["settings"]))
        train(made, shared_models, quiet)
        records = store.read_epochs(made)
        assert worst(list(map(EpochRecord.from_line, cell["lines"])), records, LOSSES) < CLOSE
        assert cell["best"]["epoch"] == best(records, "val_loss").epoch


class _Read(Exception):
    pass


class _Stored(np.ndarray):
    def __getitem__(self, _place: Any) -> NoReturn:
        raise _Read


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("storage", quick_first(["float32", "float16"], "float32"))
def test_features_that_do_not_fit_into_memory_are_refused_before_they_are_read(
    storage: str, shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, stored = small_spec(train__feature_storage=storage), grid.stored_features
    monkeypatch.setattr(grid, "stored_features", lambda *given: stored(*given).view(_Stored))
    split = prepare(spec.data, resolve(spec).image_size, store.cache_folder(shared_models), quiet).split
    needed = 4 * 1280 * (len(split.train) + len(split.validation))
    for budget, raised in ((needed - 1, RunFailed), (needed, _Read)):
        monkeypatch.setattr(training, "_budget", lambda budget=budget: budget)
        with pytest.raises(raised):
            grid.read(spec, shared_models, quiet)


@pytest.mark.slow
@pytest.mark.long
def test_with_dropout_twenty_seeds_end_at_the_accuracy_of_twenty_runs_within_their_noise() -> None:
    arrays = arrays_of(images=300)
    specs = cells(
        Grid.of({"train.seed": list(range(20))}), spec_of(head__dropout=0.5, head__hidden=[16], train__epochs=6)
    )
    ours = np.array([outcome.records[-1].metrics["val_accuracy"] for outcome in run(specs, arrays).outcomes])
    theirs = np.array([as_a_run(spec, arrays)[-1].metrics["val_accuracy"] for spec in specs])
    assert theirs.std() > 0
    error = np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / len(specs))
    assert abs(ours.mean() - theirs.mean()) < 2 * error
