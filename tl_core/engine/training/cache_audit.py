"""The cache audit: compares cached features with features recomputed by Keras, in float32 and without a cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.backend import set_up
from tl_core.engine.inputs.features import change, kept, key_of, portions
from tl_core.engine.inputs.prefix import in_keras
from tl_core.engine.networks.assembly import Parts, assemble, divide
from tl_core.engine.training.phase_data import arithmetic_of, identity_of
from tl_core.engine.training.weights import first_network, start_identity
from tl_core.errors import BadInput
from tl_core.experiment.resolve import Experiment
from tl_core.records import Activity, ProgressCallback, Stage, unwatched
from tl_core.results.cache_audit import Verified
from tl_core.store import Run, cache_folder, read_state


def audit(
    experiment: Experiment,
    models: Path,
    batches: int = 8,
    run: Run | None = None,
    progress: ProgressCallback = unwatched,
) -> tuple[Verified, ...]:
    """Recomputes some batches of all cached features of an experiment, spread evenly over the images, except stored views.

    Args:
        run: The run of the spec; required for a fork, whose frozen layers its parent may have trained.

    Raises:
        BadInput: nothing is cached.
    """
    spec = experiment.spec
    if spec.start.run and run is None:
        raise BadInput.of(
            "start.run", "the cache of a fork is audited by its run", "Give the run instead of its settings."
        )
    if not any(_depths(experiment)):
        raise BadInput.of(
            "features", f"this experiment caches none: {_why_none(experiment)}", "There is nothing to audit."
        )
    set_up(spec.train.seed)
    data = prepare(spec.data, experiment.image_size, cache_folder(models), progress)
    classes = data.dataset.class_names
    model = first_network(run, experiment, classes, progress) if run else assemble(experiment, len(classes), progress)
    start = start_identity(run, experiment) if run else ""
    found = []
    for frozen in _depths(experiment):
        parts = divide(model, experiment, frozen)
        stored = _stored(experiment, data, parts, models, start)
        if stored is not None:
            found.append(_verified(experiment, data, parts, stored, batches, progress))
    if not found:
        raise _absent(run)
    return tuple(found)


def _why_none(experiment: Experiment) -> str:
    return "train.feature_cache is off" if experiment.spec.train.feature_cache == "off" else "it freezes no layers"


def _absent(run: Run | None) -> BadInput:
    if run and read_state(run).epoch:
        why = "They were removed, there was no room for them, or the images changed."
        return BadInput.of(
            "features", f"those of {run.id} are not cached", f"{why} A new run with its settings caches them again."
        )
    return BadInput.of(
        "features",
        "none of this experiment are cached",
        "Train it. If it was trained, they were removed; a new run caches them again.",
    )


def _depths(experiment: Experiment) -> Iterator[str | None]:
    """The cuts of the phases whose features are cached."""
    yield from dict.fromkeys(phase.frozen for phase in experiment.phases if phase.stores_features)


def _stored(experiment: Experiment, data: Prepared, parts: Parts, models: Path, start: str) -> np.ndarray | None:
    assert parts.prefix is not None
    shape = (len(data.pixels.images), *parts.prefix.outputs[0].shape[1:])
    key = key_of(data.pixels, identity_of(experiment, parts, start), arithmetic_of(experiment, data))
    return kept(shape, key, cache_folder(models), experiment.spec.train.feature_storage)


def _verified(
    experiment: Experiment, data: Prepared, parts: Parts, stored: np.ndarray, batches: int, progress: ProgressCallback
) -> Verified:
    assert parts.prefix is not None
    images, every = data.pixels.images, list(portions(len(stored)))
    chosen = [
        every[place]
        for place in np.unique(np.linspace(0, len(every) - 1, min(batches, len(every))).round().astype(int))
    ]
    exact = []
    for number, output in enumerate(in_keras(parts.prefix)(images[some] for some in chosen), 1):
        exact.append(np.asarray(output))
        progress(Activity(Stage.CHECKING_FEATURES), number, len(chosen))
    found = np.concatenate([stored[some] for some in chosen])
    apart = change(found, np.concatenate(exact))
    each = np.abs(found.astype(np.float32) - np.concatenate(exact)).reshape(len(found), -1).mean(axis=1)
    return Verified(
        cut=parts.boundary,
        images=apart.images,
        of=len(stored),
        precision=arithmetic_of(experiment, data).precision,
        storage=experiment.spec.train.feature_storage,
        largest=apart.largest,
        mean=apart.mean,
        worst=float(each.max()),
        scale=apart.scale,
    )
