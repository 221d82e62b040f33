"""Adds a network of your own: checks its file, keeps the layers below the head, measures their facts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from tl_core.backbones import BACKBONES, IMAGE_SIZES, Backbone, Cut, facts
from tl_core.backbones import added as folders
from tl_core.backbones.added import AddedNetwork, Description
from tl_core.backbones.asked import LARGEST, SMALLEST, Asked, check, cuts_of, scaling_of
from tl_core.backbones.facts import to_json
from tl_core.backbones.keras_graph import parents, separating
from tl_core.engine.backend import keras
from tl_core.engine.networks import added, weights
from tl_core.engine.networks import build as networks
from tl_core.engine.networks.facts import measure
from tl_core.errors import BadInput
from tl_core.files import sha256_of
from tl_core.records import Activity, ProgressCallback, Stage, unwatched

NETWORK = "network.keras"

TAKEN = ("pixels", "scaling", "classifier", "probabilities")
"""Names of layers that the lab adds to every network; those of its head begin with head_."""

ONLY_BELOW = "Save only the layers below the head, and add that file."


def add(models: Path, file: Path, asked: Asked, progress: ProgressCallback = unwatched) -> AddedNetwork:
    """Makes a network of your own from a file: from now on it is a row of the table of backbones.

    Of a `.keras` file a flat copy up to the last cut is kept; the file itself is not changed. A file of weights is copied.

    Args:
        progress: Called between the steps; an exception ends them and leaves nothing behind.

    Raises:
        BadInput: the file or what is said of it is refused; the message says what was found.
    """
    file = file.expanduser()
    folders.use(models)
    check(models, file, asked)
    with folders.adding(models, asked.name) as folder:
        make = _of_weights if asked.architecture else _of_network
        folders.write(make(file, asked, folder, progress))
    return folders.network(folders.PREFIX + asked.name)


def cuttable(network: keras.Model) -> Mapping[str, tuple[int | None, ...]]:
    """The layers at which a flat network can be cut, from the input upwards, each with the shape of its output.

    Those through which everything passes and that give a feature map: (batch, height, width, channels).
    """
    found = {layer.name: layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer)}
    names = (name for name in separating(parents(network.get_config())) if name in found)
    shapes = {name: tuple(found[name].output.shape) for name in names}
    return {name: shape for name, shape in shapes.items() if len(shape) == 4 and shape[-1]}


def _of_network(file: Path, asked: Asked, folder: Path, progress: ProgressCallback) -> AddedNetwork:
    steps = 3
    progress(Activity(Stage.BUILDING), 0, steps)
    original = added.opened(file)
    native, shape = _sizes_of_input(file, original, asked.size)
    flat = _flat_copy(file, original, shape)
    cuts = cuts_of(asked.cuts, cuttable(flat))
    top = keras.Model(flat.inputs[0], flat.get_layer(cuts[-1].layer).output, name=folders.PREFIX + asked.name)
    _check_names(file, top)
    top.save(folder / NETWORK)
    progress(Activity(Stage.BUILDING), 1, steps)
    made = AddedNetwork(top.name, folder, _description(file, asked, folder / NETWORK, native, SMALLEST, cuts), {})
    with folders.unfinished(made.row):
        try:
            sizes = _fitting_sizes(made.row)
            progress(Activity(Stage.BUILDING), 2, steps)
            measured = to_json(measure(made.row, sizes))
        except added.UNUSABLE as error:
            message = f"cannot be added: its layers do not take images of every size above a smallest ({error})"
            raise BadInput.of(str(file), message, "Cut it below the layer that depends on the size.") from error
    return replace(made, description=replace(made.description, minimum_size=sizes[0]), facts=measured)


def _of_weights(file: Path, asked: Asked, folder: Path, progress: ProgressCallback) -> AddedNetwork:
    progress(Activity(Stage.BUILDING), 0, 1)
    base = BACKBONES[asked.architecture]
    copy = folder / ("network.weights.h5" if file.name.endswith(".weights.h5") else f"network{file.suffix}")
    shutil.copyfile(file, copy)
    native = asked.size or base.native_size
    said = _description(file, asked, copy, native, base.minimum_size, base.cuts)
    made = AddedNetwork(folders.PREFIX + asked.name, folder, said, to_json(facts(base.name)))
    with folders.unfinished(made.row):
        row = BACKBONES[made.name]  # With the function that builds its layers.
        weights.load_added(networks.build(row, native), row, file)
    return made


def _description(file: Path, asked: Asked, kept: Path, native: int, minimum: int, cuts: tuple[Cut, ...]) -> Description:
    scaling = scaling_of(asked.scaling)
    return Description(
        title=asked.title.strip() or asked.name,
        file=kept.name,
        sha256=sha256_of(kept),
        file_bytes=kept.stat().st_size,
        origin=file.name,
        added=date.today().isoformat(),
        native_size=native,
        minimum_size=minimum,
        cuts=cuts,
        mean=scaling.mean,
        scale=scaling.scale,
        order=scaling.order,
        architecture=asked.architecture,
        citation=asked.citation.strip(),
        licence=asked.licence.strip(),
    )


def _sizes_of_input(file: Path, network: keras.Model, size: int | None) -> tuple[int, tuple[int, int, int]]:
    """The native size, and the shape that the input has in the file, or gets where it has none."""
    shape = tuple(network.inputs[0].shape[1:])
    if len(shape) != 3 or shape[-1] != 3:
        raise BadInput.of(str(file), f"cannot be added: its input has the shape {shape}, not (height, width, 3)")
    height, width, _ = shape
    native = size or (max(height, SMALLEST) if height and height == width else None)
    if native is None or native > LARGEST:
        message = f"is missing: the input of {file.name} has the shape {shape}"
        raise BadInput.of("--size", message, f"Say at how many pixels a side it was trained, {SMALLEST} to {LARGEST}.")
    return native, (height or native, width or native, 3)


def _flat_copy(file: Path, original: keras.Model, shape: tuple[int, int, int]) -> keras.Model:
    """A network of the layers of another one, without models inside, that gives the same outputs."""
    pixels = keras.Input(shape, dtype="float32")
    try:
        copy = keras.Model(pixels, added.flattened(original, pixels))
        added.copy_weights(original, copy)
    except added.UNUSABLE as error:
        message = f"cannot be added: its layers cannot be copied ({error})"
        raise BadInput.of(str(file), message, ONLY_BELOW) from error
    inputs = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype(np.float32)
    expected, found = (np.asarray(model(inputs, training=False)) for model in (original, copy))
    if not np.allclose(found, expected, rtol=1e-4, atol=1e-5 * float(np.abs(expected).max())):
        message = "cannot be added: a copy of its layers gives other outputs than the network in the file"
        raise BadInput.of(str(file), message, ONLY_BELOW)
    return copy


def _check_names(file: Path, network: keras.Model) -> None:
    taken = [layer.name for layer in network.layers if layer.name in TAKEN or layer.name.startswith("head_")]
    if taken:
        message = f"cannot be added: its layer {taken[0]!r} has a name that the lab gives to a layer of its own"
        raise BadInput.of(str(file), message, "Rename the layer before you save it.")


def _fitting_sizes(row: Backbone) -> Sequence[int]:
    """The offered image sizes from the smallest that the layers take; raises what Keras does if they do not take the native size."""
    sizes = sorted({*IMAGE_SIZES, row.native_size})
    smallest = next(size for size in sizes if size == row.native_size or _takes(row, size))
    return sizes[sizes.index(smallest) :]


def _takes(row: Backbone, size: int) -> bool:
    try:
        network = networks.outline(row, size)
        return all(side >= 1 for cut in row.cut_names for side in networks.cut_output(network, cut).shape[1:3])
    except added.UNUSABLE:
        return False
