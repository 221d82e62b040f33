"""The learning-rate range test: a short training whose rate rises from far too low to far too high.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (arXiv:1506.01186), section 3.3; the rules of the steepest descent and
of a tenth of the minimum are those of fastai's `lr_find`. It leaves no run, weights or features.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from tl_core.data.missing import refuse_missing
from tl_core.data.pixels import is_cached
from tl_core.data.prepare import Prepared, listed, prepare, prepare_some
from tl_core.data.split import Split
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
from tl_core.plan.costs import range_test_seconds
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.results.lr_range_test import FEWEST_IMAGES, Finding, too_slow
from tl_core.store import cache_folder

BATCH = 16
"""Images whose features are computed at once."""

FOR_FEATURES = 0.3
"""The share of the time for computing features."""


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
        seconds: The time it aims at: fewer images are read, and fewer features and steps computed if those are slow. On a busy
            machine it takes longer, but what has begun is brought to its end.

    Raises:
        BadInput: as for a run; also for a classifier without a learning rate.
        RunFailed: as for a run; also, before anything is done, if even the smallest test takes more than `seconds`.
        RunStopped: `progress` raised it.
    """
    tested, clock = _tested(experiment, phase), Clock(seconds)
    needed = range_test_seconds(tested)
    if needed > clock.seconds:
        raise RunFailed(too_slow(needed))
    effort = QUICK if clock.is_limited else THOROUGH
    with _randomness_kept():
        data = _prepared(experiment, models, effort, clock, progress)
        model = assemble(experiment, len(data.dataset.class_names), progress)
        put(model, weights_for(models, experiment.spec))
        trainer = _trainer(data, model, tested, effort, clock, progress)
        return _finding(trainer, tested, sweep(trainer, effort, clock, progress))


def _tested(experiment: Experiment, title: str) -> Phase:
    if experiment.solved:
        message = f"{experiment.spec.head.classifier} is solved at once and has no learning rate"
        raise BadInput.of("head.classifier", message, "Choose the softmax classifier.")
    known = {phase.title: phase for phase in experiment.phases}
    if title and title not in known:
        raise BadInput.of("phase", f"there is no phase {title!r}", f"This experiment has: {', '.join(known)}.")
    return known[title or next(reversed(known))]


def _prepared(
    experiment: Experiment, models: Path, effort: Effort, clock: Clock, progress: ProgressCallback
) -> Prepared:
    """The data; if time is limited and they are not decoded yet, only the images that the test uses."""
    data, size, cache = experiment.spec.data, experiment.image_size, cache_folder(models)
    dataset = listed(data) if clock.is_limited else None
    if dataset is None or is_cached(dataset, size, cache):
        whole = prepare(data, size, cache, progress)
        refuse_missing(whole.dataset, data.accept_missing)
        return whole
    refuse_missing(dataset, data.accept_missing)
    return prepare_some(data, dataset, partial(_rows, effort=effort, seed=experiment.spec.train.seed), size, progress)


def _rows(split: Split, effort: Effort, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The positions within the training and the validation part of the images that a test uses at most."""
    return _chosen(len(split.train), effort.train, seed), _chosen(len(split.validation), effort.validation, seed)


@contextmanager
def _randomness_kept() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def _trainer(
    data: Prepared, model: keras.Model, phase: Phase, effort: Effort, clock: Clock, progress: ProgressCallback
) -> Trainer:
    """A trainer of the phase, on some of the images."""
    spec, split = phase.spec, data.split
    parts = divide(model, phase.experiment, phase.frozen)
    prefix = compiled(parts.prefix, arithmetic_of(phase.experiment, data)) if parts.prefix is not None else None
    effort = _affordable(effort, data, prefix, phase, clock)
    train, some = _rows(split, effort, spec.train.seed)
    validation = split.validation[some]
    moving = _moving(data, split.train[train], prefix, phase) if spec.augment else None
    still = _still(data.pixels.images, validation, prefix, progress)
    learned = moving or _still(data.pixels.images, split.train[train], prefix, progress)
    measured = Part(still, data.dataset.labels[validation])
    phase_data = PhaseData(Part(learned, split.train_labels[train]), measured, measured)
    return Trainer.build(parts.tail, phase_data, phase)


def _affordable(effort: Effort, data: Prepared, prefix: Prefix | None, phase: Phase, clock: Clock) -> Effort:
    """Fewer images where their features would take too long, judged by those of one batch."""
    if prefix is None or not clock.is_limited:
        return effort
    rows = data.split.validation[:BATCH]
    began = time.monotonic()
    for _ in prefix([data.pixels.images[rows]]):
        pass
    images = int(FOR_FEATURES * clock.seconds * len(rows) / max(time.monotonic() - began, 1e-9))
    train, validation = FEWEST_IMAGES
    validation = min(effort.validation, max(validation, images // 5))
    train = min(effort.train, max(train, phase.spec.train.batch_size, images - validation))
    return replace(effort, train=train, validation=validation)


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
    batches = in_batches(rows, BATCH)
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
