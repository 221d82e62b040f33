"""The pixel cache: every image of a dataset decoded and resized once, kept as one memory-mapped array.

Keyed by content and size: a renamed folder hits, a changed photo misses.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tl_core.cache.arrays import INDEX, Job, State, grown, is_built, mapped, missing_bytes, need_space, opened
from tl_core.data import decode
from tl_core.data.dataset import ImageDataset, Item, Unreachable, Unreadable
from tl_core.data.drawing import drawn
from tl_core.data.grey import DEFAULT, VALUES, GreyValues, merged
from tl_core.data.skipped import Skipped
from tl_core.errors import RunFailed
from tl_core.files import UNREADABLE, digest_of, read_json
from tl_core.records import Activity, ProgressCallback, Stage

VERSION = 2
"""Increase it when the same file gives different pixels, or another reason why there are none.

2: TIFF, AVIF, HEIC and larger JPEGs are read; 32-bit grey is stretched.
"""

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
        grey: The values of 16-bit grey images, before they were scaled to 8 bits; None if there are none.
    """

    key: str
    dataset: ImageDataset
    images: np.ndarray
    grey: GreyValues | None = None


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
    return Pixels(folder.name, _without(dataset, index["unreadable"]), images, _grey(index))


def readable(dataset: ImageDataset, size: int, cache: Path) -> ImageDataset:
    """The dataset without the images that could not be read when it was decoded; unchanged if it was not yet."""
    index = _folder(dataset, size, cache) / INDEX
    try:
        unreadable = read_json(index, lambda values: values["unreadable"])
    except UNREADABLE:  # Not decoded, or just evicted; a damaged index is made anew when the images are decoded.
        return dataset
    return _without(dataset, unreadable) if unreadable else dataset


def _without(dataset: ImageDataset, unreadable: Iterable[Sequence[str]]) -> ImageDataset:
    """The dataset without images given as (key, reason), which it lists as skipped."""
    skipped = sorted({Skipped(key, reason) for key, reason in unreadable}, key=lambda row: row.key)
    gone = {row.key for row in skipped}
    items = tuple(item for item in dataset.items if item.key not in gone)
    return replace(dataset, items=items, skipped=(*dataset.skipped, *skipped))


def some_pixels(dataset: ImageDataset, rows: np.ndarray, size: int, progress: ProgressCallback) -> Pixels:
    """The pixels of some items, decoded now and kept nowhere; unreadable ones are left out. Raises: see `pixels`."""
    some = replace(dataset, items=tuple(dataset.items[row] for row in rows.tolist()))
    found = list(_missing(some, size, progress, {"items": 0, "unreadable": [], "grey": None}))
    gone = {key for key, _ in found[-1][1]["unreadable"]} if found else set()
    items = tuple(item for item in some.items if item.key not in gone)
    content = b"".join(bytes(part) for part, _ in found)
    images = np.frombuffer(content, np.uint8).reshape(len(items), size, size, 3)
    return Pixels(key_of(dataset, size), replace(dataset, items=items), images)


def is_cached(dataset: ImageDataset, size: int, cache: Path) -> bool:
    """True if the pixels are in the cache."""
    return is_built(_folder(dataset, size, cache))


def key_of(dataset: ImageDataset, size: int) -> str:
    """The cache key of the `Pixels` of a dataset at a size."""
    # Only a range that was chosen: it changes nothing for most datasets.
    chosen = () if dataset.grey_range == DEFAULT else (dataset.grey_range,)
    return digest_of("pixels", VERSION, *decode.libraries(), dataset.fingerprint, size, *chosen)


def bytes_needed(images: int, size: int) -> int:
    """The size of the pixel cache of this many images."""
    return images * size * size * 3


def _folder(dataset: ImageDataset, size: int, cache: Path) -> Path:
    return cache / "pixels" / key_of(dataset, size)


def _write_all(dataset: ImageDataset, size: int, building: Path, progress: ProgressCallback) -> dict[str, Any]:
    need_space(building.parent, missing_bytes(building, bytes_needed(len(dataset.items), size)), "decoded images")
    reached = grown(
        building / _FILE, {"items": 0, "unreadable": [], "grey": None}, partial(_missing, dataset, size, progress)
    )
    found = {name: reached[name] for name in ("unreadable", "grey")}
    return {"source": dataset.source, "size": size, **found}


def _grey(index: dict[str, Any]) -> GreyValues | None:
    return GreyValues(**index["grey"]) if index["grey"] else None


def _missing(dataset: ImageDataset, size: int, progress: ProgressCallback, state: State) -> Iterator[tuple[Any, State]]:
    """The pixels of the items not yet decoded; unreadable ones give no bytes and are listed in the state."""
    unreadable, grey = state["unreadable"], _grey(state)
    rest = replace(dataset, items=dataset.items[state["items"] :])
    each = _drawn(rest, size) if dataset.generated else _decoded(rest, size)
    with closing(each) as decoded:
        for done, (item, result) in enumerate(decoded, start=state["items"] + 1):
            if isinstance(result, Unreachable):
                # Not "unreadable": the cache would keep skipping an image that may be readable later.
                raise _failure(item, result)
            if isinstance(result, Unreadable):
                unreadable = [*unreadable, (item.key, str(result))]
            image = result if isinstance(result, _Image) else None
            if image and image.values:
                grey = merged(grey, *image.values)
            content = image.pixels.data if image else b""
            yield content, {"items": done, "unreadable": unreadable, "grey": asdict(grey) if grey else None}
            progress(DECODING, done, len(dataset.items))


def _failure(item: Item, reason: Unreachable) -> RunFailed:
    if isinstance(reason, decode.NoMemory):
        return RunFailed(
            f"{item.key} {reason}. Close other programs, or make the image smaller, and start again: decoded images are kept."
        )
    return RunFailed(f"{item.key} {reason}; it existed when the dataset was listed. Restore it and start again.")


@dataclass(frozen=True)
class _Image:
    """One image: its pixels, and the lowest and highest value of a 16-bit grey one."""

    pixels: np.ndarray
    values: tuple[int, int] | None = None


_Images = Generator[tuple[Item, _Image | Unreadable], None, None]


def _drawn(dataset: ImageDataset, size: int) -> _Images:
    with closing(drawn(dataset, size)) as images:
        yield from ((item, _Image(pixels)) for item, pixels in images)


def _decoded(dataset: ImageDataset, size: int) -> _Images:
    """Every item in order with its pixels or its error. Pillow releases the interpreter lock while it decodes."""

    def one(item: Item) -> _Image | Unreadable:
        try:
            image = dataset.open_image(item)
            return _Image(np.ascontiguousarray(decode.resized(image, size)), image.info.get(VALUES))
        except Unreadable as error:
            return error
        except MemoryError:
            return decode.NoMemory("needs more memory than is free")

    pool, ahead = ThreadPoolExecutor(os.cpu_count()), deque[tuple[Item, Future[_Image | Unreadable]]]()
    try:
        for item in dataset.items:
            ahead.append((item, pool.submit(one, item)))
            if len(ahead) == _AHEAD:
                first, decoded = ahead.popleft()
                yield first, decoded.result()
        yield from ((item, decoded.result()) for item, decoded in ahead)
    finally:
        pool.shutdown(cancel_futures=True)  # A stop does not wait for the rest.
