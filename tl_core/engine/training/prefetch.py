"""Prefetch: builds the network and computes the features of an experiment in advance."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tl_core.cache.arrays import NoRoom
from tl_core.data.partial_pixels import Growing
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import keras, set_up
from tl_core.engine.inputs.features import begin
from tl_core.engine.networks import network_pool
from tl_core.engine.networks.assembly import Parts, divide, with_head
from tl_core.engine.training.phase_data import identity_of, stored_features
from tl_core.experiment.resolve import Experiment
from tl_core.records import Activity, ProgressCallback, Stage
from tl_core.store import cache_folder

log = logging.getLogger(__name__)


def prefetch_experiment(experiment: Experiment, models: Path, progress: ProgressCallback) -> None:
    """Prepares the pixels, network and features of a spec; downloads nothing.

    Raises:
        BadInput, RunFailed: as a run.
        RunStopped: `progress` raised it.
    """
    set_up(experiment.spec.train.seed)
    data = prepared(experiment, cache_folder(models), progress)
    progress(Activity(Stage.BUILDING), 0, 1)
    network = _network(experiment)
    if _stores_features(experiment):
        parts = _parts(network, experiment, len(data.dataset.class_names))
        stored_features(experiment, data, parts, cache_folder(models), progress)


def prepared(experiment: Experiment, cache: Path, progress: ProgressCallback, *, fresh: bool = True) -> Prepared:
    """The data of a spec, as in `prepare`; while images are decoded, builds the network and computes features. Downloads nothing.

    Args:
        fresh: False for a resumed run, which may be past the phase that uses these features.
    """
    file = experiment.weights.path
    if file is not None and not file.is_file():
        return prepare(experiment.spec.data, experiment.image_size, cache, progress)
    decoding: Future[Growing | None] = Future()

    def tell(growing: Growing | None) -> None:
        if not decoding.done():
            decoding.set_result(growing)

    def watched(activity: Activity, done: int, total: int) -> None:
        if meanwhile.done():
            meanwhile.result()  # Raise its error now, not after all images are decoded.
        progress(activity, done, total)

    with ThreadPoolExecutor(max_workers=1) as other:
        meanwhile = other.submit(_build_and_begin, experiment, cache, decoding, fresh)
        try:
            data = prepare(experiment.spec.data, experiment.image_size, cache, watched, tell)
        finally:
            tell(None)
    meanwhile.result()
    return data


def _build_and_begin(experiment: Experiment, cache: Path, decoding: Future[Growing | None], fresh: bool) -> None:
    """Builds the network, and computes features of the images decoded so far, until all are decoded."""
    network = _network(experiment)
    growing = decoding.result()
    if (
        growing is None
        or not fresh
        or not _stores_features(experiment)
        or experiment.spec.train.prefix_precision != "f32"
    ):
        return
    parts = _parts(network, experiment, classes=2)  # The frozen prefix is the same for any number.
    assert parts.prefix is not None
    try:
        begin(parts.prefix, growing, identity_of(experiment, parts), cache, experiment.spec.train.feature_storage)
    except (NoRoom, OSError) as error:  # The run meets it again, and handles it.
        log.info("No features are computed while images are decoded: %s", error)


def _network(experiment: Experiment) -> keras.Model:
    return network_pool.keep(experiment)


def _stores_features(experiment: Experiment) -> bool:
    """True if a run would start by computing features with weights that are present.

    Not for a fork, whose frozen layers its parent may have trained.
    """
    return experiment.phases[0].stores_features and not experiment.spec.start.run


def _parts(network: keras.Model, experiment: Experiment, classes: int) -> Parts:
    return divide(with_head(network, experiment, classes), experiment, experiment.phases[0].frozen)


def is_prefetched(experiment: Experiment) -> bool:
    """True if the network of a spec is built already."""
    return network_pool.is_kept(experiment)
