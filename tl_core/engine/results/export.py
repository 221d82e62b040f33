"""Exports a trained network as one `.keras` file with everything needed to use it: classes, image size, how images are prepared.

The file contains only built-in layers, so plain `keras.saving.load_model(path, safe_mode=True)` reads it. The signature is
inside the file, as another member of the archive, and next to it with the file's checksum; a model card says the same in words.
"""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tl_core.data.grey import DEFAULT, GreyRange
from tl_core.engine.backend import keras
from tl_core.engine.results.model_card import PREPARATION, model_card
from tl_core.errors import BadInput, Damaged
from tl_core.files import parse_json, read_json, reading, sha256_of, write_bytes, write_json, write_with

log = logging.getLogger(__name__)

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
    card = model_card(
        signature.classes, signature.image_size, signature.output, signature.details, signature.grey_range
    )
    write_bytes(folder / CARD, card.encode())
    write_json(folder / SIGNATURE, {**asdict(signature), "sha256": sha256_of(file)})
    return file


def load(folder: Path) -> tuple[keras.Model, Signature]:
    """The network in an export folder; raises BadInput if there is none, Damaged if its files were changed."""
    signature = read_signature(folder)
    return keras.saving.load_model(folder / MODEL, safe_mode=True, compile=False), signature


def read_signature(folder: Path) -> Signature:
    """The signature of an export folder. Its checksum vouches for the network and for the copy of the signature inside.

    Raises:
        BadInput: it contains no export.
        Damaged: the network was changed, or the signature beside it says something else than the one inside.
    """
    file = folder / MODEL
    try:
        signature, checksum = read_json(folder / SIGNATURE, _beside)
        with reading(file):
            if sha256_of(file) != checksum:
                raise ValueError("its checksum does not match")
            inside = _inside(file)
    except FileNotFoundError:
        raise BadInput.of(
            str(folder),
            "contains no exported network",
            "A run exports its best epoch when it ends; one that was cut short does so on request: export it.",
        ) from None
    if inside is None:
        log.warning("%s contains no signature: changes of the one beside it would not be noticed.", file)
    elif inside != signature:
        raise Damaged.of(
            str(folder / SIGNATURE),
            f"differs from the copy inside {MODEL}",
            f"Restore it from there: {MODEL} is a ZIP file.",
        )
    return signature


def is_sealed(folder: Path) -> bool:
    """False for an export whose network file contains no signature, so that no checksum vouches for the names of its classes."""
    with reading(folder / MODEL):
        return _inside(folder / MODEL) is not None


def _beside(values: Mapping[str, Any]) -> tuple[Signature, str]:
    return _signature(values), str(values["sha256"])


def _inside(file: Path) -> Signature | None:
    with zipfile.ZipFile(file) as archive:
        return _signature(parse_json(archive.read(SIGNATURE))) if SIGNATURE in archive.namelist() else None


def _signature(values: Mapping[str, Any]) -> Signature:
    """A signature from its JSON form."""
    lists = {name: tuple(values[name]) for name in ("classes", "pixel_range")}
    return Signature(**{name: value for name, value in values.items() if name != "sha256"} | lists)


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
