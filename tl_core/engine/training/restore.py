"""Restores the network of a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.results.export import Output, Signature
from tl_core.engine.training import checkpoints
from tl_core.engine.training.initial_weights import first_network
from tl_core.errors import BadInput, RunFailed
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.files import read_json
from tl_core.records import ProgressCallback, unwatched
from tl_core.store import Run, read_spec, read_state
from tl_core.store.checkpoints import Checkpoint, kept_at, unreadable


def restore(model: keras.Model, folder: Path, entry: Checkpoint) -> None:
    """Loads a checkpoint's weights, averaged if there is an EMA, into a network; other weights are unchanged.

    Raises:
        RunFailed: it is damaged.
    """
    _put(model, checkpoints.load(folder, entry), "model")


def restore_trained(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Loads the trained weights of a checkpoint into a network, not their averages."""
    _put(model, values, "model")
    _put(model, values, "trained")


def _put(model: keras.Model, values: Mapping[str, np.ndarray], part: str) -> None:
    named = {f"{part}/{variable.path}": variable for variable in model.weights}
    checkpoints.restore(values, {name: variable for name, variable in named.items() if name in values})


def signature_of(run: Run, experiment: Experiment, classes: tuple[str, ...], entry: Checkpoint) -> Signature:
    """The signature of a run's network of an epoch."""
    spec = experiment.spec
    environment = read_state(run).environment
    one_unit = spec.head.units(len(classes)) == 1
    output: Output = "sigmoid" if one_unit else "softmax"
    details = {
        "run": run.id,
        "epoch": entry.epoch,
        "checkpoint": entry.sha256,
        "backbone": spec.backbone.name,
        "spec": spec.digest(),
        **(asdict(environment) if environment else {}),
    }
    margins = spec.head.classifier == "linear-svm"
    return Signature(classes, experiment.image_size, "margins" if margins else output, details)


def network_at(run: Run, epoch: int, progress: ProgressCallback = unwatched) -> tuple[keras.Model, Signature]:
    """The network after an epoch: pixels to logits, with its signature.

    A checkpoint holds the weights trained by then; all others are initial weights.

    Raises:
        BadInput: the checkpoint is not kept (or was removed while it was read), or the pretrained weights have changed.
        RunFailed: the pretrained weights are not available.
    """
    experiment, entry = resolve(read_spec(run)), kept_at(run, epoch)
    classes = _classes(run)
    _check_weights(run, experiment)
    model = first_network(run, experiment, classes, progress)
    try:
        restore(model, run.checkpoints, entry)
    except (RunFailed, FileNotFoundError):
        raise unreadable(run, entry) from None
    return model, signature_of(run, experiment, classes, entry)


def _classes(run: Run) -> tuple[str, ...]:
    """The classes of a run, in the order of its outputs."""
    try:
        return tuple(read_json(run.report / "data.json")["classes"])
    except OSError:
        raise BadInput.of("run", f"{run.id} has not read its data yet", "Wait for its first epoch.") from None


def _check_weights(run: Run, experiment: Experiment) -> None:
    known = read_state(run).weights
    found = experiment.weights_identity
    if known not in (None, found):
        raise BadInput.of("run", f"the pretrained weights differ from those of {run.id}", "Restore them.")
