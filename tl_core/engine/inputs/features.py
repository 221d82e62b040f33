"""The feature cache: what the frozen part of a network says of every image, computed once.

Legal only where it is a fixed function of the image: fixed pixels and frozen layers. Keyed by everything it depends on, so that any
run with the same pixels, weights and cut finds it made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.cache import Job, Progress, built_once, mapped, need_space
from tl_core.data.pixels import Pixels
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import ready
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
    images = len(pixels.images)
    shape = (images, *model.outputs[0].shape[1:])
    batches = (pixels.images[places] for places in portions(images))
    return stored(lambda: ready(model, identity)(batches), shape, (pixels.key, identity), cache, progress)


def stored(
    outputs: Callable[[], Iterable[np.ndarray]],
    shape: tuple[int, ...],
    identity: tuple[Any, ...],
    cache: Path,
    progress: Progress,
    said: str = "Computing features",
) -> np.ndarray:
    """What a frozen model says of images, computed where it is not stored yet; see `features`.

    Args:
        outputs: Gives it in batches; called only where it is needed.
        shape: Of all batches together: (images, ...).
        identity: Everything that they depend on.
        said: What `progress` is told.
    """
    folder = cache / "features" / digest_of("features", VERSION, version("openvino"), version("keras"), *identity)
    size = int(np.prod(shape)) * 4

    def build(building: Path) -> dict[str, Any]:
        need_space(building, size, "cached features")
        _write(outputs(), building / _FILE, lambda done: progress(said, done, shape[0]))
        return {"shape": shape, "identity": list(identity)}

    built_once(folder, Job(said, shape[0], size), build, progress)
    return mapped(folder / _FILE, np.float32, shape)


def portions(images: int) -> Iterator[slice]:
    """Places of images, in the portions in which their features are computed."""
    return (slice(start, min(start + BATCH, images)) for start in range(0, images, BATCH))


def _write(outputs: Iterable[np.ndarray], path: Path, written: Callable[[int], None]) -> None:
    """Writes batches one after another; `written` is told how many images are done."""
    done = 0
    with path.open("wb") as file:
        for output in outputs:
            file.write(np.ascontiguousarray(output, dtype=np.float32).data)
            done += len(output)
            written(done)
        file.flush()
        os.fsync(file.fileno())
