"""The weights of a run's network: its initial ones, those of the checkpoint it was forked from, and those of its own checkpoints."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tl_core.data.names import class_name
from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import assemble
from tl_core.engine.results.export import Output, Signature
from tl_core.engine.training import checkpoints
from tl_core.errors import BadInput, RunFailed
from tl_core.experiment.resolve import Experiment, resolve
from tl_core.records import ProgressCallback, unwatched
from tl_core.store import Run, classes_of, read_spec, read_state
from tl_core.store.checkpoints import Checkpoint, kept_at, unreadable
from tl_core.store.fork_start import Start, read_start, start_weights
from tl_core.store.outputs import remove_outputs

log = logging.getLogger(__name__)

OTHER_IMAGES = "The images differ from the parent's: some validation images may have been trained on before."


def first_network(
    run: Run,
    experiment: Experiment,
    classes: tuple[str, ...],
    progress: ProgressCallback = unwatched,
    data: str = "",
    network: keras.Model | None = None,
) -> keras.Model:
    """The network of a run before its first epoch: `assemble`, then `take_start`. Checkpoints are restored on top of it."""
    model = assemble(experiment, len(classes), progress, network)
    take_start(model, run, experiment, classes, data)
    return model


def take_start(
    model: keras.Model, run: Run, experiment: Experiment, classes: tuple[str, ...] = (), data: str = ""
) -> None:
    """Loads the initial weights of a fork into its network; layers that are not in the checkpoint keep theirs. Does nothing for other runs.

    Called before the network is cut: frozen layers may have been trained by the parent.

    Args:
        classes: The classes of the outputs; checked if given.
        data: The fingerprint of the images, which is not yet in the state of a new run.

    Raises:
        RunFailed: the weights are damaged, or do not fit the network or the classes.
    """
    start = _start_of(run, experiment)
    if start is None:
        return
    if classes and classes != tuple(map(class_name, start.classes)):
        raise RunFailed(f"The classes of the images differ from those of the fork: {', '.join(start.classes)}.")
    if start.data and (data or read_state(run).data or start.data) != start.data:
        log.warning(OTHER_IMAGES)
        if not checkpoints.entries_of(run.checkpoints):  # The rows of the parent belong to other images.
            remove_outputs(run)
    try:
        put(model, start_weights(run))
    except BadInput as error:
        raise RunFailed(str(error)) from None
    log.info("Starts from epoch %d of %s.", start.epoch, start.run)


def put(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Assigns weights, by "model/<the variable's path>", to a network; raises RunFailed if one does not fit."""
    _check_fit(values, {f"model/{variable.path}": variable for variable in model.weights})
    _assign(model, values, "model")


def start_identity(run: Run, experiment: Experiment) -> str:
    """A hash of the parent's changes to the backbone, for feature keys; "" if it is as pretrained."""
    start = _start_of(run, experiment)
    return start.backbone if start else ""


def _start_of(run: Run, experiment: Experiment) -> Start | None:
    start = read_start(run)
    if start is None and experiment.spec.start.run:
        raise RunFailed("The initial weights of this fork are missing (start.json). Fork its parent again.")
    return start


def _check_fit(values: Mapping[str, np.ndarray], variables: Mapping[str, keras.Variable]) -> None:
    for name, value in values.items():
        if name not in variables:
            raise RunFailed(f"The checkpoint of the parent contains {name}, which is not in the network of the fork.")
        if tuple(variables[name].shape) != value.shape:
            shapes = f"{value.shape} in the checkpoint and {tuple(variables[name].shape)} in the network"
            raise RunFailed(f"The initial weights of the fork do not fit its network: {name} has the shape {shapes}.")


def restore(model: keras.Model, folder: Path, entry: Checkpoint) -> None:
    """Loads a checkpoint's weights, averaged if there is an EMA, into a network; other weights are unchanged.

    Raises:
        RunFailed: it is damaged.
    """
    _assign(model, checkpoints.load(folder, entry), "model")


def restore_trained(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Loads the trained weights of a checkpoint into a network, not their averages."""
    _assign(model, values, "model")
    _assign(model, values, "trained")


def _assign(model: keras.Model, values: Mapping[str, np.ndarray], part: str) -> None:
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
    kind: Output = "margins" if spec.head.margins else output
    return Signature(classes, experiment.image_size, kind, details, grey_range=spec.data.grey_range)


def network_at(run: Run, epoch: int, progress: ProgressCallback = unwatched) -> tuple[keras.Model, Signature]:
    """The network after an epoch: pixels to logits, with its signature.

    A checkpoint holds the weights trained by then; all others are initial weights.

    Raises:
        BadInput: the checkpoint is not kept (or was removed while it was read), or the pretrained weights have changed.
        RunFailed: the pretrained weights are not available.
    """
    experiment, entry = resolve(read_spec(run)), kept_at(run, epoch)
    classes = classes_of(run)
    _check_weights(run, experiment)
    model = first_network(run, experiment, classes, progress)
    try:
        restore(model, run.checkpoints, entry)
    except (RunFailed, FileNotFoundError):
        raise unreadable(run, entry) from None
    return model, signature_of(run, experiment, classes, entry)


def _check_weights(run: Run, experiment: Experiment) -> None:
    known = read_state(run).weights
    found = experiment.weights_identity
    if known not in (None, found):
        raise BadInput.of("run", f"the pretrained weights differ from those of {run.id}", "Restore them.")
