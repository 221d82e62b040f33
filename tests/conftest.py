"""Fixtures that many tests share: real photos on disk, and a models folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tl_core.backbones import added

if TYPE_CHECKING:
    from tl_core.explorations import Asked, Exploration

Photos = Callable[..., Path]


def photo(label: int, number: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A picture that a network can tell apart by class: a colour and a width of stripes for each, and noise of its own."""
    width, height = size
    colour = np.array([(label * 97 + 60) % 256, (label * 151 + 120) % 256, (label * 53 + 200) % 256])
    stripes = (np.arange(width) // (2 + 3 * label)) % 2
    noise = np.random.default_rng([label, number]).integers(-25, 26, (height, width, 3))
    pixels = np.where(stripes[None, :, None], colour, 255 - colour) + noise
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def write_photos(root: Path, classes: tuple[str, ...], each: int) -> Path:
    """A folder for each class with `each` pictures, every third of them a PNG; no two have the same bytes."""
    for label, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            suffix = ".png" if number % 3 == 2 else ".jpg"
            photo(label, number).save(root / name / f"{number:03d}{suffix}")
    return root


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    """Makes folders of real photos: `photos("cat", "dog", each=6, inside="train")` gives the folder of the class folders."""

    def make(*classes: str, each: int = 6, root: str = "photos", inside: str = "") -> Path:
        return write_photos(tmp_path / root / inside, classes or ("cat", "dog"), each)

    return make


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty models folder, which TL_MODELS names."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("TL_MODELS", str(folder))
    return folder


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The explorations that are begun, which nothing answers."""
    from tl_core import explorations
    from tl_core.service import exploring

    asked: list[Asked] = []

    def explore(models: Path, wanted: Asked) -> Exploration:
        asked.append(wanted)
        return explorations.create(models, wanted)

    monkeypatch.setattr(exploring, "explore", explore)
    return asked


@pytest.fixture(autouse=True)
def _no_networks_of_your_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks of the last models folder that this process used are rows of its table; each test begins without."""
    monkeypatch.setattr(added._here, "models", None)
