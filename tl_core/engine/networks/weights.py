"""Loads the weights of a setting into a network built by `networks.build`."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from tl_core.backbones import stored
from tl_core.backbones.checksums import matches
from tl_core.backbones.download import Report, obtain
from tl_core.backbones.row import Backbone
from tl_core.backbones.weights import SETTING, problems, resolve, weights_identity
from tl_core.engine.backend import keras
from tl_core.engine.networks import added, torch_weights
from tl_core.engine.networks.builders import OWN
from tl_core.engine.networks.keras_networks import read_file
from tl_core.errors import BadInput, RunFailed
from tl_core.files import digest_of
from tl_core.text import first_of


def load(network: keras.Model, backbone: Backbone, weights: str, seed: int, report: Report | None = None) -> str:
    """Loads weights into a network and returns their identity (see `backbones.weights.weights_identity`).

    Args:
        weights: The setting `backbone.weights`.
        report: Called with the progress of a download.
        seed: For "random": the same seed always gives the same weights.

    Raises:
        BadInput: invalid setting, a package that is not installed, or a file that does not fit the network.
        RunFailed: the download failed, or the bundled weights are damaged.
    """
    if found := problems(backbone, weights):
        raise BadInput(found)
    chosen = resolve(backbone, weights)
    if chosen.path is None:
        randomise(network, seed)
    elif chosen.kind == "bundled":
        _load_bundled(network, backbone, chosen.path)
    elif chosen.kind == "added":
        load_added(network, backbone, chosen.path)
    elif chosen.kind == "file":
        refuse_other_layers(network, backbone.title, chosen.path)
        _load_file(network, backbone, chosen.path)
    else:
        _load_file(network, backbone, obtain(backbone, report))
    return weights_identity(backbone, weights, seed)


def load_added(network: keras.Model, backbone: Backbone, path: Path) -> None:
    """Loads the file of a network of your own; raises BadInput if it does not fit."""
    if backbone.architecture:
        refuse_other_layers(network, backbone.title, path)
        _load_file(network, backbone, path)
    else:
        added.load(network, path)


def randomise(network: keras.Model, seed: int) -> None:
    """Draws all weights from their layers' initialisers, seeded by the seed and the layer's name."""
    for layer in network.layers:
        if layer.weights:
            twin = type(layer).from_config(_seeded(layer.get_config(), f"{seed}/{layer.name}"))
            twin.build_from_config(layer.get_build_config())
            layer.set_weights(twin.get_weights())


def _seeded(config: dict[str, Any], seed: str) -> dict[str, Any]:
    """A layer's config with a seed in every random initialiser."""
    for key, value in config.items():
        if key.endswith("_initializer") and isinstance(value, dict) and "seed" in value["config"]:
            value["config"]["seed"] = int(digest_of(seed, key)[:7], 16)
    return config


def _load_bundled(network: keras.Model, backbone: Backbone, path: Path) -> None:
    if not matches(path, backbone.weights.checksum):
        raise RunFailed(f"the weights of {backbone.title} at {path} are damaged; reinstall their package")
    torch_weights.load(network, path, OWN[backbone.name].names)


def refuse_other_layers(network: keras.Model, title: str, path: Path) -> None:
    """Raises BadInput if a file of an unknown network names its layers and none of them is in this network.

    Keras compares only shapes, which networks of different scaling or padding may share. Unnamed layers count on from network to network, so
    numbers at the end of names do not matter. A file that is known to be of this network by its shapes may call its layers otherwise, as
    versions of Keras did.
    """
    try:
        found = stored.read(path)
    except (OSError, ValueError):  # `load_weights` says why.
        return
    if stored.networks_of(found) == (network.name,):
        return
    own = [layer.name for layer in network.layers if layer.weights]
    if found.layers and not {_unnumbered(name) for name in found.layers} & {_unnumbered(name) for name in own}:
        names = f"its layers are called {first_of(found.layers, 3)}; the network's {first_of(own, 3)}"
        message = f"{path} does not contain weights of {title}: {names}"
        raise BadInput.of(SETTING, message, "Choose the network that the file belongs to.")


def _unnumbered(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _load_file(network: keras.Model, backbone: Backbone, path: Path) -> None:
    try:
        with warnings.catch_warnings():
            # Keras searches each layer in two places of the file and warns about the second, which the scaling has moved.
            warnings.filterwarnings("ignore", message="Skipping nested container")
            read_file(network, backbone, path)
    except (ValueError, OSError, KeyError, TypeError) as error:
        message = f"{path} does not contain weights of {backbone.title}: {_reason(error)}"
        remedy = "Use a file of this architecture without the classifier; delete a damaged download."
        raise BadInput.of(SETTING, message, remedy) from error


def _reason(error: Exception) -> str:
    """Keras's message as one line, without variable values and layer lists."""
    text = str(error.args[0]) if error.args else type(error).__name__
    return " ".join(re.split("Target variable:|List of objects", text)[0].split()).rstrip(".")
