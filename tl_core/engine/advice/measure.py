"""Measures what advice rests on, in seconds once features are cached: no network is trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tl_core.backbones import BACKBONES, Backbone
from tl_core.backbones.availability import missing_sentence
from tl_core.data.missing import refuse_missing
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.advice import likeness
from tl_core.engine.advice.heads import solved_heads
from tl_core.engine.advice.logme import logme
from tl_core.engine.probe.features import at_every_cut
from tl_core.errors import BadInput
from tl_core.experiment.resolve import Experiment
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.results.advice import AdviceOptions, BackboneScore, Measured, SolvedHead
from tl_core.store import cache_folder

PROBING = Activity(Stage.PROBING)


def measure(
    experiment: Experiment,
    models: Path,
    options: AdviceOptions | None = None,
    progress: ProgressCallback = unwatched,
    partial: Callable[[Measured], None] | None = None,
) -> Measured:
    """Measures an experiment's training images with its backbone, and with the others whose weights are here.

    Uses the spec's data, backbone, weights and pooling; without mirror images, which recipes do not use either.

    Args:
        partial: Called with what is measured before other backbones are.

    Raises:
        BadInput, RunFailed: as a run of the spec; also BadInput for a fork and for random weights.
        RunStopped: `progress` raised it.
    """
    started = time.monotonic()
    _check(experiment)
    experiment = experiment.with_values({"backbone.mirror": False})
    cache = cache_folder(models)
    data = prepare(experiment.spec.data, experiment.image_size, cache, progress)
    refuse_missing(data.dataset, experiment.spec.data.accept_missing)
    features = at_every_cut(experiment, data.pixels, cache, progress)
    found = _measured(experiment, data, features, progress)
    found = replace(found, seconds=time.monotonic() - started)
    if (options or AdviceOptions()).backbones:
        if partial:
            partial(found)
        others = tuple(_others(experiment, cache, progress))
        found = replace(found, backbones=(*found.backbones, *others), seconds=time.monotonic() - started)
    return found


def _check(experiment: Experiment) -> None:
    spec = experiment.spec
    if spec.start.run:
        message = f"advice is for pretrained networks; this spec starts from {spec.start.run}"
        raise BadInput.of("start.run", message, "Remove it.")
    if experiment.weights.kind == "random":
        message = "received random; likeness to ImageNet is measured with pretrained weights"
        raise BadInput.of("backbone.weights", message, "Choose pretrained.")


def _measured(
    experiment: Experiment, data: Prepared, features: Mapping[str, np.ndarray], progress: ProgressCallback
) -> Measured:
    split, names = data.split, data.dataset.class_names
    labels, known = split.train_labels, {}
    steps, spec = len(features) + 5, experiment.spec
    for done, (cut, values) in enumerate(features.items()):
        progress(PROBING, done, steps)
        known[cut] = likeness.known(cut, values[split.train], labels, len(names))
    top = list(features)[-1]
    below = min(list(features)[:-1], key=lambda cut: known[cut].losses.mean())
    heads: list[SolvedHead] = []
    for cut in (top, below):
        watch = _watch(progress, len(features) + len(heads), steps)
        known_there = np.asarray(features[cut][split.train])
        heads += solved_heads(cut, known_there, labels, len(names), spec.head.projection_units, spec.train.seed, watch)
    counts = np.bincount(labels, minlength=len(names))
    score = logme(features[top][split.train], labels, len(names))
    own = BackboneScore(experiment.backbone.name, experiment.image_size, score, known[top].accuracy)
    return Measured(
        source=spec.data.source,
        backbone=experiment.backbone.name,
        weights=spec.backbone.weights,
        image_size=experiment.image_size,
        pooling=spec.head.pooling,
        classes=names,
        images=split.sizes,
        fewest=int(counts.min()),
        largest_share=float(counts.max() / counts.sum()),
        blocks=tuple(likeness.block(cut, one) for cut, one in known.items()),
        likeness=likeness.likeness(known),
        heads=tuple(heads),
        backbones=(own,),
        seconds=0.0,
    )


def _watch(progress: ProgressCallback, done: int, total: int) -> Callable[[], None]:
    return lambda: progress(PROBING, done, total)


def _others(experiment: Experiment, cache: Path, progress: ProgressCallback) -> Iterator[BackboneScore]:
    """The other backbones, in the order of the table."""
    for row in BACKBONES:
        if row.name != experiment.backbone.name:
            yield _score(_with_backbone(experiment, row), cache, progress)


def _with_backbone(experiment: Experiment, row: Backbone) -> Experiment:
    plain = {"backbone.freeze": "all", "backbone.output": "last", "backbone.keep": "all", "train.stages": ()}
    return experiment.with_values({"backbone.name": row.name, "backbone.weights": "pretrained", **plain})


def _score(experiment: Experiment, cache: Path, progress: ProgressCallback) -> BackboneScore:
    name, size = experiment.backbone.name, experiment.image_size
    if size < experiment.backbone.minimum_size:
        least = f"Needs images of {experiment.backbone.minimum_size} pixels or more."
        return BackboneScore(name, size, None, None, least)
    if not experiment.weights.present:
        return BackboneScore(name, size, None, None, missing_sentence(experiment.backbone))
    data = prepare(experiment.spec.data, size, cache, progress)
    top = list(at_every_cut(experiment, data.pixels, cache, progress).values())[-1]
    labels, classes = data.split.train_labels, len(data.dataset.class_names)
    known = np.asarray(top[data.split.train])
    accuracy = likeness.known(name, known, labels, classes).accuracy
    return BackboneScore(name, size, logme(known, labels, classes), accuracy)
