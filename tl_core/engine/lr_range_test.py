"""The learning-rate range test: a short training whose rate rises from far too low to far too high.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (arXiv:1506.01186), section 3.3; the rules of the steepest descent and
of a tenth of the minimum are those of fastai's `lr_find`. It leaves no run, weights or features.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tl_core.data.missing import refuse_missing
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import Prefix, compiled
from tl_core.engine.inputs.streams import Inputs, from_features, from_images, in_batches
from tl_core.engine.lr_sweep import QUICK, THOROUGH, Clock, Effort, Sweep, smoothed, suggested, sweep
from tl_core.engine.networks.assembly import assemble, divide
from tl_core.engine.seeds import generator_of
from tl_core.engine.training.epochs import Part, PhaseData, Trainer
from tl_core.engine.training.phase_data import arithmetic_of
from tl_core.engine.training.weights import put
from tl_core.errors import BadInput, RunFailed
from tl_core.experiment.phases import Phase
from tl_core.experiment.resolve import Experiment
from tl_core.forks import weights_for
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.results.lr_range_test import Finding
from tl_core.store import cache_folder


def run_range_test(
    experiment: Experiment,
    models: Path,
    progress: ProgressCallback = unwatched,
    phase: str = "",
    seconds: float | None = None,
) -> Finding:
    """Tests learning rates on the initial network of a run.

    Args:
        phase: The title of the phase to test, by default the last. Earlier phases are not trained first.
        seconds: Time limit; with one, fewer images are used, and fewer steps if the experiment is slow.

    Raises:
        BadInput: as for a run; also for a classifier without a learning rate.
        RunFailed: as for a run; also if `seconds` are not enough.
        RunStopped: `progress` raised it.
    """
    tested, clock = _tested(experiment, phase), Clock(progress, seconds)
    with _randomness_kept():
        data = prepare(experiment.spec.data, experiment.image_size, cache_folder(models), clock)
        refuse_missing(data.dataset, experiment.spec.data.accept_missing)
        model = assemble(experiment, len(data.dataset.class_names), clock)
        put(model, weights_for(models, experiment.spec))
        effort = THOROUGH if seconds is None else QUICK
        trainer = _trainer(data, model, tested, effort, clock)
        return _finding(trainer, tested, sweep(trainer, effort, clock))


def _tested(experiment: Experiment, title: str) -> Phase:
    if experiment.solved:
        message = f"{experiment.spec.head.classifier} is solved at once and has no learning rate"
        raise BadInput.of("head.classifier", message, "Choose the softmax classifier.")
    known = {phase.title: phase for phase in experiment.phases}
    if title and title not in known:
        raise BadInput.of("phase", f"there is no phase {title!r}", f"This experiment has: {', '.join(known)}.")
    return known[title or next(reversed(known))]


@contextmanager
def _randomness_kept() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def _trainer(data: Prepared, model: keras.Model, phase: Phase, effort: Effort, progress: ProgressCallback) -> Trainer:
    """A trainer of the phase, on some of the images."""
    spec, split = phase.spec, data.split
    parts = divide(model, phase.experiment, phase.frozen)
    prefix = compiled(parts.prefix, arithmetic_of(phase.experiment, data)) if parts.prefix is not None else None
    train = _chosen(len(split.train), effort.train, spec.train.seed)
    validation = split.validation[_chosen(len(split.validation), effort.validation, spec.train.seed)]
    moving = _moving(data, split.train[train], prefix, phase) if spec.augment else None
    still = _still(data.pixels.images, validation, prefix, progress)
    learned = moving or _still(data.pixels.images, split.train[train], prefix, progress)
    measured = Part(still, data.dataset.labels[validation])
    phase_data = PhaseData(Part(learned, split.train_labels[train]), measured, measured)
    return Trainer.build(parts.tail, phase_data, phase)


def _chosen(images: int, most: int, seed: int) -> np.ndarray:
    return np.sort(generator_of("rates", seed).permutation(images)[:most])


def _moving(data: Prepared, rows: np.ndarray, prefix: Prefix | None, phase: Phase) -> Inputs:
    spec = phase.spec
    keys = [item.key for item in data.dataset.items]
    return from_images(data.pixels.images, rows, prefix, spec.augment, spec.train.seed, keys)


def _still(images: np.ndarray, rows: np.ndarray, prefix: Prefix | None, progress: ProgressCallback) -> Inputs:
    """Images without augmentation, through the frozen prefix once."""
    if prefix is None:
        return from_images(images, rows, None)
    outputs, activity = [], Activity(Stage.FEATURES)
    batches = in_batches(rows, 16)
    for number, output in enumerate(prefix(images[batch] for batch in batches), 1):
        outputs.append(output)
        progress(activity, number, len(batches))
    return from_features(np.concatenate(outputs), np.arange(len(rows)))


def _finding(trainer: Trainer, phase: Phase, seen: Sweep) -> Finding:
    if len(seen.losses) < 2:
        raise RunFailed("The loss is NaN already at the lowest learning rate; the images or the weights are damaged.")
    losses = smoothed(seen)
    steepest, careful = suggested(seen, losses)
    return Finding(
        phase=phase.title,
        rates=tuple(seen.rates),
        losses=tuple(seen.losses),
        smoothed=tuple(losses.tolist()),
        val_losses=tuple(seen.measured),
        backbone_share=None if phase.backbone_rate is None else phase.backbone_rate / phase.head_rate,
        steepest=steepest,
        careful=careful,
        diverged=seen.diverged,
        images=len(trainer.phase_data.train.labels),
    )
