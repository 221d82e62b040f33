"""Probes a pretrained network block by block: what classifiers know on each, and what cutting there costs.

Linear classifiers on every block: Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes"
(arXiv:1610.01644). docs/depth-probe.md explains the figures and their limits.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.backbones import BlockFacts, facts
from tl_core.cache.arrays import Job, opened
from tl_core.data.missing import refuse_missing
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import device_name
from tl_core.engine.classifiers import ridge
from tl_core.engine.classifiers.solve import solution
from tl_core.engine.inputs.every_cut import at_every_cut, identity_of
from tl_core.engine.probe import neighbours
from tl_core.errors import BadInput, RunFailed
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.solved import SOLVED
from tl_core.experiment.spec import ExperimentSpec, HeadSpec
from tl_core.files import digest_of
from tl_core.intervals import wilson_interval
from tl_core.plan import PhasePlan, phase_plan
from tl_core.records import Activity, ProgressCallback, Stage, from_json, unwatched
from tl_core.results.depth_probe import Cost, Depth, DepthProbeOptions, Probe, Score
from tl_core.store import cache_folder

VERSION = 5
"""Increase it when the same images and features give different scores."""

NEIGHBOURS = "nearest-neighbours"
"""The only classifier probed that is no head."""

PROBING = Activity(Stage.PROBING)


def probe(
    experiment: Experiment,
    models: Path,
    progress: ProgressCallback = unwatched,
    options: DepthProbeOptions | None = None,
) -> Probe:
    """Accuracy of simple classifiers on the features of each block of an experiment's pretrained network.

    Uses the spec's data, network, weights, pooling and mirror images, and of a random projection its units and seed; other settings
    affect only the estimated costs. Features and scores are cached, those of each classifier by themselves.

    Raises:
        BadInput, RunFailed: as a run of the spec; also BadInput for a fork.
        RunStopped: `progress` raised it.
    """
    spec = experiment.spec
    if spec.start.run:
        message = f"the probe is for pretrained networks; this spec starts from {spec.start.run}"
        raise BadInput.of("start.run", message, "Remove it.")
    cache = cache_folder(models)
    data = prepare(spec.data, experiment.image_size, cache, progress)
    refuse_missing(data.dataset, spec.data.accept_missing)
    split, classes = data.split, data.dataset.class_names
    images = split.sizes
    cost = costs(experiment, images, len(classes), len(data.pixels.images))
    heads = (options or DepthProbeOptions()).heads
    scores = _scores_kept(experiment, data, ("ridge", NEIGHBOURS, *heads), cache, progress)
    return Probe(
        source=spec.data.source,
        backbone=spec.backbone.name,
        weights=spec.backbone.weights,
        image_size=experiment.image_size,
        pooling=spec.head.pooling,
        classes=classes,
        images=images,
        depths=tuple(
            Depth(
                cut,
                scores["ridge"][cut],
                scores[NEIGHBOURS][cut],
                cost[cut],
                {name: scores[name][cut] for name in heads},
            )
            for cut in cost
        ),
        mirror=spec.backbone.mirror,
    )


Scores = Mapping[str, Score]
"""Those of one classifier, by cut."""


def _scores_kept(
    experiment: Experiment, data: Prepared, classifiers: Sequence[str], cache: Path, progress: ProgressCallback
) -> Mapping[str, Scores]:
    """The scores of each classifier, cached or computed now."""

    @functools.cache
    def features() -> Mapping[str, np.ndarray]:
        return at_every_cut(experiment, data.pixels, cache, progress)

    split, spec = data.split, experiment.spec
    rows = [part.tolist() for part in (split.train, split.train_labels, split.validation)]
    computed_by = version("openvino"), version("keras"), device_name()  # As for features.
    identity = digest_of(VERSION, *computed_by, data.pixels.key, identity_of(experiment, progress), rows)

    def kept(number: int, classifier: str) -> Scores:
        drawn = (spec.head.projection_units, spec.train.seed) if _projects(classifier) else ()

        def build(_folder: Path) -> dict[str, Any]:
            found, total = {}, len(classifiers) * len(features())
            for done, (cut, values) in enumerate(features().items(), number * len(features())):
                progress(PROBING, done, total)
                watch = functools.partial(progress, PROBING, done, total)
                found[cut] = asdict(_score_of(classifier, cut, values, data, spec, watch))
            return {"identity": ["depth probe", identity, classifier, *drawn], "cuts": found}

        folder = cache / "features" / digest_of("depth probe", identity, classifier, *drawn)
        # There is no array next to the index; this marks the entry as recently used for eviction.
        _, index = opened(folder, Job(PROBING, pieces=1, size=1), build, lambda _: np.empty(0), progress)
        return {cut: from_json(Score, score) for cut, score in index["cuts"].items()}

    return {classifier: kept(number, classifier) for number, classifier in enumerate(classifiers)}


def _projects(classifier: str) -> bool:
    return classifier != NEIGHBOURS and SOLVED[classifier].projects


def _score_of(
    classifier: str, cut: str, features: np.ndarray, data: Prepared, spec: ExperimentSpec, watch: Callable[[], None]
) -> Score:
    """The score of a classifier on the features of a cut; validation images are used once, after all choices."""
    split, classes = data.split, len(data.dataset.class_names)
    known, asked = features[split.train], features[split.validation]
    if not (np.isfinite(known).all() and np.isfinite(asked).all()):
        raise RunFailed(
            f"Features of {cut} are NaN for some images; the weights are damaged, or belong to another network."
        )
    labels, right = split.train_labels, data.dataset.labels[split.validation]
    if classifier == NEIGHBOURS:
        count, told = neighbours.chosen(known, labels, classes)
        near = labels[neighbours.nearest(asked, known, count)]
        return _score(neighbours.voted(near, count, classes) == right, told, count)
    head = HeadSpec(classifier=classifier, projection_units=spec.head.projection_units)
    found = solution(head, known, labels, classes, spec.train.seed, watch)
    fitted = ridge.accuracy(found.outputs(known), labels)
    setting = found.selected["l2"] if classifier == "ridge" else found.selected.get("temperature", 1.0)
    return _score(found.outputs(asked).argmax(axis=1) == right, fitted, setting)


def _score(right: np.ndarray, train_accuracy: float, setting: float) -> Score:
    low, high = wilson_interval(int(right.sum()), len(right))
    wrong = tuple(np.flatnonzero(~right).tolist())
    return Score(float(right.mean()), low, high, train_accuracy, setting, wrong)


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
    thawed = {"backbone.output": "last", "backbone.freeze": block.name, "backbone.mirror": False}
    tail = _planned(experiment, thawed, images, classes)
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
