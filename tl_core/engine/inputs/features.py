"""The feature cache: what the frozen part of a network says of every image, computed once.

Legal only where it is a fixed function of the image: fixed pixels and frozen layers. Keyed by everything it depends on, so that any
run with the same pixels, weights and cut finds it made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.cache import Job, Progress, built_once, mapped, need_space
from tl_core.data.pixels import Pixels
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import Prefix, compiled
from tl_core.files import digest_of

VERSION = 1
"""Raised when the same pixels and weights would give other features."""

BATCH = 16
_FILE = "features.f32"


def features(
    model: keras.Model, pixels: Pixels, identity: tuple[Any, ...], cache: Path, progress: Progress
) -> np.ndarray:
    """The output of a frozen model for every image: float32, shape (images, ...), memory-mapped, read-only.

    Args:
        identity: Everything besides the pixels that the output depends on: backbone, weights, cut, pooling.

    Raises:
        RunFailed: where the disk has too little space.
        RunStopped: where `progress` raises it; nothing half-made is left.
    """
    folder = (
        cache / "features" / digest_of("features", VERSION, version("openvino"), version("keras"), pixels.key, identity)
    )
    shape = (len(pixels.images), *model.outputs[0].shape[1:])

    def build(building: Path) -> dict[str, Any]:
        need_space(building, int(np.prod(shape)) * 4, "cached features")
        _write(compiled(model), pixels.images, building / _FILE, progress)
        return {"shape": shape, "identity": list(identity)}

    built_once(folder, Job("Computing features", shape[0], int(np.prod(shape)) * 4), build, progress)
    return mapped(folder / _FILE, np.float32, shape)


def _write(prefix: Prefix, images: np.ndarray, path: Path, progress: Progress) -> None:
    done = 0
    with path.open("wb") as file:
        for output in prefix(_batches(images)):
            file.write(np.ascontiguousarray(output, dtype=np.float32).data)
            done += len(output)
            progress("Computing features", done, len(images))
        file.flush()
        os.fsync(file.fileno())


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    return (images[start : start + BATCH] for start in range(0, len(images), BATCH))
