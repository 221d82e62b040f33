"""Steps that are taken many at once are the steps that are taken one by one, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.engine.conftest import quiet
from tl_core.engine.backend import keras
from tl_core.engine.inputs import streams
from tl_core.engine.inputs.streams import (
    Batch,
    Inputs,
    ResidentInputs,
    equal_batches,
    from_features,
    in_batches,
    portions,
)
from tl_core.engine.networks.head import attach
from tl_core.engine.training.epochs import Part, PhaseData, Trainer
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec

IMAGES, VALIDATING, CHANNELS = 75, 40, 24
RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(IMAGES + VALIDATING, 1, 1, CHANNELS)).astype(np.float32)
LABELS = RANDOM.integers(0, 3, IMAGES + VALIDATING)

SETTINGS: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "a hidden layer, dropout, noise": {"head.hidden": [16], "head.dropout": 0.5, "head.noise": 0.3},
    "batch normalisation": {"head.batch_norm": True, "head.hidden": [8]},
    "every penalty": {
        "head.l1": 1e-3,
        "head.l2": 1e-2,
        "head.bias_l1": 1e-3,
        "head.bias_l2": 1e-2,
        "head.activity_l1": 1e-3,
        "head.activity_l2": 1e-2,
    },
    "a schedule, smoothing, weights": {
        "schedule.name": "cosine",
        "loss.label_smoothing": 0.1,
        "loss.class_weights": "balanced",
    },
    "momentum, a short gradient": {"optimizer.name": "sgd", "optimizer.clip_norm": 0.5},
    "an average of weights": {"optimizer.ema": 0.9},
    "half the precision": {"optimizer.precision": "mixed_bfloat16", "head.hidden": [16]},
}


def one_by_one(inputs: Inputs) -> Inputs:
    """The same inputs, of a kind that nobody knows to be kept."""
    return lambda batches, epoch: (Batch(batch.inputs) for batch in inputs(batches, epoch))


def trained(settings: dict[str, Any], classes: int, at_once: bool) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    """The lines of two epochs, and every variable after them."""
    spec = ExperimentSpec().with_values({"train.batch_size": 8, "train.epochs": 2, **settings})
    (phase,) = resolve(spec).phases
    features = keras.Input((1, 1, CHANNELS))
    tail = keras.Model(features, attach(features, spec.head, classes, spec.train.seed))

    def part(start: int, end: int) -> Part:
        inputs = from_features(FEATURES, np.arange(start, end))
        assert isinstance(inputs, ResidentInputs)
        return Part(inputs if at_once else one_by_one(inputs), LABELS[start:end] % classes)

    trainer = Trainer.build(tail, PhaseData(part(0, IMAGES), part(0, 30), part(IMAGES, IMAGES + VALIDATING)), phase)
    lines: list[dict[str, Any]] = []
    for epoch in (1, 2):
        record, evaluated = trainer.epoch(epoch, quiet)
        losses = np.concatenate([outputs.losses for outputs in evaluated.values()]).tolist()
        lines.append({**record.to_line(), "seconds": 0, "images_per_second": 0, "losses": losses})
    return lines, [np.asarray(variable).copy() for variable in trainer.variables.values()]


@pytest.mark.parametrize(
    ("name", "classes"),
    [*((name, 3) for name in SETTINGS), *((name, 2) for name in ("the defaults", "a schedule, smoothing, weights"))],
)
def test_an_epoch_taken_at_once_is_the_epoch_taken_step_by_step(name: str, classes: int) -> None:
    lines, variables = trained(SETTINGS[name], classes, at_once=True)
    expected, others = trained(SETTINGS[name], classes, at_once=False)
    # The penalty on activity is divided by the size of a batch, which only a step that is taken alone knows beforehand.
    apart = 1e-5 if "head.activity_l1" in SETTINGS[name] else 0.0
    for line, other in zip(lines, expected, strict=True):
        assert line.keys() == other.keys()
        for curve in ("loss", "accuracy", "penalty", "train_eval_loss", "val_loss", "val_accuracy"):
            np.testing.assert_allclose(line[curve], other[curve], rtol=apart, atol=0, err_msg=curve)
        np.testing.assert_allclose(line["losses"], other["losses"], rtol=apart, atol=0)
    for variable, value in zip(variables, others, strict=True):
        np.testing.assert_allclose(variable, value, rtol=apart, atol=apart)


def test_it_makes_no_difference_how_many_steps_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    by_the_dozen = trained(SETTINGS["a hidden layer, dropout, noise"], 3, at_once=True)
    monkeypatch.setattr(streams, "FIRST", 0)
    monkeypatch.setattr(streams, "MOMENT", 0.0)
    one_at_a_time = trained(SETTINGS["a hidden layer, dropout, noise"], 3, at_once=True)
    assert by_the_dozen[0] == one_at_a_time[0]


def test_an_epoch_ends_with_no_step_of_a_few_images() -> None:
    """Such a step would be noise, and would move batch statistics just before they are used to measure."""
    features, sizes = keras.Input((1, 1, CHANNELS)), []
    for images, size in ((33, 32), (75, 8), (64, 32), (5, 32), (65, 32)):
        spec = ExperimentSpec().with_values({"train.batch_size": size})
        tail = keras.Model(features, attach(features, spec.head, 3, 0))
        inputs = from_features(FEATURES, np.arange(images))

        def watched(batches: Any, epoch: int, inputs: Inputs = inputs) -> Any:
            sizes.append([len(batch) for batch in batches])
            return inputs(batches, epoch)

        part = Part(watched, LABELS[:images])
        Trainer.build(tail, PhaseData(part, part, part), resolve(spec).phases[0]).epoch(1, quiet)
    assert [len(of) for of in sizes[::3]] == [2, 10, 2, 1, 3], "as many steps as batches of the full size make"
    assert [set(of) for of in sizes[::3]] == [{17, 16}, {8, 7}, {32}, {5}, {22, 21}]


def test_equal_batches_hold_every_position_once_and_in_order() -> None:
    for images, size in ((0, 4), (1, 4), (9, 4), (10, 3), (12, 4)):
        order = np.random.default_rng(0).permutation(images)
        batches = equal_batches(order, size)
        assert np.array_equal(np.concatenate([*batches, np.array([], int)]), order)
        assert all(1 <= len(batch) <= size for batch in batches)


def test_portions_are_of_batches_of_one_size_and_leave_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = in_batches(np.arange(75), 8)
    monkeypatch.setattr(streams, "FIRST", 5 * 8 * 10)
    taken = list(portions(batches, 10))
    assert taken[0] == slice(0, 5)
    assert taken[-1] == slice(9, 10)
    assert [place for portion in taken for place in range(10)[portion]] == list(range(10))


def test_a_portion_lasts_a_moment_so_that_a_stop_is_soon_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(streams.time, "monotonic", lambda: now[0])
    sizes = []
    for portion in portions(in_batches(np.arange(800), 8), 10**9):
        sizes.append(portion.stop - portion.start)
        now[0] += 0.03125 * sizes[-1]  # Exact in binary.
    assert sizes[0] == 1
    assert set(sizes[1:-1]) == {6}
