"""Where a run starts: at the first weights of its network, or at those of the checkpoint it was forked from."""

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

OTHER_IMAGES = (
    "The images are not those the parent was trained on: some that validate now may have been trained on before."
)


def first_network(
    run: Run, experiment: Experiment, classes: tuple[str, ...], progress: ProgressCallback = unwatched, data: str = ""
) -> keras.Model:
    """The network of a run as it is before its first epoch: `assemble`, then `take_start`. Also what a checkpoint is restored over."""
    model = assemble(experiment, len(classes), progress)
    take_start(model, run, experiment, classes, data)
    return model


def take_start(
    model: keras.Model, run: Run, experiment: Experiment, classes: tuple[str, ...] = (), data: str = ""
) -> None:
    """Puts the weights a fork begins with into its new network; a layer the checkpoint does not hold keeps its first weights.

    Called before the network is divided: what is frozen now may have been trained by the parent. For any other run nothing happens.

    Args:
        classes: What the outputs stand for; checked where given.
        data: The fingerprint of the images, which a run that was never begun does not have in its state yet.

    Raises:
        RunFailed: where the weights are damaged, or do not fit the network or the classes.
    """
    start = _start_of(run, experiment)
    if start is None:
        return
    if classes and classes != start.classes:
        raise RunFailed(
            f"The images are of other classes than those the run was forked with: {', '.join(start.classes)}."
        )
    if start.data and (data or read_state(run).data or start.data) != start.data:
        log.warning(OTHER_IMAGES)
        if not checkpoints.entries_of(run.checkpoints):  # The rows of the parent are of images that are not these.
            remove_val_outputs(run)
    try:
        put(model, start_weights(run))
    except BadInput as error:
        raise RunFailed(str(error)) from None
    log.info("Starts from epoch %d of %s.", start.epoch, start.run)


def put(model: keras.Model, values: Mapping[str, np.ndarray]) -> None:
    """Puts weights, by "model/<the variable's path>", into a network; RunFailed where one does not fit."""
    variables = {f"model/{variable.path}": variable for variable in model.weights}
    _check_fit(values, variables)
    checkpoints.restore(values, {name: variables[name] for name in values})


def start_identity(run: Run, experiment: Experiment) -> str:
    """A name for what the parent changed in the backbone, for the keys of features; "" where it is as it was pretrained."""
    start = _start_of(run, experiment)
    return start.backbone if start else ""


def _start_of(run: Run, experiment: Experiment) -> Start | None:
    start = read_start(run)
    if start is None and experiment.spec.start.run:
        raise RunFailed("The weights this run was forked with are gone (start.json). Fork its parent again.")
    return start


def _check_fit(values: Mapping[str, np.ndarray], variables: Mapping[str, keras.Variable]) -> None:
    for name, value in values.items():
        if name not in variables:
            raise RunFailed(f"The checkpoint the run was forked from holds {name}, which its network has no place for.")
        if tuple(variables[name].shape) != value.shape:
            shapes = f"{value.shape} there and {tuple(variables[name].shape)} here"
            raise RunFailed(
                f"The weights the run was forked with do not fit its network: {name} has the shape {shapes}."
            )
