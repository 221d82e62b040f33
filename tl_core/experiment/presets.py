"""Ready recipes: each is a spec with a reason, a starting point to change from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tl_core.experiment.spec import ExperimentSpec
from tl_core.registry import Registry


@dataclass(frozen=True)
class Preset:
    """One row: `values` are the settings in which the recipe differs from the defaults, by path."""

    name: str
    title: str
    help: str
    values: Mapping[str, Any]

    def spec(self, changes: Mapping[str, Any] | None = None) -> ExperimentSpec:
        """The recipe as a spec, with further changes by path; raises BadInput for a change that is not allowed."""
        return ExperimentSpec().with_values({**self.values, **(changes or {})})


PRESETS: Registry[Preset] = Registry(
    "preset",
    "preset",
    (
        Preset(
            "feature-extraction",
            "Feature extraction",
            "Only a new head learns, on what the pretrained network already sees. Seconds; hard to overfit; the place to start.",
            {"head.l2": 1e-4},
        ),
        Preset(
            "fine-tune",
            "Fine-tuning the top",
            "First the head, then the top three blocks with it at a lower learning rate. For a few hundred images or more.",
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
            "First the head, then every layer at a very low learning rate. For thousands of images, or images unlike photos.",
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
            "First the head, then block after block from the top, each at half the rate of the one above: the gentlest way into the "
            "network.",
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
            "Fine-tuning with all the cures at moderate strength: augmentation, dropout, weight decay, label smoothing, averaged weights "
            "and early stopping. For few images; take cures away one by one to see what each is worth.",
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
            "The same network with random weights: what you would get without transfer learning. Slow, and overfits small data.",
            {
                "backbone.weights": "random",
                "backbone.freeze": "none",
                "train.epochs": 30,
                "train.backbone_learning_rate": 1e-3,
                "train.update_batch_norm": True,
            },
        ),
        Preset(
            "early-features",
            "Early features",
            "A linear classifier half way up the network: what edges, textures and parts alone can tell. For images far from ImageNet.",
            {"backbone.output": "middle", "head.dropout": 0.0, "head.l2": 1e-3},
        ),
    ),
)
