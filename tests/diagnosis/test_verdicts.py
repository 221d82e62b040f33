"""What the verdicts say about runs made of a few figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tl_core.diagnosis import VERDICTS, Diagnosis, diagnose, proposals, wording
from tl_core.experiment.spec import ExperimentSpec
from tl_core.records import EpochRecord, RunState, Status
from tl_core.store import Epochs, Outputs

NONE = Outputs(np.zeros(0, np.int32), *(np.zeros((0, 0), np.float32) for _ in range(3)))
EPOCHS = 20


def diagnosed(
    clean: Sequence[float],
    validation: Sequence[float],
    accuracies: tuple[float, float, float] = (0.95, 0.95, 0.94),
    images: int = 600,
    outputs: bool = True,
    own: float = 0.0,
    label_noise: float = 0.0,
    classifier: str = "auto",
    inherited: int = 0,
    lost: int = 0,
    training: Outputs = NONE,
    **state: Any,
) -> Diagnosis:
    """The diagnosis of a run with these mean losses; reported, clean and validation accuracy are the same in every epoch.

    Args:
        own: How much the loss of each image changes from epoch to epoch, on its own.
        lost: Number of epochs, the last ones, without outputs.
        inherited: Number of epochs that a fork has of its parent.
    """
    rng = np.random.default_rng(0)
    reported, right, shown = accuracies
    records = [
        EpochRecord(
            epoch,
            "head",
            {
                "loss": one,
                "accuracy": reported,
                "train_eval_loss": one,
                "train_eval_accuracy": right,
                "val_loss": other,
                "val_accuracy": shown,
            },
            inherited_from="parent" if epoch <= inherited else "",
        )
        for epoch, (one, other) in enumerate(zip(clean, validation, strict=True), 1)
    ]
    labels = np.arange(images, dtype=np.int32) % 4
    each = rng.gamma(3, 1 / 3, images)
    changes = np.exp(own * rng.normal(0, 1, (len(clean), images)))
    loss = (np.asarray(validation)[:, None] * changes * each / each.mean()).astype(np.float32)
    predicted = np.tile(np.where(np.arange(images) < shown * images, labels, (labels + 1) % 4), (len(loss), 1)).astype(
        np.int32
    )
    known = {"train": 800, "validation": images}
    return diagnose(
        ExperimentSpec().with_values({"data.label_noise": label_noise, "head.classifier": classifier}),
        RunState(**{"status": Status.FINISHED, "images": known, "classes": 4, **state}),
        Epochs(records),
        Outputs(labels, predicted, np.exp(-loss), loss)[: len(loss) - lost] if outputs else NONE,
        training,
    )


FALLING = 0.1 + np.exp(-np.arange(EPOCHS) / 2)
TURNING = FALLING + 0.03 * np.maximum(np.arange(EPOCHS) - 6, 0)


def test_losses_that_settle_are_healthy_and_the_smallest_effect_is_named() -> None:
    found = diagnosed(FALLING, FALLING + 0.1)
    assert found.main is not None and found.main.verdict == "healthy"
    assert found.turn is None and found.smallest_effect is not None
    assert f"{found.smallest_effect:.3f}" in wording.headline(found)


def test_training_images_known_far_better_than_others_are_a_large_gap_although_the_loss_did_not_turn() -> None:
    found = diagnosed(FALLING, FALLING + 0.1, (0.95, 1.0, 0.7))
    assert found.main is not None and found.main.verdict == "large-gap"
    assert found.found("healthy") is None
    assert "100.0 % of the training images are right, but 70.0 %" in wording.headline(found)
    assert diagnosed(FALLING, FALLING + 0.1, (0.95, 1.0, 0.88)).found("large-gap") is None, (
        "12 points, but not for certain"
    )


def test_a_clean_loss_of_nearly_nothing_has_nothing_left_to_finish() -> None:
    falling = 0.5 * np.exp(-np.arange(EPOCHS) / 2)
    assert diagnosed(falling, 1 + 5 * falling + 0.05 * np.arange(EPOCHS)[::-1]).found("not-finished") is None
    assert diagnosed(falling + np.linspace(0.5, 0.1, EPOCHS), 1 + np.linspace(1, 0, EPOCHS)).found("not-finished")


def test_a_validation_loss_that_rises_while_the_clean_loss_falls_is_overfitting_or_overconfidence() -> None:
    found = diagnosed(FALLING, TURNING)
    assert found.turn is not None and found.turn.low <= TURNING.argmin() + 1 <= found.turn.high
    assert found.main is not None and found.main.verdict == "overconfident", "the accuracy is the same in every epoch"
    assert "accuracy" in wording.headline(found) and "-0.0" not in wording.headline(found)


def test_both_losses_rising_is_a_rate_that_is_too_high_and_no_overfitting() -> None:
    found = diagnosed(TURNING, TURNING)
    names = {one.verdict for one in found.findings}
    assert "rate-too-high" in names and not names & {"overfitting", "overconfident", "healthy"}


def test_without_losses_of_single_images_nothing_is_said_about_a_turn() -> None:
    found = diagnosed(FALLING, TURNING, outputs=False)
    assert found.images == 0 and found.turn is None and found.smallest_effect is None
    assert not {"overfitting", "overconfident", "healthy"} & {one.verdict for one in found.findings}


def test_few_images_cannot_tell() -> None:
    found = diagnosed(FALLING, FALLING + 0.1, images=12, own=1.0)
    assert found.found("too-few-images") is not None and found.found("healthy") is None


@pytest.mark.parametrize(
    ("verdict", "clean", "validation", "accuracies", "state"),
    [
        ("diverged", FALLING, FALLING, (0.9, 0.9, 0.9), {"status": Status.FAILED, "diverged": True}),
        ("dead-start", [1.38] * EPOCHS, [1.39] * EPOCHS, (0.25, 0.26, 0.25), {}),
        ("batch-statistics", [2.0] * EPOCHS, [2.1] * EPOCHS, (0.97, 0.26, 0.25), {}),
        ("leaking", FALLING, FALLING - 0.05, (0.7, 0.70, 0.85), {}),
        ("rate-too-high", FALLING + 0.4 * (np.arange(EPOCHS) % 2), FALLING + 0.5, (0.9, 0.9, 0.9), {}),
        ("rate-too-low", np.linspace(1.3, 0.9, EPOCHS), np.linspace(1.3, 0.95, EPOCHS), (0.6, 0.6, 0.6), {}),
        ("not-finished", np.linspace(1.3, 0.9, EPOCHS), np.linspace(1.3, 0.95, EPOCHS), (0.6, 0.6, 0.6), {}),
        ("underfitting", FALLING + 0.7, FALLING + 0.7, (0.7, 0.7, 0.69), {}),
        ("plateau", [0.3] * EPOCHS, [0.35] * EPOCHS, (0.9, 0.9, 0.88), {}),
    ],
)
def test_each_fault_is_found_by_its_figures(
    verdict: str,
    clean: Sequence[float],
    validation: Sequence[float],
    accuracies: tuple[float, float, float],
    state: dict[str, Any],
) -> None:
    found = diagnosed(clean, validation, accuracies, **state)
    finding = found.found(verdict)
    assert finding is not None, found.findings
    assert wording.sentence(finding).endswith(".")
    assert all(one.name in wording.TITLES for one in finding.evidence)
    assert diagnosed(FALLING, FALLING + 0.1).found(verdict) is None, "and not in a healthy run"


def test_planted_wrong_labels_are_memorised_if_more_images_are_right_than_have_right_labels() -> None:
    for accuracy, holds in ((0.93, True), (0.81, False), (0.7, False)):
        found = diagnosed(FALLING, FALLING + 0.1, (0.8, accuracy, 0.7), label_noise=0.2).found("memorised-labels")
        assert (found is not None) is holds
    assert diagnosed(FALLING, FALLING + 0.1, (0.8, 0.93, 0.7)).found("memorised-labels") is None


def test_classes_that_are_never_predicted_are_counted() -> None:
    found = diagnosed(FALLING, FALLING, (0.9, 0.9, 0.0))
    assert found.found("class-collapse") is None, "every class is predicted, though wrongly"
    labels = np.arange(400, dtype=np.int32) % 4
    loss = np.tile(FALLING[:, None], (1, 400)).astype(np.float32)
    predicted = np.minimum(np.tile(labels, (EPOCHS, 1)), 1)
    records = Epochs(
        [
            EpochRecord(
                epoch,
                "head",
                {"train_eval_loss": one, "train_eval_accuracy": 0.5, "val_loss": one, "val_accuracy": 0.5},
            )
            for epoch, one in enumerate(FALLING, 1)
        ]
    )
    state = RunState(Status.FINISHED, images={"train": 800, "validation": 400}, classes=4)
    collapsed = diagnose(ExperimentSpec(), state, records, Outputs(labels, predicted, np.exp(-loss), loss), NONE)
    finding = collapsed.found("class-collapse")
    assert finding is not None
    assert (finding.value("predicted_classes"), finding.value("present_classes")) == (2, 4)


def test_a_run_in_progress_is_not_called_unfinished() -> None:
    curves = np.linspace(1.3, 0.9, EPOCHS), np.linspace(1.3, 0.95, EPOCHS)
    found = diagnosed(*curves, (0.6, 0.6, 0.6), status=Status.RUNNING)
    assert found.running and not {"not-finished", "rate-too-low"} & {one.verdict for one in found.findings}


def test_before_the_first_epoch_there_is_a_sentence_and_no_verdict() -> None:
    found = diagnosed([], [])
    assert (found.epochs, found.findings, wording.headline(found)) == (0, (), wording.BEFORE)


def test_findings_stand_in_the_order_of_the_table() -> None:
    found = diagnosed([1.38] * EPOCHS, [1.39] * EPOCHS, (0.25, 0.26, 0.25))
    order = [VERDICTS.names.index(one.verdict) for one in found.findings]
    assert order == sorted(order) and found.main == found.findings[0]


def test_without_a_finding_the_headline_says_why() -> None:
    early = diagnosed(FALLING[:2], FALLING[:2] + 0.1, status=Status.RUNNING)
    assert (early.findings, wording.headline(early)) == ((), wording.EARLY)
    assert wording.headline(diagnosed(FALLING, FALLING + 0.1, outputs=False)) == wording.UNKNOWN


def test_a_run_that_ended_after_few_epochs_says_so_and_more_are_proposed() -> None:
    short = diagnosed(FALLING[:2], FALLING[:2] + 0.1)
    assert wording.headline(short) == "It ended after 2 epochs: fewer than four have no shape to judge by."
    assert wording.no_turn(short) == "", "two epochs have no turn to look for"
    (remedy,) = proposals("few-epochs", ExperimentSpec().with_values({"train.epochs": 2}))
    assert remedy.changes == {"train.epochs": 10}
    assert diagnosed(FALLING[:4], FALLING[:4] + 0.1).found("few-epochs") is None
    stopped = ExperimentSpec().with_values({"train.epochs": 40})
    assert proposals("few-epochs", stopped) == (), "it can be resumed"


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ((0.95, 0.95, 0.93), "solved"),
        ((1.0, 1.0, 0.8), "large-gap"),
        ((0.7, 0.7, 0.69), "underfitting"),
        ((0.92, 0.92, 0.99), "leaking"),
    ],
)
def test_a_classifier_that_is_solved_at_once_is_judged_by_its_accuracies(
    accuracies: tuple[float, float, float], verdict: str
) -> None:
    found = diagnosed([0.5], [0.6], accuracies, classifier="ridge")
    assert [one.verdict for one in found.findings] == [verdict]
    assert wording.no_turn(found) == ""
    trained = diagnosed([0.5], [0.6], accuracies)
    assert trained.found("few-epochs") and not trained.found("solved"), "one that is trained has more epochs to come"


def test_the_gap_of_a_classifier_that_is_solved_at_once_is_said_with_its_interval() -> None:
    assert wording.headline(diagnosed([0.5], [0.6], (0.95, 0.95, 0.93), classifier="lda")) == (
        "Solved at once, so that there is no curve to judge by: 95.0 % of the training images and 93.0 % of the validation images are right, "
        "a gap of 2.0 points (-0.5 to 4.7)."
    )
    unknown = diagnosed([0.5], [0.6], (0.95, np.nan, 0.93), classifier="lda")
    assert "is not known" in wording.headline(unknown)


def test_a_fork_is_diagnosed_by_its_own_epochs_and_under_their_numbers() -> None:
    settled = np.full(EPOCHS, 0.1)
    clean, parent = np.concatenate([FALLING, settled]), TURNING + 0.1
    calm = diagnosed(clean, np.concatenate([parent, 0.2 + settled]), inherited=EPOCHS)
    assert (calm.turn, calm.epochs, calm.last) == (None, EPOCHS, 2 * EPOCHS)
    assert calm.found("overfitting") is None and calm.found("overconfident") is None
    ill = diagnosed(clean, np.concatenate([parent, TURNING]), inherited=EPOCHS)
    assert ill.turn is not None and ill.turn.low > EPOCHS
    assert ill.ladder is not None and ill.ladder.epoch > EPOCHS


def test_a_fork_with_few_epochs_of_its_own_is_not_judged_by_those_of_its_parent() -> None:
    clean, validation = FALLING, TURNING + 0.1
    young = {"inherited": EPOCHS - 3}
    assert wording.headline(diagnosed(clean, validation, status=Status.RUNNING, **young)) == wording.EARLY_OWN
    ended = wording.headline(diagnosed(clean, validation, **young))
    assert ended.startswith("It ended after 3 epochs of its own") and "diagnosed at its parent" in ended
    assert wording.headline(diagnosed(clean, validation, inherited=EPOCHS)) == wording.BEFORE_OWN


@pytest.mark.parametrize("epochs", [1000, pytest.param(5000, marks=pytest.mark.long)])
def test_a_long_flat_curve_that_jumps_is_no_turn(epochs: int) -> None:
    """Of many epochs the lowest are low by luck: which of them are looked at must not depend on their losses."""
    called = 0
    for seed in range(6):
        jumps = np.random.default_rng(seed).normal(0, 1, epochs)
        called += diagnosed([0.3] * epochs, 0.5 * (1 + 0.08 * jumps), images=100).turn is not None
    assert called <= 1


def test_a_run_that_diverges_in_its_first_epoch_is_called_diverged() -> None:
    found = diagnosed([], [], status=Status.FAILED, diverged=True)
    assert found.main is not None and found.main.verdict == "diverged"
    assert wording.headline(found) == wording.sentence(found.main)


@pytest.mark.parametrize(("epochs", "holds"), [(1, False), (3, False), (4, True)])
def test_classes_count_as_never_predicted_only_once_curves_have_a_shape(epochs: int, holds: bool) -> None:
    labels = np.arange(400, dtype=np.int32) % 4
    loss = np.tile(FALLING[:epochs, None], (1, 400)).astype(np.float32)
    predicted = np.minimum(np.tile(labels, (epochs, 1)), 2)
    figures = {"train_eval_loss": 0.6, "train_eval_accuracy": 0.75, "val_accuracy": 0.75}
    records = Epochs(
        [
            EpochRecord(epoch, "head", {**figures, "val_loss": float(FALLING[epoch - 1])})
            for epoch in range(1, epochs + 1)
        ]
    )
    state = RunState(Status.RUNNING, images={"train": 800, "validation": 400}, classes=4)
    found = diagnose(ExperimentSpec(), state, records, Outputs(labels, predicted, np.exp(-loss), loss), NONE)
    assert (found.found("class-collapse") is not None) is holds


@pytest.mark.parametrize("running", [True, False])
def test_outputs_of_fewer_epochs_than_there_are_cut_a_run_only_while_an_epoch_is_being_written(running: bool) -> None:
    found = diagnosed(FALLING, TURNING, status=Status.RUNNING if running else Status.FINISHED, lost=3)
    if running:
        assert found.epochs == EPOCHS - 3 and found.turn is not None
    else:
        assert (found.epochs, found.images, found.turn) == (EPOCHS, 0, None)
        assert "not known for every epoch" in wording.headline(found)


@pytest.mark.parametrize(("images", "told"), [(2, False), (19, False), (20, True)])
def test_of_a_handful_of_validation_images_nothing_is_said_about_their_expected_loss(images: int, told: bool) -> None:
    found = diagnosed(FALLING, FALLING + 0.1, images=images)
    assert (found.found("healthy") is not None, found.smallest_effect is not None) == (told, told)
    few = found.found("too-few-images")
    if not told:
        assert few is not None and found.turn is None and found.lowest is None
        assert wording.sentence(few).startswith(f"{images} validation images cannot tell")
    assert diagnosed(FALLING, TURNING, images=2).turn is None


@pytest.mark.parametrize("unknown", [slice(0, 5), slice(15, 20), slice(0, 20)])
def test_training_images_of_unknown_predictions_are_not_taken_for_wrong_ones(unknown: slice) -> None:
    """As in a fork of a run of earlier versions, which had no outputs on training images."""
    images = 400
    labels = np.arange(images, dtype=np.int32) % 4
    loss = np.where(np.arange(images) < 80, 3.0, 0.05) * np.ones((EPOCHS, 1))
    predicted = np.tile(labels, (EPOCHS, 1))
    predicted[:10, :80] = (labels[:80] + 1) % 4
    known = diagnosed(FALLING, FALLING + 0.1, training=_outputs(labels, predicted, loss))
    assert known.found("memorised-labels") is not None, "the upper hump is learned late"
    predicted[unknown] = -1
    assert (
        diagnosed(FALLING, FALLING + 0.1, training=_outputs(labels, predicted, loss)).found("memorised-labels") is None
    )


def _outputs(labels: np.ndarray, predicted: np.ndarray, loss: np.ndarray) -> Outputs:
    loss = loss.astype(np.float32)
    return Outputs(labels, predicted.astype(np.int32), np.exp(-loss), loss)
