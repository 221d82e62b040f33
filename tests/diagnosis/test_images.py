"""Images that turned, were learned last, forgotten or never learned are those that were planted."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.diagnosis.images import CURVE, ImageKind, image_histories, sentence
from tl_core.store import Outputs

EPOCHS, IMAGES, CLASSES = 40, 60, 5
NOTHING = Outputs(np.zeros(0, np.int32), *(np.zeros((0, 0), kind) for kind in (np.int32, np.float32, np.float32)))


def outputs(loss: np.ndarray, correct: np.ndarray) -> Outputs:
    """Outputs with these losses; images that are not correct are predicted as the next class."""
    labels = (np.arange(loss.shape[1]) % CLASSES).astype(np.int32)
    predicted = np.where(correct, labels, (labels + 1) % CLASSES).astype(np.int32)
    return Outputs(labels, predicted, np.exp(-loss).astype(np.float32), loss.astype(np.float32))


def learned(seed: int = 0, noise: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Losses that fall to a plateau, noisily, and images that are all right from the third epoch on: shape (EPOCHS, IMAGES) each."""
    dice, epochs = np.random.default_rng(seed), np.arange(EPOCHS)[:, None]
    levels = dice.uniform(0.05, 0.4, IMAGES)
    loss = levels + (1.6 - levels) * np.exp(-epochs / dice.uniform(2, 5, IMAGES))
    return np.abs(loss + dice.normal(0, noise, loss.shape)), np.broadcast_to(epochs >= 2, loss.shape).copy()


def columns(kind: ImageKind, validation: Outputs = NOTHING, training: Outputs = NOTHING) -> list[int]:
    return [found.column for found in image_histories(validation, training).get(kind, ())]


def test_images_whose_loss_fell_and_rose_again_turned_and_those_that_became_wrong_come_first() -> None:
    loss, correct = learned()
    rises = np.maximum(0, np.arange(EPOCHS) - 12) / (EPOCHS - 13)
    loss[:, 7] += 1.0 * rises
    loss[:, 3] += 2.0 * rises
    loss[:, 9] += 0.6 * rises
    correct[30:, 9] = False
    found = image_histories(outputs(loss, correct), NOTHING)["turned"]
    assert [one.column for one in found] == [9, 3, 7]
    assert found[1].amount == pytest.approx(2.0, abs=0.3)
    assert all(9 <= one.epoch <= 17 for one in found)
    assert "wrong" in sentence(found[0]) and "wrong" not in sentence(found[1])


def test_losses_that_only_are_noisy_have_not_turned() -> None:
    for seed in range(5):
        loss, correct = learned(seed, noise=0.3)
        assert columns("turned", outputs(loss, correct)) == []


def test_an_image_that_was_hard_all_along_has_not_turned() -> None:
    loss, correct = learned()
    loss[:, 5] = 2.0 + np.linspace(0, 2, EPOCHS)
    correct[:, 5] = False
    assert columns("turned", outputs(loss, correct)) == []


def test_the_images_learned_last_are_those_right_for_the_first_time_after_the_others() -> None:
    loss, correct = learned()
    correct[:25, 11], correct[:33, 2] = False, False
    found = image_histories(NOTHING, outputs(loss, correct))["last"]
    assert [(one.column, one.epoch) for one in found] == [(2, 34), (11, 26)]


def test_images_that_became_wrong_again_are_forgotten_as_often_as_that_happened() -> None:
    loss, correct = learned()
    for epoch in (10, 20, 30):
        correct[epoch, 4] = False
    correct[15:, 8] = False
    found = image_histories(NOTHING, outputs(loss, correct))["forgotten"]
    assert [(one.column, one.amount, one.epoch) for one in found] == [(4, 3, 31), (8, 1, 16)]
    assert [one.correct for one in found] == [True, False]
    assert sentence(found[0]) == "Forgotten 3 times, the last time in epoch 31; right at the end."


def test_images_that_were_never_right_are_never_learned_and_the_least_likely_label_comes_first() -> None:
    loss, correct = learned()
    for column, level in ((6, 1.5), (13, 4.0)):
        loss[:, column], correct[:, column] = level, False
    assert columns("never", training=outputs(loss, correct)) == [13, 6]
    assert columns("last", training=outputs(loss, correct)) == []


def test_wrong_labels_are_what_a_network_learns_last_or_never() -> None:
    """Images with wrong labels, as memorising networks treat them: learned late, or not before the end."""
    loss, correct = learned()
    wrong = [1, 17, 22, 40]
    for column, epoch in zip(wrong, (28, 35, EPOCHS, EPOCHS), strict=True):
        correct[:epoch, column], loss[:epoch, column] = False, 3.0
    training = outputs(loss, correct)
    assert sorted(columns("last", training=training) + columns("never", training=training)) == wrong


def test_a_long_run_has_the_images_of_a_short_one() -> None:
    loss, correct = learned()
    loss[:, 7] += 2.0 * np.maximum(0, np.arange(EPOCHS) - 12) / (EPOCHS - 13)
    long = outputs(np.repeat(loss, 60, axis=0), np.repeat(correct, 60, axis=0))
    (found,) = image_histories(long, NOTHING)["turned"]
    assert found.column == 7
    assert 9 * 60 <= found.epoch <= 17 * 60


def test_images_are_named_by_their_keys_and_have_their_class_prediction_and_curve() -> None:
    loss, correct = learned()
    correct[15:, 8] = False
    keys = [f"class/{column}.jpg" for column in range(IMAGES)]
    found = image_histories(NOTHING, outputs(loss, correct), {"train_eval": keys})["forgotten"][0]
    assert (found.key, found.label, found.predicted, found.split) == ("class/8.jpg", 3, 4, "train_eval")
    np.testing.assert_allclose(found.loss, loss[found.epochs - 1, 8], rtol=1e-6)
    assert {1, found.epoch, EPOCHS} <= set(found.epochs)
    assert image_histories(NOTHING, outputs(loss, correct))["forgotten"][0].key == ""


def test_epochs_without_outputs_are_passed_over_and_too_few_say_nothing() -> None:
    loss, correct = learned()
    correct[15:, 8] = False
    seen = outputs(loss, correct)
    seen.loss[:10], seen.predicted[:10] = np.nan, -1
    (found,) = image_histories(NOTHING, seen)["forgotten"]
    assert (found.column, found.epoch) == (8, 16)
    seen.loss[:37], seen.predicted[:37] = np.nan, -1
    assert image_histories(seen, seen) == {}
    assert image_histories(NOTHING, NOTHING) == {}


def test_outputs_of_an_earlier_version_without_labels_say_nothing_of_images() -> None:
    loss, correct = learned()
    known = outputs(loss, correct)
    unknown = Outputs(
        np.full(IMAGES, -1, np.int32), np.full_like(known.predicted, -1), known.true_probability, known.loss
    )
    assert image_histories(unknown, unknown) == {}, "which is not: none"
    assert image_histories(known, unknown).keys() == {"turned"}


def test_of_a_long_run_each_image_keeps_as_much_of_its_curve_as_a_small_chart_draws() -> None:
    loss, correct = learned()
    correct[15:, 8] = False
    (found,) = image_histories(NOTHING, outputs(np.repeat(loss, 60, axis=0), np.repeat(correct, 60, axis=0)))[
        "forgotten"
    ]
    assert len(found.loss) == len(found.epochs) <= CURVE
    assert {1, found.epoch, 60 * EPOCHS} <= set(found.epochs)
