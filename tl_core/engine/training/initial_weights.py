"""The initial weights of a run: those of its network, or of the checkpoint it was forked from."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from tl_core.engine.backend import keras
from tl_core.engine.networks.assembly import assemble
from tl_core.engine.training import checkpoints
from tl_core.errors import BadInput, RunFailed
from tl_core.experiment.resolve import Experiment
from tl_core.records import ProgressCallback, unwatched
from tl_core.store import Run, read_state
from tl_core.store.fork_start import Start, read_start, start_weights
from tl_core.store.val_outputs import remove_val_outputs

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
    if classes and classes != start.classes:
        raise RunFailed(f"The classes of the images differ from those of the fork: {', '.join(start.classes)}.")
    if start.data and (data or read_state(run).data or start.data) != start.data:
        log.warning(OTHER_IMAGES)
        if not checkpoints.entries_of(run.checkpoints):  # The rows of the parent belong to other images.
            remove_val_outputs(run)
    try:
        put(model, start_weights(run))
    except BadInput as error:
        raise RunFailed(str(error)) from None
    log.info("Starts from epoch %d of %s.", start.epoch, start.run)


def put(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Assigns weights, by "model/<the variable's path>", to a network; raises RunFailed if one does not fit."""
    variables = {f"model/{variable.path}": variable for variable in model.weights}
    _check_fit(values, variables)
    checkpoints.restore(values, {name: variables[name] for name in values})


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
