"""Presets: complete specs to start from. One that shows a fault also has its cure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tl_core.backbones import BACKBONES
from tl_core.experiment.spec import ExperimentSpec
from tl_core.registry import Registry


@dataclass(frozen=True)
class Preset:
    """One row.

    Attributes:
        values: The settings that differ from the defaults, by path. Those of the data go over your own.
        cure: Settings that undo what the preset shows; empty for one that shows no fault.
    """

    name: str
    title: str
    help: str
    values: Mapping[str, Any]
    cure: Mapping[str, Any] = field(default_factory=dict)

    def spec(self, changes: Mapping[str, Any] | None = None) -> ExperimentSpec:
        """The preset as a spec, with further changes by path; raises BadInput for a change that is not allowed.

        Where the preset trains more blocks than the chosen network has (NASNetMobile has two), all train.
        """
        return self._whole.with_values({**self._shortened(changes), **changes}) if changes else self._whole

    def _shortened(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Freeze depth and stages for a network that has fewer blocks than the preset trains."""
        name, thaws = changes.get("backbone.name"), re.compile(r"all-but-(\d+)")
        blocks = len(BACKBONES[str(name)].cuts) if name in BACKBONES else 0
        freeze = thaws.fullmatch(str(self.values.get("backbone.freeze", "")))
        if not blocks or not freeze or int(freeze[1]) <= blocks:
            return {}
        stages = [stage for stage in self.values.get("train.stages", ()) if int(thaws.match(stage)[1]) < blocks]  # type: ignore[index]
        return {"backbone.freeze": "none", **({"train.stages": stages} if "train.stages" in self.values else {})}

    @cached_property
    def _whole(self) -> ExperimentSpec:
        """Without changes; checked once, as every drawing of the Train page asks for all presets."""
        return ExperimentSpec().with_values(self.values)


PRESETS: Registry[Preset] = Registry(
    "preset",
    "preset",
    (
        Preset(
            "feature-extraction",
            "Feature extraction",
            "Trains only a new head on the features of the frozen backbone. Takes seconds; hard to overfit; start here.",
            {"head.l2": 1e-4},
        ),
        Preset(
            "solved-at-once",
            "Solved at once",
            "Trains nothing: ridge regression on the joined features of the top four blocks, averaged with those of the mirror image, is "
            "solved at once and selects its own L2. For photos; takes twice as long as feature extraction the first time, and no tuning.",
            {"backbone.output": "top-4", "backbone.mirror": True, "head.classifier": "ridge"},
        ),
        Preset(
            "fine-tune",
            "Fine-tuning the top",
            "Trains the head alone first, then with the top three blocks at a lower learning rate. For a few hundred images or "
            "more.",
            {
                "backbone.freeze": "all-but-3",
                "train.head_epochs": 5,
                "train.epochs": 5,
                "train.backbone_learning_rate": 3e-4,
                "head.l2": 1e-4,
            },
        ),
        Preset(
            "fine-tune-all",
            "Fine-tuning everything",
            "Trains the head alone first, then every layer at a very low learning rate. For thousands of images, or images unlike "
            "photos.",
            {
                "backbone.freeze": "none",
                "train.head_epochs": 5,
                "train.epochs": 5,
                "train.backbone_learning_rate": 2e-5,
                "head.l2": 1e-4,
            },
        ),
        Preset(
            "gradual-unfreezing",
            "Gradual unfreezing",
            "Trains the head alone first, then thaws block after block from the top, each at half the learning rate of the block "
            "above.",
            {
                "backbone.freeze": "all-but-3",
                "train.head_epochs": 3,
                "train.stages": ["all-but-1:2", "all-but-2:2"],
                "train.epochs": 5,
                "train.backbone_learning_rate": 3e-4,
                "train.layer_decay": 0.5,
                "head.l2": 1e-4,
            },
        ),
        Preset(
            "against-overfitting",
            "Against overfitting",
            "Fine-tuning with every regulariser at moderate strength: augmentation, dropout, weight decay, label smoothing, "
            "averaged weights and early stopping. For few images; remove them one by one to see what each contributes.",
            {
                "backbone.freeze": "all-but-2",
                "train.head_epochs": 5,
                "train.epochs": 25,
                "train.backbone_learning_rate": 1e-4,
                "augment": {"rotation": 15.0, "random_crop": 0.3, "brightness": 0.2, "contrast": 0.2},
                "head.dropout": 0.4,
                "optimizer.name": "adamw",
                "optimizer.weight_decay": 0.01,
                "optimizer.ema": 0.98,
                "loss.label_smoothing": 0.1,
                "stopping.rule": "patience",
                "stopping.patience": 8,
            },
        ),
        Preset(
            "from-scratch",
            "From scratch",
            "The same network with random weights, all of which train: the baseline without transfer learning. Slow, and overfits small datasets.",
            {
                "backbone.weights": "random",
                "backbone.freeze": "none",
                "train.epochs": 30,
                "train.backbone_learning_rate": 1e-3,
            },
        ),
        Preset(
            "early-features",
            "Early features",
            "A linear classifier on features from half way up the backbone: edges, textures and parts. For images far from "
            "ImageNet. These features are small: the classifier needs a higher rate and more epochs.",
            {
                "backbone.output": "middle",
                "head.dropout": 0.0,
                "head.l2": 1e-3,
                "train.learning_rate": 0.01,
                "train.epochs": 30,
            },
        ),
        Preset(
            "see-it-overfit",
            "See it overfit",
            "A large head without any regularisation on 60 images per class, a fifth of them with wrong labels. In seconds it "
            "memorises all of them, and validation loss rises. Its page then offers the cure.",
            {
                "data.images_per_class": 60,
                "data.label_noise": 0.2,
                "head.hidden": [256],
                "head.dropout": 0.0,
                "train.learning_rate": 3e-3,
                "train.epochs": 60,
            },
            # Of a dozen that were tried, it works on the playground and on photos: docs/playground.md.
            cure={"head.dropout": 0.5, "head.l2": 0.01, "schedule.name": "cosine"},
        ),
    ),
)


def cured(spec: ExperimentSpec) -> ExperimentSpec | None:
    """The cure of a spec that has all settings of a preset which shows a fault, on any data; None for others."""
    for preset in PRESETS:
        own = {path: value for path, value in preset.values.items() if not path.startswith("data.")}
        if preset.cure and spec.with_values(own) == spec:
            return spec.with_values(preset.cure)
    return None
