"""Looks into a `.keras` file before Keras makes anything of it: what it would build, and whether all of that is known.

Such a file is a ZIP archive of a description in JSON and the weights in HDF5. The description names classes, which Keras imports and calls:
only layers of the list below are accepted, so nothing of the file is executed. Neither Keras nor the weights are loaded here.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from tl_core.backbones.keras_graph import Config, objects_of
from tl_core.errors import BadInput
from tl_core.files import DAMAGE, parse_json
from tl_core.text import data_size

CONFIG, WEIGHTS, METADATA = "config.json", "model.weights.h5", "metadata.json"

LARGEST_CONFIG = 16_000_000
"""Bytes of a description; those of Keras's largest networks have less than one million."""

MOST_EXPANSION, ALWAYS_ENOUGH = 20, 10_000_000
"""Unpacked bytes for each packed one, and bytes that are no danger: Keras does not compress, and weights can hardly be compressed."""

LAYERS = frozenset(
    [
        "InputLayer",
        "Rescaling",
        "Normalization",
        "Conv2D",
        "Conv2DTranspose",
        "DepthwiseConv2D",
        "SeparableConv2D",
        "Dense",
        "EinsumDense",
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "UnitNormalization",
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Softmax",
        "Dropout",
        "SpatialDropout2D",
        "GaussianDropout",
        "GaussianNoise",
        "AlphaDropout",
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
        "Reshape",
        "Flatten",
        "Permute",
        "ZeroPadding2D",
        "Cropping2D",
        "UpSampling2D",
        "Identity",
        "Attention",
        "MultiHeadAttention",
    ]
)
"""Layers of `keras.layers` that compute something of images, read no file and contain no code."""

AUGMENTATIONS = frozenset(
    [
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
        "RandomContrast",
        "RandomBrightness",
        "RandomHue",
        "RandomSaturation",
    ]
)
"""Layers of `keras.layers` that change images while a network is trained, and leave them as they are otherwise. They become `Identity`."""

MODELS = ("Functional", "Sequential", "Model")
_MODEL_MODULES = ("keras", "keras.models", "keras.src.models.functional", "keras.src.models.model")
_PARTS = ("keras.initializers", "keras.constraints", "keras.regularizers")
_DATA = ("__keras_tensor__", "__ellipsis__", "__slice__", "__numpy__", "__tensor__")

_HEAD_ALONE = "If it is above the last cut, save the layers below it as a network of their own, and add that."


def read_config(path: Path) -> Config:
    """The description of the network in a file, of whose classes all are known; ready to be made by `keras.saving.deserialize_keras_object`.

    All layers are float32 and trainable, without penalties and constraints, whatever the file says: precision, freezing, penalties and
    augmentation are settings of an experiment.

    Raises:
        BadInput: it is no `.keras` file, damaged, of Keras 2, too large when unpacked, has a layer that is not accepted, more than one input or
            output, or is no plain graph. The message says what was found.
    """
    try:
        return _plain(_checked(path, _unpacked(path)))
    except DAMAGE as error:  # Anything can stand in a description.
        raise _refused(path, f"its {CONFIG} makes no sense ({type(error).__name__}: {error})") from None


