"""The feature cache: the output of the frozen prefix for every image, computed once.

Valid only if features are a fixed function of the image: fixed pixels and frozen layers. Keyed by everything they depend on, so that any
run with the same pixels, weights and cut finds them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tl_core.cache import feature_keys
from tl_core.cache.arrays import Job, State, grown, is_built, mapped, missing_bytes, need_space, opened
from tl_core.data.pixels import Pixels
from tl_core.engine.backend import keras
from tl_core.engine.inputs.prefix import EXACT, Arithmetic, compiled
from tl_core.errors import RunFailed
from tl_core.records import Activity, ProgressCallback, Stage

log = logging.getLogger(__name__)

COMPUTING = Activity(Stage.FEATURES)

BATCH = 16

COMPARED = 4
"""Number of first batches that are also computed exactly if stored features are not exact."""

Storage = Literal["float32", "float16"]
_FILES: dict[str, str] = {"float32": "features.f32", "float16": "features.f16"}


@dataclass(frozen=True)
class Change:
    """The difference between two features of the same images.

    Attributes:
        images: Number of images compared.
        largest, mean: The largest and mean absolute difference.
        scale: The largest absolute value of the exact features.
    """

    images: int
    largest: float
    mean: float
    scale: float

    def __str__(self) -> str:
        scale = self.scale or 1.0
        return f"{self.largest / scale:.1e} of the largest feature at most, {self.mean / scale:.1e} on average"


def change(found: np.ndarray, exact: np.ndarray) -> Change:
    """The difference between exact features and others, of the same shape (images, ...)."""
    apart = np.abs(found.astype(np.float32) - exact)
    return Change(len(exact), float(apart.max()), float(apart.mean()), float(np.abs(exact).max()))


def features(
    model: keras.Model,
    pixels: Pixels,
    identity: tuple[Any, ...],
    cache: Path,
    progress: ProgressCallback,
    arithmetic: Arithmetic = EXACT,
    storage: Storage = "float32",
) -> np.ndarray:
    """The output of a frozen model for every image: of the type `storage`, shape (images, ...), memory-mapped, read-only.

    Args:
        identity: Everything besides the pixels that the output depends on: backbone, weights, cut, pooling.

    Raises:
        NoRoom: the disk or the budget is full.
        RunStopped: `progress` raised it; the next call continues from there.
        RunFailed: stored features have another number of images.
    """
    images = pixels.images

    def exact() -> Iterable[np.ndarray]:
        return compiled(model)(images[some] for some in compared(len(images)))

    def outputs(start: int) -> Iterator[np.ndarray]:
        return compiled(model, arithmetic)(images[some] for some in portions(len(images), start))

    shape, key = (len(images), *model.outputs[0].shape[1:]), key_of(pixels, identity, arithmetic)
    unrounded = None if is_exact(arithmetic, storage) else exact
    found = stored(outputs, shape, key, cache, progress, storage=storage, exact=unrounded)
    if found.shape != shape:
        raise RunFailed(
            f"Stored features are for {len(found)} images, expected {len(images)}. Remove the feature cache on the Settings page."
        )
    return found


def key_of(pixels: Pixels, identity: tuple[Any, ...], arithmetic: Arithmetic = EXACT) -> tuple[Any, ...]:
    """The `identity` that `features` gives to `stored`."""
    return feature_keys.key_of(pixels.key, identity, arithmetic.identity)


def stored(
    outputs: Callable[[int], Iterable[np.ndarray]],
    shape: tuple[int, ...],
    identity: tuple[Any, ...],
    cache: Path,
    progress: ProgressCallback,
    activity: Activity = COMPUTING,
    storage: Storage = "float32",
    exact: Callable[[], Iterable[np.ndarray]] | None = None,
) -> np.ndarray:
    """Features of images, computed if not stored yet; see `features`.

    Args:
        outputs: Yields them in batches, from a given image on, which is the first of a batch. Called only if needed.
        shape: Of all batches together: (images, ...).
        identity: Everything that they depend on.
        activity: Reported to `progress`.
        exact: If features are not exact: yields the first batches in f32, as in `compared`, for comparison.
    """
    folder, size = entry(cache, identity, storage), int(np.prod(shape)) * np.dtype(storage).itemsize

    def build(building: Path) -> dict[str, Any]:
        file = building / _FILES[storage]
        need_space(building.parent, missing_bytes(building, size), "cached features", optional=True)
        more = partial(_missing, outputs, storage, lambda done: progress(activity, done, shape[0]))
        if (made := grown(file, {"images": 0}, more)["images"]) != shape[0]:
            raise RunFailed(f"Computed features of {made} images, expected {shape[0]}; nothing is stored.")
        index: dict[str, Any] = {"shape": shape, "identity": list(identity)}
        if exact is None:
            return index
        return {**index, "change": vars(_changed(mapped(file, storage, shape), exact))}

    job = Job(activity, shape[0], size)

    def read(index: dict[str, Any]) -> np.ndarray:
        return mapped(folder / _FILES[storage], storage, tuple(index["shape"]))

    found, index = opened(folder, job, build, read, progress)
    if "change" in index:
        log.info("Features are not exact: they differ by %s.", Change(**index["change"]))
    return found


def kept(
    shape: tuple[int, ...], identity: tuple[Any, ...], cache: Path, storage: Storage = "float32"
) -> np.ndarray | None:
    """The stored features; None if there are none."""
    folder = entry(cache, identity, storage)
    if not is_built(folder):
        return None

    def gone(_: Path) -> dict[str, Any]:
        raise _Gone

    try:
        return opened(
            folder,
            Job(COMPUTING, 0, 0),
            gone,
            lambda _: mapped(folder / _FILES[storage], storage, shape),
        )[0]
    except _Gone:
        return None


class _Gone(Exception):
    """An entry was just removed."""


def is_exact(arithmetic: Arithmetic, storage: Storage) -> bool:
    """True if features are stored exactly as f32 arithmetic gives them."""
    return not arithmetic.identity and storage == "float32"


def entry(cache: Path, identity: tuple[Any, ...], storage: Storage = "float32") -> Path:
    """The folder of features in the cache, whether it exists or not."""
    return feature_keys.folder_of(cache, identity, storage)


def portions(images: int, start: int = 0) -> Iterator[slice]:
    """The images from one on, in the batches in which their features are computed."""
    return (slice(first, min(first + BATCH, images)) for first in range(start, images, BATCH))


def compared(images: int) -> Iterator[slice]:
    """The first batches, which are also computed exactly if features are not exact."""
    return portions(min(images, COMPARED * BATCH))


def _missing(
    outputs: Callable[[int], Iterable[np.ndarray]], storage: Storage, written: Callable[[int], None], state: State
) -> Iterator[tuple[Any, State]]:
    """The batches not stored yet; `written` is called with the number of stored images."""
    done = state["images"]
    for output in outputs(done):
        done += len(output)
        yield as_stored(output, storage).data, {"images": done}
        written(done)


def as_stored(output: np.ndarray, storage: Storage) -> np.ndarray:
    """An output converted to the storage type; raises RunFailed if a value is out of range."""
    if storage == "float16" and np.abs(output).max(initial=0) > np.finfo(np.float16).max:
        raise RunFailed("A feature exceeds the range of float16 (65,504). Set train.feature_storage to float32.")
    return np.ascontiguousarray(output, dtype=storage)


def _changed(found: np.ndarray, exact: Callable[[], Iterable[np.ndarray]]) -> Change:
    first = np.concatenate([np.asarray(batch) for batch in exact()])
    return change(found[: len(first)], first)
