"""Files of Keras made by hand, so that a test needs no Keras."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

Layer = dict[str, Any]


def layer(kind: str, name: str, *sources: str, module: str = "keras.layers", **config: Any) -> Layer:
    """A layer as Keras describes it, which takes the outputs of others."""
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"shape": [], "dtype": "float32", "keras_history": [source, 0, 0]}}
        for source in sources
    ]
    inputs = tensors if len(tensors) == 1 else [tensors]
    nodes = [{"args": inputs, "kwargs": {"training": None}}] if sources else []
    whole = {
        "name": name,
        "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float16"}},
        **config,
    }
    return {
        "module": module,
        "class_name": kind,
        "config": whole,
        "registered_name": None,
        "name": name,
        "inbound_nodes": nodes,
    }


def network(*layers: Layer, inputs: Any = ("image", 0, 0), outputs: Any = None) -> Layer:
    """A network of these layers, from the first to the last."""
    config = {
        "name": "network",
        "layers": list(layers),
        "input_layers": inputs,
        "output_layers": outputs or [layers[-1]["config"]["name"], 0, 0],
    }
    module = "keras.src.models.functional"
    return {"module": module, "class_name": "Functional", "config": config, "registered_name": "Functional"}


def small(*further: Layer) -> Layer:
    """An input, a convolution, and what else stands on it."""
    regularizer = {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.01}, "registered_name": None}
    conv = layer("Conv2D", "conv", "image", filters=4, trainable=False, kernel_regularizer=regularizer)
    return network(layer("InputLayer", "image"), conv, *further)


def write_network(path: Path, config: Any) -> Path:
    """A `.keras` file with a description and no real weights."""
    content = {
        "metadata.json": json.dumps({"keras_version": "3.15.0"}).encode(),
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": b"weights",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path
