"""Exports a trained network as one `.keras` file with everything needed to use it: classes, image size, how images are prepared.

The file contains only built-in layers, so plain `keras.saving.load_model(path, safe_mode=True)` reads it. The signature is
inside the file, as another member of the archive, and next to it with the file's checksum; a model card says the same in words.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tl_core.data.grey import DEFAULT, GreyRange
from tl_core.engine.backend import keras
from tl_core.engine.results.model_card import PREPARATION, model_card
from tl_core.errors import BadInput
from tl_core.files import read_json, sha256_of, write_bytes, write_json, write_with

MODEL = "model.keras"
SIGNATURE = "signature.json"
CARD = "README.md"

Output = Literal["softmax", "sigmoid", "margins"]
"""softmax: one probability per class. sigmoid: the probability of the second of two classes. margins: scores that rank
the classes and are not probabilities."""


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a network.

    Attributes:
        image_size: Inputs are float32 RGB 0..255 of shape (batch, image_size, image_size, 3); images are resized to the square.
        details: Its origin: run, epoch, backbone, versions.
        preparation: How an image becomes an input, in words; see `PREPARATION`.
        grey_range: How 16-bit grey images are read, as in training.
    """

    classes: tuple[str, ...]
    image_size: int
    output: Output
    details: dict[str, Any]
    pixel_range: tuple[int, int] = (0, 255)
    preparation: Mapping[str, str] = field(default_factory=lambda: dict(PREPARATION))
    grey_range: GreyRange = DEFAULT
    format: int = 1


def save(model: keras.Model, signature: Signature, folder: Path) -> Path:
    """Writes a network (pixels to logits or margins) with its signature; returns the `.keras` file."""
    file = folder / MODEL
    whole = with_activation(model, signature.output)
    write_with(file, lambda temporary: _write(whole, signature, temporary))
    card = model_card(signature.classes, signature.image_size, signature.output, signature.details)
    write_bytes(folder / CARD, card.encode())
    write_json(folder / SIGNATURE, {**asdict(signature), "sha256": sha256_of(file)})
    return file


def load(folder: Path) -> tuple[keras.Model, Signature]:
    """The network in an export folder; raises BadInput if it is missing or damaged."""
    file = folder / MODEL
    if not file.exists() or not (folder / SIGNATURE).exists():
        raise BadInput.of(
            str(folder),
            "contains no exported network",
            "A run exports its best epoch when it ends; one that was cut short does so on request: export it.",
        )
    beside = read_json(folder / SIGNATURE)
    if sha256_of(file) != beside.pop("sha256"):
        raise BadInput.of(str(file), "is damaged: its checksum does not match")
    return keras.saving.load_model(file, safe_mode=True, compile=False), signature_of(beside)


def signature_of(values: Mapping[str, Any]) -> Signature:
    """A signature from its JSON form."""
    lists = {name: tuple(values[name]) for name in ("classes", "pixel_range")}
    return Signature(**{**values, **lists})


def with_activation(model: keras.Model, output: Output) -> keras.Model:
    """Adds the output activation to a network that gives logits (or margins), as for export."""
    return keras.Model(model.inputs[0], _activated(model.outputs[0], output), name=model.name)


def without_activation(model: keras.Model) -> keras.Model:
    """Removes the output activation of an exported network: losses computed from probabilities lose precision."""
    names = {layer.name for layer in model.layers}
    outputs = model.get_layer(_ACTIVATION).input if _ACTIVATION in names else model.outputs[0]
    return keras.Model(model.inputs[0], outputs)


_ACTIVATION = "probabilities"


def _activated(outputs: Any, output: Output) -> Any:
    return outputs if output == "margins" else keras.layers.Activation(output, name=_ACTIVATION)(outputs)


def _write(model: keras.Model, signature: Signature, path: Path) -> None:
    model.save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SIGNATURE, json.dumps(asdict(signature), indent=2))
