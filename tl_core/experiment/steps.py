"""How many optimiser steps an epoch takes."""

from __future__ import annotations

from tl_core.experiment.spec import ExperimentSpec


def steps_per_epoch(spec: ExperimentSpec, images: int) -> int:
    """Optimiser steps of an epoch on so many training images, the last batch included; 0 for a classifier that is solved."""
    return 0 if spec.head.solved else -(-images // spec.train.batch_size)
