"""One training step on a small head: each setting acts on the weights, the loss and the penalty it should, by numbers worked out here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.each import for_each
from tl_core.engine.backend import keras
from tl_core.engine.networks.head import attach
from tl_core.engine.seeds import reseed
from tl_core.engine.step import ParamGroup, StepConfig, StepResult, forward_pass, training_steps, variables_of
from tl_core.engine.training.epochs import balanced, step_config
from tl_core.engine.training.optimizers import averages_of, groups_of, in_place_of_weights
from tl_core.experiment.resolve import resolve
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import ExperimentSpec

CHANNELS, BATCH = 6, 5
PLAIN = {"head.dropout": 0.0, "optimizer.name": "sgd", "optimizer.momentum": 0.0, "train.learning_rate": 1.0}
"""A step that moves the weights by the gradient, so that the gradient can be read off."""

RANDOM = np.random.default_rng(0)
INPUTS = RANDOM.normal(size=(BATCH, 1, 1, CHANNELS)).astype(np.float32)
LABELS = np.array([0, 1, 2, 2, 2], dtype=np.int64)


class Head:
    """A head on features of its own, with a step made for it."""

    def __init__(self, changes: dict[str, Any], classes: int = 3, **method: Any) -> None:
        spec = ExperimentSpec().with_values({**PLAIN, **changes})
        features = keras.Input((1, 1, CHANNELS))
        self.tail = keras.Model(features, attach(features, spec.head, classes, spec.train.seed))
        (phase,) = resolve(spec).phases
        self.groups = groups_of(self.tail, phase)
        self.averages = averages_of(self.tail) if spec.optimizer.ema else []
        self.method = replace(step_config(self.tail, self.groups, self.averages, LABELS, phase), **method)
        self.before = self.weights()
        self.take = training_steps(self.tail, self.groups, self.method).one

    def weights(self) -> dict[str, np.ndarray]:
        return {variable.path: np.asarray(variable).copy() for variable in self.tail.weights}

    def moved(self, labels: np.ndarray = LABELS, **mixed: np.ndarray) -> dict[str, np.ndarray]:
        """How one step moves each weight."""
        self.take(INPUTS, labels, **mixed)
        return {path: value - self.before[path] for path, value in self.weights().items()}

    def logits(self) -> np.ndarray:
        return np.asarray(self.tail(INPUTS, training=False), np.float64)


def probabilities(logits: np.ndarray) -> np.ndarray:
    if logits.shape[1] == 1:
        second = 1 / (1 + np.exp(-logits))
        return np.concatenate([1 - second, second], axis=1)
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def bias_gradient(logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | float = 1.0) -> np.ndarray:
    """The gradient of mean weighted cross-entropy by the classifier's bias."""
    errors = np.reshape(weights, (-1, 1)) * (probabilities(logits) - targets)
    return errors.mean(axis=0) if logits.shape[1] > 1 else errors.mean(axis=0)[1:]


