"""Single images of a source by their keys, without listing the source: reading and hashing a folder of photos takes minutes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PIL import Image

from tl_core.data import folder
from tl_core.data.dataset import ImageDataset, Unreadable
from tl_core.data.grey import DEFAULT, GreyRange
from tl_core.data.names import native
from tl_core.data.sources import load_dataset, parse

OpenKey = Callable[[str], Image.Image]
"""From a key to an RGB image, as `ImageDataset.open_image` gives it; raises `Unreadable` if there is no such image (any more)."""


def image_opener(source: str, grey_range: GreyRange = DEFAULT) -> OpenKey:
    """Opens images of a source.

    Raises:
        BadInput: the source is unknown, or its folder is not there.
    """
    row, argument = parse(source)
    if row.is_path:
        root = folder.root_of(argument)
        return lambda key: folder.open_key(root, key, grey_range)
    return lambda key: _generated(source, key)


def version_of(source: str, key: str) -> tuple[int, ...]:
    """Changes whenever the file of a photo does: its times and size; empty where there is no file, and for images that are generated.

    Raises: see `image_opener`.
    """
    row, argument = parse(source)
    if not row.is_path:
        return ()
    root = folder.root_of(argument)
    try:
        found = (root / native(key)).stat()
    except (OSError, ValueError):  # ValueError: a NUL.
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _generated(source: str, key: str) -> Image.Image:
    dataset, places = _listed(source)
    if key not in places:
        raise Unreadable("there is no such image")
    return dataset.open_image(dataset.items[places[key]])


@lru_cache(maxsize=4)
def _listed(source: str) -> tuple[ImageDataset, dict[str, int]]:
    dataset = load_dataset(source)
    return dataset, {item.key: place for place, item in enumerate(dataset.items)}
