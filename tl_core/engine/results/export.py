"""A trained network as one `.keras` file that carries what is needed to use it: classes, size, pixel range.

The file holds built-in layers only, so plain `keras.saving.load_model(path, safe_mode=True)` reads it anywhere. The signature lies
inside the file, as a further member of the archive, and beside it with the file's checksum.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tl_core.engine.backend import keras
from tl_core.errors import BadInput
from tl_core.files import read_json, sha256_of, write_json, write_with

MODEL = "model.keras"
SIGNATURE = "signature.json"

Output = Literal["softmax", "sigmoid", "margins"]
"""softmax: a probability a class. sigmoid: one number, the probability of the second of two classes. margins: scores that order
the classes and are no probabilities."""


@dataclass(frozen=True)
class Signature:
    """What a network takes and gives.

    Attributes:
        image_size: It takes float32 RGB 0..255 of shape (batch, image_size, image_size, 3); images are squeezed to the square.
        details: Where it comes from: run, epoch, backbone, versions.
    """

    classes: tuple[str, ...]
    image_size: int
    output: Output
    details: dict[str, Any]
    pixel_range: tuple[int, int] = (0, 255)
    format: int = 1


def save(model: keras.Model, signature: Signature, folder: Path) -> Path:
    """Writes a network (pixels to logits or margins) with its signature; returns the `.keras` file."""
    file = folder / MODEL
    whole = with_activation(model, signature.output)
    write_with(file, lambda temporary: _write(whole, signature, temporary))
    write_json(folder / SIGNATURE, {**asdict(signature), "sha256": sha256_of(file)})
    return file


def load(folder: Path) -> tuple[keras.Model, Signature]:
    """The network in an export folder; raises BadInput where it is missing or not as it was written."""
    file = folder / MODEL
    if not file.exists() or not (folder / SIGNATURE).exists():
        raise BadInput.of(
            str(folder), "holds no exported network", "A run exports its best epoch when it ends; resume it."
        )
    beside = read_json(folder / SIGNATURE)
    if sha256_of(file) != beside.pop("sha256"):
        raise BadInput.of(str(file), "is damaged: its content is not what was written")
    return keras.saving.load_model(file, safe_mode=True, compile=False), signature_of(beside)


def signature_of(values: Mapping[str, Any]) -> Signature:
    """A signature from its JSON form."""
    lists = {name: tuple(values[name]) for name in ("classes", "pixel_range")}
    return Signature(**{**values, **lists})


def with_activation(model: keras.Model, output: Output) -> keras.Model:
    """A network that gives logits (or margins), made to give what `output` says, as it is exported."""
    return keras.Model(model.inputs[0], _activated(model.outputs[0], output), name=model.name)


def without_activation(model: keras.Model) -> keras.Model:
    """An exported network that gives logits (or margins): losses taken from probabilities would lose what rounding ate."""
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
