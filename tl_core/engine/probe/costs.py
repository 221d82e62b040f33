"""The costs of an experiment at each cut, from the plan of the spec with the cut moved there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tl_core.backbones import BlockFacts, facts
from tl_core.experiment.resolve import Experiment
from tl_core.plan import PhasePlan, phase_plan
from tl_core.results.depth_probe import Cost


def costs(experiment: Experiment, images: Mapping[str, int], classes: int, stored: int) -> Mapping[str, Cost]:
    """The costs of every cut, by its name.

    Args:
        images: Number of images by part.
        stored: Number of images with features, including those that `data.images_per_class` excludes from training.
    """
    blocks = facts(experiment.backbone.name).blocks
    return {block.name: _cost(experiment, block, dict(images), classes, stored) for block in blocks}


def _cost(experiment: Experiment, block: BlockFacts, images: dict[str, int], classes: int, stored: int) -> Cost:
    head = _planned(experiment, {"backbone.output": block.name, "backbone.freeze": "all"}, images, classes)
    tail = _planned(experiment, {"backbone.output": "last", "backbone.freeze": block.name}, images, classes)
    shape = (*block.size_at(experiment.image_size), block.channels)
    return Cost(
        shape=shape,
        pooled_bytes=4 * block.channels,
        map_bytes=4 * math.prod(shape),
        pooled_total=4 * block.channels * stored,
        map_total=4 * math.prod(shape) * stored,
        head_seconds=head.seconds,
        tail_seconds=tail.seconds,
        tail_trainable=tail.trainable,
    )


def _planned(experiment: Experiment, cut: Mapping[str, Any], images: dict[str, int], classes: int) -> PhasePlan:
    """The plan of the spec's last phase alone, with another cut."""
    alone = {"backbone.keep": "all", "train.head_epochs": 0, "train.stages": ()}
    solved = {"head.classifier": "auto"} if experiment.solved else {}
    moved = experiment.with_values({**alone, **solved, **cut})
    return phase_plan(moved.phases[-1], images, classes)
