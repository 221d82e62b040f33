"""Measures what advice rests on, in seconds once features are cached: no network is trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tl_core.backbones import BACKBONES, Backbone
from tl_core.backbones.availability import missing_sentence
from tl_core.backbones.freezing import output_cuts
from tl_core.data.missing import refuse_missing
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.advice import likeness
from tl_core.engine.advice.heads import CLASSIFIERS, Read, solved_heads
from tl_core.engine.advice.logme import logme
from tl_core.engine.inputs.every_cut import at_every_cut
from tl_core.errors import BadInput
from tl_core.experiment.presets import PRESETS
from tl_core.experiment.resolve import Experiment
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.results.advice import AdviceOptions, BackboneScore, Measured
from tl_core.store import cache_folder

PROBING = Activity(Stage.PROBING)

PLAIN, MIRROR = {"backbone.mirror": False}, {"backbone.mirror": True}


def measure(
    experiment: Experiment,
    models: Path,
    options: AdviceOptions | None = None,
    progress: ProgressCallback = unwatched,
    partial: Callable[[Measured], None] | None = None,
) -> Measured:
    """Measures an experiment's training images with its backbone, and with the others whose weights are here.

    Uses the spec's data, backbone, weights and pooling. Two passes over the images: joined blocks are averaged with the mirror image.

    Args:
        partial: Called with what is measured before other backbones are.

    Raises:
        BadInput, RunFailed: as a run of the spec; also BadInput for a fork and for random weights.
        RunStopped: `progress` raised it.
    """
    started = time.monotonic()
    _check(experiment)
    experiment = experiment.with_values(PLAIN)
    cache = cache_folder(models)
    data = prepare(experiment.spec.data, experiment.image_size, cache, progress)
    refuse_missing(data.dataset, experiment.spec.data.accept_missing)
    features = at_every_cut(experiment, data.pixels, cache, progress)
    averaged = at_every_cut(experiment.with_values(MIRROR), data.pixels, cache, progress)
    found = _measured(experiment, data, features, averaged, progress)
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
    experiment: Experiment,
    data: Prepared,
    features: Mapping[str, np.ndarray],
    averaged: Mapping[str, np.ndarray],
    progress: ProgressCallback,
) -> Measured:
    """What is measured of this backbone.

    Args:
        features, averaged: Of every cut, of all images: of the images, and averaged with those of the mirror images.
    """
    split, names = data.split, data.dataset.class_names
    labels, known = split.train_labels, {}
    spec = experiment.spec
    steps = len(features) + (2 + len(_joined_cuts(experiment.backbone))) * len(CLASSIFIERS)
    for done, (cut, values) in enumerate(features.items()):
        progress(PROBING, done, steps)
        known[cut] = likeness.known(cut, values[split.train], labels, len(names))
    top = list(features)[-1]
    below = min(list(features)[:-1], key=lambda cut: known[cut].losses.mean())
    read = [
        *(Read(cuts, True, _joined(averaged, cuts, split.train)) for cuts in _joined_cuts(experiment.backbone)),
        *(Read((cut,), False, np.asarray(features[cut][split.train])) for cut in (top, below)),
    ]

    def watch(done: int) -> None:
        progress(PROBING, len(features) + done, steps)

    heads = solved_heads(read, labels, len(names), spec.head.projection_units, spec.train.seed, watch)
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


def _joined_cuts(backbone: Backbone) -> tuple[tuple[str, ...], ...]:
    """The blocks that are joined: as the preset has them, and all."""
    preset = output_cuts(backbone, PRESETS["solved-at-once"].spec().backbone.output)
    return tuple(dict.fromkeys((preset, backbone.cut_names)))


def _joined(features: Mapping[str, np.ndarray], cuts: Sequence[str], rows: np.ndarray) -> np.ndarray:
    return np.concatenate([features[cut][rows] for cut in cuts], axis=1)


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
