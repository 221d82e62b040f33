"""The changes that remedies make: settings by path that differ in an experiment; empty where there is nothing to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tl_core.experiment.resolve import Experiment

Changes = Mapping[str, Any]


def _thawed(experiment: Experiment) -> bool:
    return bool(experiment.above(experiment.frozen))


def lower_rate(experiment: Experiment) -> Changes:
    train = experiment.spec.train
    changes: dict[str, Any] = {"train.learning_rate": _rounded(max(train.learning_rate / 10, 1e-7))}
    if _thawed(experiment):
        changes["train.backbone_learning_rate"] = _rounded(max(train.backbone_learning_rate / 10, 1e-8))
    return changes


def higher_rate(experiment: Experiment) -> Changes:
    train = experiment.spec.train
    changes: dict[str, Any] = (
        {"train.learning_rate": _rounded(min(train.learning_rate * 10, 0.1))} if train.learning_rate < 0.1 else {}
    )
    if _thawed(experiment) and train.backbone_learning_rate < 1e-3:
        changes["train.backbone_learning_rate"] = _rounded(min(train.backbone_learning_rate * 10, 1e-3))
    return changes


def _rounded(rate: float) -> float:
    return float(f"{rate:.3g}")


def lower_backbone_rate(experiment: Experiment) -> Changes:
    rate = experiment.spec.train.backbone_learning_rate
    return {"train.backbone_learning_rate": _rounded(rate / 10)} if _thawed(experiment) and rate > 1e-7 else {}


def clip(experiment: Experiment) -> Changes:
    norm = experiment.spec.optimizer.clip_norm
    return {"optimizer.clip_norm": 1.0} if norm is None or norm > 1 else {}


def pretrained(experiment: Experiment) -> Changes:
    if experiment.spec.backbone.weights != "random":
        return {}
    return {"backbone.weights": "pretrained"}


def no_head_norm(experiment: Experiment) -> Changes:
    return {"head.batch_norm": False}


def more_epochs(experiment: Experiment) -> Changes:
    epochs = experiment.spec.train.epochs
    return {"train.epochs": min(2 * epochs, 10_000)} if epochs < 10_000 else {}


def ten_epochs(experiment: Experiment) -> Changes:
    return {"train.epochs": 10} if experiment.spec.train.epochs < 10 else {}


def fewer_epochs(experiment: Experiment) -> Changes:
    epochs = experiment.spec.train.epochs
    return {"train.epochs": max(epochs // 2, 1)} if epochs > 1 else {}


def balanced(experiment: Experiment) -> Changes:
    return {"loss.class_weights": "balanced"}


def thaw(experiment: Experiment) -> Changes:
    if experiment.spec.backbone.freeze != "all" or experiment.spec.backbone.keep != "all":
        return {}
    train = experiment.spec.train
    head = {} if train.head_epochs else {"train.head_epochs": 5}
    return {
        "backbone.freeze": "all-but-2",
        **_without_what_needs_frozen_blocks(experiment),
        **head,
        "train.backbone_learning_rate": max(train.backbone_learning_rate, 1e-4),
    }


def _without_what_needs_frozen_blocks(experiment: Experiment) -> Changes:
    joined: dict[str, Any] = {"backbone.output": experiment.top} if len(experiment.outputs) > 1 else {}
    mirror = {"backbone.mirror": False} if experiment.spec.backbone.mirror else {}
    return {**joined, **mirror, **trained_head(experiment)}


def trained_head(experiment: Experiment) -> Changes:
    return {"head.classifier": "auto"} if experiment.solved else {}


def hidden_layer(experiment: Experiment) -> Changes:
    return {} if experiment.spec.head.hidden else {"head.hidden": [256]}


def fewer_units(experiment: Experiment) -> Changes:
    return {"head.hidden": [], "head.hidden_dropout": []} if experiment.spec.head.hidden else {}


def dropout(experiment: Experiment) -> Changes:
    return {"head.dropout": 0.5} if experiment.spec.head.dropout < 0.5 else {}


def less_dropout(experiment: Experiment) -> Changes:
    return {"head.dropout": 0.0}


def l2(experiment: Experiment) -> Changes:
    l2 = experiment.spec.head.l2
    return {"head.l2": _rounded(max(10 * l2, 1e-3))} if l2 < 0.01 else {}


def less_l2(experiment: Experiment) -> Changes:
    l2 = experiment.spec.head.l2
    return {"head.l2": _rounded(l2 / 10) if l2 > 1e-4 else 0.0} if l2 else {}


def augment(experiment: Experiment) -> Changes:
    return {} if experiment.spec.augment else {"augment": {"horizontal_flip": 0.5, "rotation": 10.0, "zoom": 0.1}}


def freeze_more(experiment: Experiment) -> Changes:
    """Half as many thawed blocks."""
    thawed = len(experiment.above(experiment.frozen))
    if thawed < 2 or experiment.spec.train.stages or experiment.random_blocks:
        return {}
    return {"backbone.freeze": f"all-but-{thawed // 2}"}


def stop_early(experiment: Experiment) -> Changes:
    return {"stopping.rule": "patience"} if experiment.spec.stopping.rule == "off" else {}


def more_images(experiment: Experiment) -> Changes:
    limit = experiment.spec.data.images_per_class
    return {"data.images_per_class": None} if limit else {}


def smoothing(experiment: Experiment) -> Changes:
    return {"loss.label_smoothing": 0.1} if experiment.spec.loss.label_smoothing < 0.1 else {}


def cosine(experiment: Experiment) -> Changes:
    return {"schedule.name": "cosine"}


def other_split(experiment: Experiment) -> Changes:
    seed = experiment.spec.data.split_seed
    return {"data.split_seed": seed + 1 if seed < 2**31 - 1 else 0}


def more_validation(experiment: Experiment) -> Changes:
    """Twice the share; a limit of training images falls with the images that are left for training."""
    data = experiment.spec.data
    share = round(min(2 * data.validation_share, 0.4, 0.8 - data.test_share), 2)
    if share <= data.validation_share:
        return {}
    changes: dict[str, Any] = {"data.validation_share": share}
    if data.images_per_class:
        left = (1 - share - data.test_share) / (1 - data.validation_share - data.test_share)
        changes["data.images_per_class"] = max(int(data.images_per_class * left), 1)
    return changes


def larger_images(experiment: Experiment) -> Changes:
    native = experiment.backbone.native_size
    return {"data.image_size": native} if experiment.image_size < native else {}


def fork_regularised(experiment: Experiment) -> Changes:
    return {**l2(experiment), **lower_rate(experiment)}
