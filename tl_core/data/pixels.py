"""The pixel cache: every image of a dataset decoded and resized once, kept as one memory-mapped array.

Keyed by content and size: a renamed folder hits, a changed photo misses.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from tl_core.cache.arrays import INDEX, Job, State, grown, is_built, mapped, missing_bytes, need_space, opened
from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Item, Unreachable, Unreadable
from tl_core.data.drawing import drawn
from tl_core.data.skipped import Skipped
from tl_core.errors import RunFailed
from tl_core.files import digest_of, read_json
from tl_core.records import Activity, ProgressCallback, Stage

VERSION = 1
"""Increase it when the same file gives different pixels."""

DECODING = Activity(Stage.DECODING)

_FILE = "pixels.u8"
_AHEAD = 64
"""Images decoded ahead of writing: a plain `map` would hold all of them in memory."""


@dataclass(frozen=True)
class Pixels:
    """Decoded images.

    Attributes:
        dataset: The readable images only; `images[i]` belongs to `dataset.items[i]`.
        images: uint8 RGB 0..255, shape (items, size, size, 3), read-only, memory-mapped.
    """

    key: str
    dataset: ImageDataset
    images: np.ndarray


def pixels(dataset: ImageDataset, size: int, cache: Path, progress: ProgressCallback) -> Pixels:
    """The pixels of a dataset at a size, from the cache or decoded now.

    Unreadable images are skipped and listed in `dataset.skipped` of the result.

    Raises:
        RunFailed: the disk or memory is full, or a listed file is missing.
        RunStopped: `progress` raised it; the next call continues from there.
    """
    folder = _folder(dataset, size, cache)
    job = Job(DECODING, len(dataset.items), bytes_needed(len(dataset.items), size))

    def read(index: dict[str, Any]) -> np.ndarray:
        return mapped(folder / _FILE, np.uint8, (len(dataset.items) - len(index["unreadable"]), size, size, 3))

    def build(building: Path) -> dict[str, Any]:
        return _write_all(dataset, size, building, progress)

    images, index = opened(folder, job, build, read, progress)
    return Pixels(folder.name, _without(dataset, index["unreadable"]), images)


def readable(dataset: ImageDataset, size: int, cache: Path) -> ImageDataset:
    """The dataset without the images that could not be read when it was decoded; unchanged if it was not yet."""
    index = _folder(dataset, size, cache) / INDEX
    try:
        unreadable = read_json(index)["unreadable"]
    except (OSError, ValueError, KeyError):  # Not decoded, or just evicted.
        return dataset
    return _without(dataset, unreadable) if unreadable else dataset


def _without(dataset: ImageDataset, unreadable: Iterable[Sequence[str]]) -> ImageDataset:
    """The dataset without images given as (key, reason), which it lists as skipped."""
    skipped = sorted({Skipped(key, reason) for key, reason in unreadable}, key=lambda row: row.key)
    gone = {row.key for row in skipped}
    items = tuple(item for item in dataset.items if item.key not in gone)
    return replace(dataset, items=items, skipped=(*dataset.skipped, *skipped))


def is_cached(dataset: ImageDataset, size: int, cache: Path) -> bool:
    """True if the pixels are in the cache."""
    return is_built(_folder(dataset, size, cache))


def key_of(dataset: ImageDataset, size: int) -> str:
    """The cache key of the `Pixels` of a dataset at a size."""
    return digest_of("pixels", VERSION, PIL.__version__, dataset.fingerprint, size)


def bytes_needed(images: int, size: int) -> int:
    """The size of the pixel cache of this many images."""
    return images * size * size * 3


def _folder(dataset: ImageDataset, size: int, cache: Path) -> Path:
    return cache / "pixels" / key_of(dataset, size)


def _write_all(dataset: ImageDataset, size: int, building: Path, progress: ProgressCallback) -> dict[str, Any]:
    need_space(building.parent, missing_bytes(building, bytes_needed(len(dataset.items), size)), "decoded images")
    reached = grown(building / _FILE, {"items": 0, "unreadable": []}, partial(_missing, dataset, size, progress))
    return {"source": dataset.source, "size": size, "unreadable": reached["unreadable"]}


def _missing(dataset: ImageDataset, size: int, progress: ProgressCallback, state: State) -> Iterator[tuple[Any, State]]:
    """The pixels of the items not yet decoded; unreadable ones give no bytes and are listed in the state."""
    unreadable = state["unreadable"]
    rest = replace(dataset, items=dataset.items[state["items"] :])
    each = drawn(rest, size) if dataset.generated else _decoded(rest, size)
    with closing(each) as decoded:
        for done, (item, result) in enumerate(decoded, start=state["items"] + 1):
            if isinstance(result, Unreachable):
                # Not "unreadable": the cache would keep skipping an image that may be readable later.
                raise _failure(item, result)
            if isinstance(result, Unreadable):
                unreadable = [*unreadable, (item.key, str(result))]
            content = b"" if isinstance(result, Unreadable) else result.data
            yield content, {"items": done, "unreadable": unreadable}
            progress(DECODING, done, len(dataset.items))


def _failure(item: Item, reason: Unreachable) -> RunFailed:
    if isinstance(reason, decode.NoMemory):
        return RunFailed(
            f"{item.key} {reason}. Close other programs, or make the image smaller, and start again: decoded images are kept."
        )
    return RunFailed(f"{item.key} {reason}; it existed when the dataset was listed. Restore it and start again.")


def _decoded(dataset: ImageDataset, size: int) -> Generator[tuple[Item, np.ndarray | Unreadable], None, None]:
    """Every item in order with its pixels or its error. Pillow releases the interpreter lock while it decodes."""

    def one(item: Item) -> np.ndarray | Unreadable:
        try:
            return np.ascontiguousarray(decode.resized(dataset.open_image(item), size))
        except Unreadable as error:
            return error
        except MemoryError:
            return decode.NoMemory("needs more memory than is free")

    pool, ahead = ThreadPoolExecutor(os.cpu_count()), deque[tuple[Item, Future[np.ndarray | Unreadable]]]()
    try:
        for item in dataset.items:
            ahead.append((item, pool.submit(one, item)))
            if len(ahead) == _AHEAD:
                first, decoded = ahead.popleft()
                yield first, decoded.result()
        yield from ((item, decoded.result()) for item, decoded in ahead)
    finally:
        pool.shutdown(cancel_futures=True)  # A stop does not wait for the rest.