def test_the_head_of_the_defaults_has_the_layers_it_always_had() -> None:
    features = keras.Input((1, 1, CHANNELS))
    model = keras.Model(features, attach(features, ExperimentSpec().head, 3, 0))
    assert [layer.name for layer in model.layers[1:]] == ["head_pooling", "head_dropout", "classifier"]
    assert model.losses == []


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_labels_are_smoothed_in_what_is_lowered_and_not_in_what_is_reported(classes: int, smoothing: float) -> None:
    head = Head({"loss.label_smoothing": smoothing}, classes)
    labels = LABELS % classes
    logits, right = head.logits(), np.eye(classes)[labels]
    targets = (1 - smoothing) * right + smoothing / classes
    np.testing.assert_allclose(head.moved(labels)["classifier/bias"], -bias_gradient(logits, targets), atol=1e-6)
    seen = Head({"loss.label_smoothing": smoothing}, classes).take(INPUTS, labels)
    np.testing.assert_allclose(seen.losses, -np.log((probabilities(logits) * right).sum(axis=1)), rtol=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_balanced_classes_count_alike_and_an_image_on_average_one(classes: int) -> None:
    labels = LABELS % classes
    weights = balanced(labels)
    assert weights[labels].mean() == pytest.approx(1.0)
    totals = np.bincount(labels, weights[labels])
    np.testing.assert_allclose(totals, totals[0])
    head = Head({}, classes, class_weights=weights)
    expected = -bias_gradient(head.logits(), np.eye(classes)[labels], weights[labels])
    np.testing.assert_allclose(head.moved(labels)["classifier/bias"], expected, atol=1e-6)


def test_a_class_without_training_images_has_no_weight() -> None:
    assert balanced(np.array([0, 2, 2])).tolist() == [1.5, 0.0, 0.75]


def test_class_weights_are_taken_from_the_training_labels_where_asked() -> None:
    assert Head({"loss.class_weights": "balanced"}).method.class_weights.tolist() == balanced(LABELS).tolist()


@pytest.mark.parametrize("changes", [{}, {"loss.label_smoothing": 0.2, "loss.class_weights": "balanced"}], ids=str)
def test_a_mixed_image_has_both_labels_by_their_shares(changes: dict[str, Any]) -> None:
    shares, others = np.array([1, 0.9, 0.5, 0.3, 0], np.float32), np.array([1, 0, 1, 0, 0])
    head = Head(changes)
    logits, spread, weights = head.logits(), head.method.label_smoothing, np.ones(3)
    if head.method.class_weights is not None:
        weights = head.method.class_weights
    own, other = (((1 - spread) * np.eye(3) + spread / 3)[labels] for labels in (LABELS, others))
    left, right = (shares * weights[LABELS])[:, None], ((1 - shares) * weights[others])[:, None]
    expected = ((left + right) * probabilities(logits) - left * own - right * other).mean(axis=0)
    np.testing.assert_allclose(head.moved(others=others, shares=shares)["classifier/bias"], -expected, atol=1e-6)


def test_of_mixed_images_the_mixed_loss_is_reported_and_the_label_of_the_larger_share_counts() -> None:
    head = Head({})
    logits = head.logits()
    best = logits.argmax(axis=1)
    other = (best + 1) % 3
    shares = np.array([0.9, 0.9, 0.4, 0.4, 0.5], np.float32)
    seen = head.take(INPUTS, best, other, shares)
    each = -np.log(probabilities(logits))
    rows = np.arange(BATCH)
    np.testing.assert_allclose(seen.losses, shares * each[rows, best] + (1 - shares) * each[rows, other], rtol=1e-5)
    assert seen.correct.tolist() == [True, True, False, False, True]


def test_momentum_and_nesterov_follow_their_formulas() -> None:
    def moves(**changes: Any) -> list[np.ndarray]:
        head = Head({"train.learning_rate": 1e-3, **{f"optimizer.{name}": value for name, value in changes.items()}})
        places = [head.weights()["classifier/bias"]]
        for _ in range(2):
            head.take(INPUTS, LABELS)
            places.append(head.weights()["classifier/bias"])
        return [places[1] - places[0], places[2] - places[1]]

    # At so low a rate the gradient is the same in both steps: m, then 0.5 m + m; nesterov takes 1.5 and 1.75 of it.
    plain, heavy, ahead = moves(), moves(momentum=0.5), moves(momentum=0.5, nesterov=True)
    for made, shares in ((plain, (1, 1)), (heavy, (1, 1.5)), (ahead, (1.5, 1.75))):
        for move, share in zip(made, shares, strict=True):
            np.testing.assert_allclose(move, share * plain[0], rtol=0.02)


@pytest.mark.parametrize(("name", "first"), [("adam", 1.0), ("adamw", 1.0), ("rmsprop", 1 / np.sqrt(0.1))])
def test_adaptive_optimisers_give_each_weight_its_own_pace(name: str, first: float) -> None:
    moved = Head({"optimizer.name": name, "train.learning_rate": 1e-3}).moved()["classifier/kernel"]
    np.testing.assert_allclose(np.abs(moved), first * 1e-3, rtol=0.05)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
def test_weight_decay_takes_its_share_of_kernels_and_of_nothing_else(name: str) -> None:
    changes = {"optimizer.name": name, "head.hidden": [4], "head.batch_norm": True, "train.learning_rate": 0.1}
    plain, decayed = (Head({**changes, "optimizer.weight_decay": decay}).moved() for decay in (0.0, 0.5))
    before = Head(changes).before
    for path, value in plain.items():
        taken = 0.1 * 0.5 * before[path] if path.endswith("kernel") else np.zeros_like(value)
        np.testing.assert_allclose(decayed[path], value - taken, atol=1e-6, err_msg=path)


def test_gradients_are_shortened_by_their_norm_over_all_groups_together() -> None:
    def moved(clip: float | None) -> np.ndarray:
        head = Head({"head.hidden": [4]})
        variables = head.tail.trainable_variables
        halves = [("head", variables[:1]), ("backbone", variables[1:])]
        groups = []
        for name, part in halves:
            optimizer = keras.optimizers.SGD(1.0)
            optimizer.build(part)
            groups.append(ParamGroup(name, optimizer, part, 1.0))
        training_steps(head.tail, groups, StepConfig(clip_norm=clip)).one(INPUTS, LABELS)
        return np.concatenate([(value - head.before[path]).ravel() for path, value in head.weights().items()])

    free, clipped, long = moved(None), moved(0.01), moved(1000.0)
    assert np.linalg.norm(free) > 0.01
    np.testing.assert_allclose(clipped, free * 0.01 / np.linalg.norm(free), atol=1e-6)
    np.testing.assert_array_equal(long, free)


def test_an_average_forgets_its_start_fast_and_then_keeps_its_share() -> None:
    head = Head({"optimizer.ema": 0.5})
    path, expected = "classifier/kernel", None
    for step in range(1, 13):
        expected = head.before[path] if expected is None else expected
        head.take(INPUTS, LABELS)
        kept = min(0.5, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * head.weights()[path]
    averages = {variable.path: np.asarray(average).copy() for variable, average in head.averages}
    np.testing.assert_allclose(averages[path], expected, rtol=1e-5)
    assert not np.array_equal(averages[path], head.weights()[path])


def test_averages_stand_in_for_the_weights_and_leave_them_as_they_were() -> None:
    head = Head({"optimizer.ema": 0.9, "head.batch_norm": True, "head.hidden": [4]})
    head.take(INPUTS, LABELS)
    weights, averages = (
        head.weights(),
        {variable.path: np.asarray(average).copy() for variable, average in head.averages},
    )
    assert averages.keys() == weights.keys(), "what batch normalisation learns is averaged as well"
    with pytest.raises(KeyError), in_place_of_weights(head.averages):
        assert all(np.array_equal(value, averages[path]) for path, value in head.weights().items())
        raise KeyError
    assert all(np.array_equal(value, weights[path]) for path, value in head.weights().items())


def test_a_checkpoint_of_averaged_weights_holds_both() -> None:
    head = Head({"optimizer.ema": 0.9})
    head.take(INPUTS, LABELS)
    named = variables_of(head.tail, head.groups, head.averages)
    kernel, average = (np.asarray(named[f"{part}/classifier/kernel"]).copy() for part in ("trained", "model"))
    assert np.array_equal(kernel, head.weights()["classifier/kernel"])
    assert not np.array_equal(kernel, average)


def test_mixed_precision_computes_in_sixteen_bits_and_measures_in_thirty_two() -> None:
    plain, mixed = (Head({"head.hidden": [16], "optimizer.precision": name}) for name in ("float32", "mixed_bfloat16"))
    measured = forward_pass(mixed.tail)(INPUTS)
    np.testing.assert_array_equal(measured, forward_pass(plain.tail)(INPUTS))
    one, other = (head.take(INPUTS, LABELS).losses for head in (plain, mixed))
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(one, other, rtol=0.05)
    assert other.dtype == np.float32
    assert {np.asarray(variable).dtype for variable in mixed.tail.trainable_variables} == {np.dtype("float32")}
    assert {layer.dtype_policy.name for layer in mixed.tail.layers} == {"float32"}, "nothing is left on the layers"


def penalty_of(changes: dict[str, Any]) -> tuple[Head, StepResult]:
    head = Head(changes)
    return head, head.take(INPUTS, LABELS)


@pytest.mark.parametrize("part", ["kernel", "bias"])
@pytest.mark.parametrize(("kind", "of"), [("l1", np.abs), ("l2", np.square)])
def test_penalties_on_kernels_and_biases_are_the_sum_over_the_layers_of_the_head(part: str, kind: str, of: Any) -> None:
    setting = f"head.{'bias_' if part == 'bias' else ''}{kind}"
    head = Head({setting: 0.1, "head.hidden": [4]})
    for variable in head.tail.trainable_variables:  # Biases begin at nothing.
        variable.assign(variable + 0.5)
    weights = head.weights()
    expected = 0.1 * sum(of(value).sum() for path, value in weights.items() if path.endswith(part))
    assert head.take(INPUTS, LABELS).penalty == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("kind", "of"), [("activity_l1", np.abs), ("activity_l2", np.square)])
def test_penalties_on_outputs_are_averaged_over_the_batch(kind: str, of: Any) -> None:
    head = Head({f"head.{kind}": 0.1, "head.hidden": [4]})
    outputs = keras.Model(
        head.tail.inputs, [head.tail.get_layer(name).output for name in ("head_dense_1", "classifier")]
    )
    expected = 0.1 * sum(of(np.asarray(output)).sum() / BATCH for output in outputs(INPUTS))
    assert head.take(INPUTS, LABELS).penalty == pytest.approx(expected, rel=1e-5)
    twice = head.take(np.concatenate([INPUTS] * 2), np.concatenate([LABELS] * 2))
    alone = Head({f"head.{kind}": 0.1, "head.hidden": [4]})
    alone.take(INPUTS, LABELS)
    assert twice.penalty == pytest.approx(alone.take(INPUTS, LABELS).penalty, rel=1e-4), "whatever the batch size"


@pytest.mark.parametrize(
    ("setting", "acts_on"),
    [
        ("l1", "kernel"),
        ("l2", "kernel"),
        ("bias_l1", "bias"),
        ("bias_l2", "bias"),
        ("activity_l1", ""),
        ("activity_l2", ""),
    ],
)
def test_every_penalty_moves_the_weights_it_is_on_and_no_others(setting: str, acts_on: str) -> None:
    def moved(**changes: float) -> dict[str, np.ndarray]:
        head = Head({"head.hidden": [4], **{f"head.{name}": value for name, value in changes.items()}})
        for variable in head.tail.trainable_variables:
            variable.assign(variable + 0.5)
        head.before = head.weights()
        return head.moved()

    plain, penalised = moved(), moved(**{setting: 0.1})
    for path in plain:
        assert np.array_equal(plain[path], penalised[path]) is not path.endswith(acts_on), path


@for_each("classifier", SOLVED.names)
def test_a_solved_classifier_counts_no_penalty_twice(classifier: str) -> None:
    features = keras.Input((1, 1, CHANNELS))
    penalties = dict.fromkeys(("l1", "l2", "bias_l1", "bias_l2", "activity_l1", "activity_l2"), 0.1)
    spec = ExperimentSpec().with_values(
        {"head.classifier": classifier, **{f"head.{k}": v for k, v in penalties.items()}}
    )
    model = keras.Model(features, attach(features, spec.head, 3, 0))
    model(INPUTS, training=True)
    assert model.losses == []


def test_dropout_is_each_hidden_layers_own_where_it_is_set() -> None:
    def shares(**changes: Any) -> list[float]:
        spec = ExperimentSpec().with_values({"head.hidden": [4, 4], "head.dropout": 0.3, **changes})
        features = keras.Input((1, 1, CHANNELS))
        model = keras.Model(features, attach(features, spec.head, 3, 0))
        return [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]

    assert shares() == [0.3, 0.3, 0.3]
    assert shares(**{"head.hidden_dropout": [0.1, 0.0]}) == [0.1, 0.3], "before the classifier it is the head's"


@pytest.mark.parametrize("deviation", [0.5, 3.0])
def test_noise_has_its_width_in_training_and_changes_no_bit_in_use(deviation: float) -> None:
    features = keras.Input((1, 1, CHANNELS))
    plain, noisy = (
        ExperimentSpec().with_values({"head.noise": noise, "head.dropout": 0.0}).head for noise in (0.0, deviation)
    )
    model = keras.Model(features, attach(features, noisy, 3, 0))
    without = keras.Model(features, attach(features, plain, 3, 0))
    np.testing.assert_array_equal(np.asarray(model(INPUTS)), np.asarray(without(INPUTS)))
    before_classifier = keras.Model(model.inputs, model.layers[-2].output)
    many = np.zeros((2000, 1, 1, CHANNELS), np.float32)
    reseed(model, 0, 1)
    first = np.asarray(before_classifier(many, training=True))
    assert first.std() == pytest.approx(deviation, rel=0.05)
    reseed(model, 0, 1)
    np.testing.assert_array_equal(np.asarray(before_classifier(many, training=True)), first)
    reseed(model, 0, 2)
    assert not np.array_equal(np.asarray(before_classifier(many, training=True)), first)


def test_statistics_that_start_from_nothing_fit_after_a_few_steps() -> None:
    """At Keras's momentum of 0.99 they would still be 95 % initial values after five; at 0.9, 59 %."""
    spec = ExperimentSpec().with_values({"head.batch_norm": True, "head.dropout": 0.0})
    features = keras.Input((1, 1, CHANNELS))
    tail = keras.Model(features, attach(features, spec.head, 3, 0))
    norm, phase = tail.get_layer("head_batch_norm"), resolve(spec).phases[0]
    groups = groups_of(tail, phase)
    step = training_steps(tail, groups, step_config(tail, groups, [], LABELS, phase)).one
    shifted = INPUTS * 3 + 40
    for _ in range(5):
        step(shifted, LABELS)
    np.testing.assert_allclose(norm.moving_mean, shifted.mean((0, 1, 2)), rtol=1e-3)
    np.testing.assert_allclose(norm.moving_variance, shifted.var((0, 1, 2)), rtol=2e-2)
    # Later they follow no faster than a momentum of 0.9, so that they are not those of the last batch alone.
    groups[0].optimizer.iterations.assign(1000)
    step(shifted + 10, LABELS)
    np.testing.assert_allclose(norm.moving_mean, shifted.mean((0, 1, 2)) + 1, rtol=1e-3)


def test_no_step_of_any_epoch_draws_the_masks_of_another() -> None:
    """Keras counts a generator up by one a step: one that started at the epoch would draw most masks again in the next."""
    features = keras.Input((1, 1, CHANNELS))
    spec = ExperimentSpec().with_values({"head.dropout": 0.5, "head.noise": 0.3})
    model = keras.Model(features, attach(features, spec.head, 3, 0))
    before_classifier = keras.Model(model.inputs, model.layers[-2].output)
    ones, drawn = np.ones((BATCH, 1, 1, CHANNELS), np.float32), []
    for epoch in range(1, 6):
        reseed(model, 0, epoch)
        drawn += [np.asarray(before_classifier(ones, training=True)).tobytes() for _ in range(10)]
    assert len(set(drawn)) == len(drawn)


def test_normalisation_in_the_head_follows_the_features_and_every_hidden_layer() -> None:
    spec = ExperimentSpec().with_values({"head.batch_norm": True, "head.hidden": [4], "head.noise": 0.1})
    features = keras.Input((1, 1, CHANNELS))
    model = keras.Model(features, attach(features, spec.head, 3, 0))
    assert [layer.name for layer in model.layers[1:]] == [
        "head_pooling",
        "head_noise",
        "head_batch_norm",
        "head_dropout_1",
        "head_dense_1",
        "head_batch_norm_1",
        "head_dropout",
        "classifier",
    ]