def _checked(path: Path, config: Config) -> Config:
    for found in objects_of(config):
        if reason := _refusal(found):
            raise _refused(path, reason, _HEAD_ALONE)
    if _model_kind(config) is None:
        raise _refused(path, f"it is a {config.get('class_name')}, not a network of layers")
    for model in [config, *_models_inside(config)]:
        _check_graph(path, model)
    names = [layer["config"].get("name", "") for layer in _flat(config)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _refused(path, f"two of its layers are called {twice[0]!r}", "Rename one of them before you save it.")
    return config


def _unpacked(path: Path) -> Config:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(path, archive)
            names = archive.namelist()
            if missing := [name for name in (CONFIG, WEIGHTS) if name not in names]:
                raise _refused(path, f"it contains no {missing[0]}", "Save it with network.save('name.keras').")
            if METADATA in names and _is_old(parse_json(archive.read(METADATA))):
                raise _refused(path, "it was saved by Keras 2", "Load it there, and save it with Keras 3.")
            found = parse_json(archive.read(CONFIG))
    except FileNotFoundError:
        raise BadInput.of(str(path), "there is no such file") from None
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        # RuntimeError: a member with a password, or JSON nested too deeply.
        raise _refused(
            path, f"it is damaged or no .keras file ({str(error)[:200]})", "Copy or save it again."
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("config"), dict):
        raise _refused(path, f"its {CONFIG} describes no network")
    return found


def _check_sizes(path: Path, archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    unpacked, packed = sum(member.file_size for member in members), path.stat().st_size
    config = next((member.file_size for member in members if member.filename == CONFIG), 0)
    if config > LARGEST_CONFIG:
        message = f"its {CONFIG} unpacks to {data_size(config)}; such files have at most {data_size(LARGEST_CONFIG)}"
        raise _refused(path, message)
    if unpacked > max(MOST_EXPANSION * packed, ALWAYS_ENOUGH):
        raise _refused(path, f"its {data_size(packed)} unpack to {data_size(unpacked)}, as no network does")


def _is_old(metadata: Any) -> bool:
    return isinstance(metadata, dict) and str(metadata.get("keras_version", "")).startswith("2.")


def _refusal(found: Config) -> str:
    """Why an object is not accepted; empty if it is."""
    kind, module = found["class_name"], found.get("module")
    named = found.get("name") or (found["config"].get("name") if isinstance(found.get("config"), dict) else None)
    what = f"its layer {named!r}" if named else "it"
    if kind in _DATA:
        return ""
    if kind in ("Lambda", "__lambda__"):
        return f"{what} contains a Lambda, which is code of its own; nothing of a file is executed"
    if (
        kind == "function"
        or ">" in str(found.get("registered_name") or "")
        or not str(module or "").startswith("keras")
    ):
        origin = found.get("registered_name") if kind != "function" else found.get("config")
        return f"{what} needs {str(origin or kind)!r}, which is not part of Keras; nothing of a file is executed"
    known = (
        module in _PARTS
        or str(module).startswith("keras.src.ops.")
        or (module == "keras" and kind == "DTypePolicy")
        or (module in _MODEL_MODULES and kind in MODELS)
        or (module == "keras.layers" and kind in LAYERS | AUGMENTATIONS)
    )
    return (
        ""
        if known
        else f"{what} is a {kind}; accepted are the layers of Keras that compute maps of images (docs/backbones.md)"
    )


def _model_kind(found: Config) -> str | None:
    """Which model an object is, or None."""
    return found["class_name"] if found.get("class_name") in MODELS and "layers" in found["config"] else None


def _models_inside(model: Config) -> Iterator[Config]:
    for layer in model["config"]["layers"]:
        if _model_kind(layer):
            yield layer
            yield from _models_inside(layer)


def _flat(model: Config) -> Iterator[Config]:
    """The layers of a model and of those inside it, without inputs."""
    for layer in model["config"]["layers"]:
        if _model_kind(layer):
            yield from _flat(layer)
        elif layer["class_name"] != "InputLayer":
            yield layer


def _check_graph(path: Path, model: Config) -> None:
    config, name = model["config"], model["config"].get("name", "")
    for end in ("input", "output"):
        count = len(list(_ends(config.get(f"{end}_layers", [["", 0, 0]]))))
        if count != 1:
            raise _refused(path, f"{name!r} has {count} {end}s", f"Save a part of it with one {end}.")
    for layer in config["layers"]:
        nodes = layer.get("inbound_nodes", [])
        if len(nodes) > 1:
            raise _refused(path, f"its layer {layer['config'].get('name')!r} is used {len(nodes)} times")
        if any(isinstance(node, dict) and node.get("kwargs", {}).get("training") is True for node in nodes):
            message = (
                f"its layer {layer['config'].get('name')!r} is always in training mode, so its features would be random"
            )
            raise _refused(path, message, "Build it without training=True.")
        if layer["config"].get("data_format") == "channels_first":
            raise _refused(
                path, f"its layer {layer['config'].get('name')!r} has channels first", "Save it with channels last."
            )


def _ends(value: Any) -> Iterator[Any]:
    """Inputs or outputs: each is [name, number, number], alone or in lists and objects."""
    if isinstance(value, list) and len(value) == 3 and isinstance(value[0], str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _ends(inner)


def _plain(config: Config) -> Config:
    """A copy whose layers are float32 and trainable, without penalties."""
    made = deepcopy(config)
    for found in objects_of(made):
        found.pop("compile_config", None)
        if found["class_name"] in AUGMENTATIONS:
            found.update(class_name="Identity", config={"name": found["config"]["name"]}, build_config=None)
        inner = found["config"]
        if found["class_name"] in _DATA or not isinstance(inner, dict):
            continue
        inner.update({name: None for name in inner if name.endswith(("_regularizer", "_constraint"))})
        inner.update({name: value for name, value in (("dtype", "float32"), ("trainable", True)) if name in inner})
    return made


def _refused(path: Path, message: str, remedy: str = "") -> BadInput:
    return BadInput.of(str(path), f"cannot be added: {message}", remedy)
