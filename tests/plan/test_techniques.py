"""The plan names every technique that is on, with the layers it acts on; what is off is not named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.each import for_each
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.plan import Technique, techniques

PLAIN = {"head.dropout": 0.0}
TOP = {"backbone.freeze": "all-but-2"}


def told(changes: dict[str, Any]) -> tuple[Technique, ...]:
    spec = ExperimentSpec().with_values({**PLAIN, **changes})
    return techniques(resolve(spec))


CASES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"head.dropout": 0.5}, "Dropout 0.5", "before classifier"),
    ({"head.noise": 0.1}, "Noise 0.1", "pooled features"),
    ({"head.batch_norm": True}, "Batch normalisation", "pooled features"),
    ({"head.l1": 1e-4}, "L1 0.0001", "kernels of classifier"),
    ({"head.l2": 1e-4, "head.hidden": [8]}, "L2 0.0001", "kernels of head_dense_1 and classifier"),
    ({"head.bias_l1": 0.1}, "L1 0.1", "biases of classifier"),
    ({"head.bias_l2": 0.1}, "L2 0.1", "biases of classifier"),
    ({"head.activity_l1": 0.1}, "Activity L1 0.1", "outputs of classifier"),
    ({"head.activity_l2": 0.1}, "Activity L2 0.1", "outputs of classifier"),
    ({"train.backbone_l2": 1e-3, **TOP}, "L2 0.001", "thawed layers of block7 and final"),
    ({"train.layer_decay": 0.5, **TOP}, "Decay of the rate 0.5", "thawed layers of block7 and final"),
    ({"optimizer.weight_decay": 0.01}, "Weight decay 0.01", "kernels of all layers that train"),
    ({"optimizer.clip_norm": 1.0}, "Gradient clipping 1", "all weights that train"),
    ({"optimizer.ema": 0.99}, "Moving average 0.99", "all weights that train"),
    ({"loss.label_smoothing": 0.1}, "Label smoothing 0.1", "training labels"),
    ({"loss.class_weights": "balanced"}, "Class weights", "training loss"),
    ({"augment": "rotation:20"}, "Rotation 20", "training images"),
    ({"augment": "mixup:0.2"}, "MixUp 0.2", "training images and their labels"),
    ({"backbone.mirror": True}, "Mirror image", "pooled features"),
    ({"backbone.mirror": True, "head.classifier": "nearest-mean"}, "Mirror image", "pooled features"),
    ({"backbone.keep": "block6"}, "Random weights", "block7 and final"),
    ({"stopping.rule": "GL"}, "Early stopping (GL)", "epochs 1 to 10"),
)


@for_each(("changes", "what", "where"), CASES, ids=lambda value: str(value)[:40])
def test_a_technique_that_is_on_is_the_one_line_of_a_plan_without_others(
    changes: dict[str, Any], what: str, where: str
) -> None:
    (line,) = told(changes)
    assert (line.what, line.where) == (what, where)
    assert line.effect.endswith(".")


def test_what_a_moving_average_averages_over_is_said_for_short_runs_too() -> None:
    """`move_averages` of the step: weights of steps, followed here by their mean age."""
    (line,) = told({"optimizer.ema": 0.999})
    assert "about the last 1,000 steps; over the last ninth of them before step 9,000" in line.effect
    for steps, window in ((450, 50), (9000, 1000), (40_000, 1000)):
        ages = 0.0
        for step in range(1, steps + 1):
            ages = min(0.999, (1 + step) / (10 + step)) * (ages + 1)
        assert ages == pytest.approx(window, rel=0.12)


def test_a_plan_without_techniques_has_no_lines() -> None:
    assert told({}) == ()


def test_each_hidden_layer_has_its_own_dropout_or_that_of_the_classifier() -> None:
    hidden = {"head.hidden": [16, 8], "head.dropout": 0.5}
    assert [line.what for line in told(hidden)] == ["Dropout 0.5"] * 3
    own = told({**hidden, "head.hidden_dropout": [0.1, 0.0]})
    assert [(line.what, line.where) for line in own] == [
        ("Dropout 0.1", "before head_dense_1"),
        ("Dropout 0.5", "before classifier"),
    ]


def test_gradual_unfreezing_names_the_layers_of_each_stage() -> None:
    changes = {"train.stages": "all-but-1:3", **TOP, "train.backbone_l2": 0.01, "train.head_epochs": 2}
    assert [line.where for line in told(changes)] == [
        "thawed layers of final (epochs 3 to 5)",
        "thawed layers of block7 and final (epochs 6 to 15)",
    ]


def test_stored_views_are_told_from_images_drawn_anew() -> None:
    drawn, stored = told({"augment": "zoom"}), told({"augment": "zoom", "train.views": 4})
    assert "anew" in drawn[0].effect
    assert "4 stored versions" in stored[0].effect


@pytest.mark.parametrize("rule", ["patience", "GL", "PQ", "UP"])
@pytest.mark.parametrize("best", [True, False])
def test_every_rule_of_early_stopping_is_explained(rule: str, best: bool) -> None:
    (line,) = told({"stopping.rule": rule, "stopping.restore_best": best})
    assert line.effect.startswith("Ends ")
    assert ("The best epoch is exported." in line.effect) == best


def test_what_a_solved_classifier_selects_itself_counts_as_a_technique() -> None:
    assert [line.what for line in told({"head.classifier": "ridge"})] == ["L2 selected"]
    assert [line.what for line in told({"head.classifier": "lda"})] == ["Shrinkage"]
    assert told({"head.classifier": "nearest-mean"}) == ()


def test_a_solved_classifier_has_its_penalty_alone() -> None:
    (line,) = told({"head.classifier": "linear-svm", "head.l2": 0.01, "head.dropout": 0.2})
    assert (line.what, line.where) == ("L2 0.01", "classifier")
