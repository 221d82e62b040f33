"""Stored views: features of a few augmented versions of every training image are computed once, and epochs use them in turn.

A compromise between no augmentation, whose features are cached, and exact augmentation, whose features are recomputed in every
epoch. An epoch with view v sees exactly what epoch v of an exact run would see: pixels, partners and shares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache as once
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.data.pixels import Pixels
from tl_core.engine.backend import keras
from tl_core.engine.inputs.augmentation import VERSION, Recipe, seen
from tl_core.engine.inputs.features import BATCH, COMPARED, is_exact, portions, stored
from tl_core.engine.inputs.prefix import EXACT, Arithmetic, Prefix, compiled
from tl_core.engine.inputs.streams import Batch, Inputs, from_features, labelled
from tl_core.experiment.resolve import Experiment
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import digest_of
from tl_core.records import Activity, ProgressCallback, Stage


def view_of(epoch: int, views: int) -> int:
    """The stored view of an epoch: 1 to views."""
    return (epoch - 1) % views + 1


def drawn_epoch(experiment: Experiment, epoch: int) -> int:
    """The epoch whose random draws apply in an epoch: the epoch itself, or its stored view."""
    planned = experiment.phases
    phase = next((one for one in planned if epoch <= one.last), planned[-1])
    views = phase.spec.train.views
    return view_of(epoch, views) if views and phase.trains_from_features else epoch


def from_views(
    model: keras.Model,
    pixels: Pixels,
    rows: np.ndarray,
    spec: ExperimentSpec,
    epochs: Iterable[int],
    identity: tuple[Any, ...],
    cache: Path,
    progress: ProgressCallback,
    arithmetic: Arithmetic = EXACT,
) -> Inputs:
    """Training images as `spec.train.views` stored views of features; position p is row `rows[p]` of the pixels.

    Computes missing views, each in its own cache folder, so that a run with more views finds them. For phases that
    `trains_from_features` and augment; there it replaces `from_features(stored_features(...), split.train)`.

    Args:
        model: The frozen prefix (`Parts.prefix`).
        spec: The settings of the phase (`Phase.spec`): `augment`, `train.views` and `train.seed` are used.
        epochs: Those of the phase; views that none of them uses are not computed.
        identity: Everything besides pixels and augmentation that the output depends on; see `features`.

    Raises:
        NoRoom: the disk or the budget is full.
        RunStopped: `progress` raised it; the next call continues from there.
    """
    views = spec.train.views
    keys = [pixels.dataset.items[row].key for row in rows]
    recipe = Recipe(spec.augment, spec.train.seed, keys, pixels.images.shape[1])
    steps = [[step.name, step.amount] for step in spec.augment]
    # Keys determine which images are stored, and which are mixed in.
    common = (pixels.key, identity, VERSION, steps, recipe.seed, digest_of(keys), *arithmetic.identity)
    shape = (len(rows), *model.outputs[0].shape[1:])
    prefix = once(lambda: compiled(model, arithmetic))  # Once for all views: it takes seconds.
    unrounded = once(lambda: compiled(model))
    storage = spec.train.feature_storage
    read = {}
    for view in sorted({view_of(epoch, views) for epoch in epochs}):
        outputs = partial(_outputs, prefix, recipe, pixels.images, rows, view)
        first = partial(_outputs, unrounded, recipe, pixels.images, rows, view, 0, COMPARED * BATCH)
        exact = None if is_exact(arithmetic, storage) else first
        activity = Activity(Stage.FEATURES, part=f"view {view} of {views}")
        kept = stored(outputs, shape, (*common, view), cache, progress, activity, storage, exact)
        read[view] = from_features(kept, np.arange(len(rows)))

    def inputs(batches: Iterable[np.ndarray], epoch: int) -> Iterator[Batch]:
        batches, view = list(batches), view_of(epoch, views)
        return labelled((batch.inputs for batch in read[view](batches, epoch)), recipe, batches, view)

    return inputs


def _outputs(
    prefix: Callable[[], Prefix],
    recipe: Recipe,
    images: np.ndarray,
    rows: np.ndarray,
    view: int,
    start: int = 0,
    end: int | None = None,
) -> Iterator[np.ndarray]:
    """Features of a view of the images from `start` to `end`, in batches."""
    positions = np.arange(len(rows))[:end]
    return prefix()(
        seen(recipe, lambda places: images[rows[places]], positions[portion], view)
        for portion in portions(len(positions), start)
    )
