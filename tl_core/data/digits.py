"""Handwritten digits: 1,797 grey images of 8 x 8 pixels that ship with scikit-learn.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
(CC BY 4.0); scikit-learn's `load_digits` is its test part.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from tl_core.data.dataset import ImageDataset, Item
from tl_core.files import digest_of


def load(source: str) -> ImageDataset:
    """All digits, not split."""
    _, labels = _arrays()
    items = tuple(
        Item(key=f"{label}/{number:04d}", label=int(label), digest=f"digits-{number}", group=f"digits-{number}")
        for number, label in enumerate(labels)
    )
    names = tuple(str(label) for label in range(10))
    return ImageDataset(source, names, items, digest_of("digits", 1), lambda item, _grey_range: open_image(item))


def open_image(item: Item) -> Image.Image:
    """A digit as an RGB image of 8 x 8 pixels, dark ink on white as on paper."""
    images, _ = _arrays()
    grey = 255 - images[int(item.key.split("/")[1])] * (255 / 16)
    return Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")


@cache
def _arrays() -> tuple[np.ndarray, np.ndarray]:
    """(images 0..16, shape (1797, 8, 8); labels, shape (1797,))."""
    # Read without importing scikit-learn, which takes a second or two and would delay the page.
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("scikit-learn is not installed; run pip install -r requirements.txt")
    with gzip.open(Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz") as file:
        rows = np.loadtxt(file, delimiter=",")
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(np.int64)
