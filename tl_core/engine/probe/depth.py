"""Probing a pretrained network block by block.

Linear classifiers on every block: Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes"
(arXiv:1610.01644). docs/depth-probe.md says what the figures answer and what they do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.cache.arrays import Job, Progress, opened, unwatched
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import device_name
from tl_core.engine.probe import neighbours, ridge
from tl_core.engine.probe.costs import costs
from tl_core.engine.probe.features import at_every_cut, identity_of
from tl_core.errors import BadInput, RunFailed
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import digest_of
from tl_core.results.depth_probe import Depth, Probe, Score, interval
from tl_core.store import cache_folder

VERSION = 1
"""Raised when the same images and features would give other scores."""

PROBING = "Probing the blocks"


def probe(spec: ExperimentSpec, models: Path, progress: Progress = unwatched) -> Probe:
    """How well simple classifiers do on each block of the pretrained network of a spec.

    Of the spec count the data, the network, its weights and the pooling of the head; what is trained, and how, counts for the
    costs alone. Features and scores are kept in the feature cache.

    Raises:
        BadInput, RunFailed: as a run of it would; also BadInput for one that starts from another run.
        RunStopped: where `progress` raises it.
    """
    if spec.start.run:
        message = f"the probe looks at pretrained networks; this one starts from {spec.start.run}"
        raise BadInput.of("start.run", message, "Leave it out.")
    cache = cache_folder(models)
    data = prepare(spec.data, spec.image_size, cache, progress)
    split, classes = data.split, data.dataset.class_names
    images = {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)}
    cost = costs(spec, images, len(classes), len(data.pixels.images))
    scores = _scores_kept(spec, data, cache, progress)
    return Probe(
        source=spec.data.source,
        backbone=spec.backbone.name,
        weights=spec.backbone.weights,
        image_size=spec.image_size,
        pooling=spec.head.pooling,
        classes=classes,
        images=images,
        depths=tuple(Depth(cut, Score(**linear), Score(**near), cost[cut]) for cut, linear, near in scores),
    )


def _scores_kept(spec: ExperimentSpec, data: Prepared, cache: Path, progress: Progress) -> list[Any]:
    """Of every cut its name and two scores as JSON values: from the cache, or computed now."""
    split = data.split
    rows = [part.tolist() for part in (split.train, split.train_labels, split.validation)]
    computed_by = version("openvino"), version("keras"), device_name()  # As of the features.
    identity = digest_of(VERSION, *computed_by, data.pixels.key, identity_of(spec, progress), rows)

    def build(_folder: Path) -> dict[str, Any]:
        features = at_every_cut(spec, data.pixels, cache, progress)
        found = []
        for done, (cut, values) in enumerate(features.items()):
            progress(PROBING, done, len(features))
            found.append((cut, *map(asdict, _scores(cut, values, data))))
        return {"identity": ["depth probe", identity], "cuts": found}

    job = Job(PROBING, pieces=1, size=1)
    folder = cache / "features" / digest_of("depth probe", identity)
    # There is no array beside the index; only so does the entry count as used now when room is made for others.
    _, index = opened(folder, job, build, lambda _: np.empty(0), progress)
    return list(index["cuts"])


def _scores(cut: str, features: np.ndarray, data: Prepared) -> Iterator[Score]:
    """Of ridge regression and of nearest neighbours; validation images are asked once, when all is chosen."""
    split, classes = data.split, len(data.dataset.class_names)
    known, asked = features[split.train], features[split.validation]
    if not (np.isfinite(known).all() and np.isfinite(asked).all()):
        raise RunFailed(
            f"What {cut} says of some images is no number; the weights are damaged, or not of this network."
        )
    labels, right = split.train_labels, data.dataset.labels[split.validation]
    solved = ridge.solve(known, labels, classes)
    l2 = ridge.chosen(solved, labels)
    fitted = ridge.accuracy(solved.fitted(l2), labels)
    yield _score(solved.outputs(asked, l2).argmax(axis=1) == right, fitted, l2)
    count, told = neighbours.chosen(known, labels, classes)
    near = labels[neighbours.nearest(asked, known, count)]
    yield _score(neighbours.voted(near, count, classes) == right, told, count)


def _score(right: np.ndarray, train_accuracy: float, setting: float) -> Score:
    low, high = interval(int(right.sum()), len(right))
    return Score(float(right.mean()), low, high, train_accuracy, setting)
