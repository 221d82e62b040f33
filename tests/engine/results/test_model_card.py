"""The example of the model card and of the docs, run literally: it gives a network the pixels that the lab gives it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.each import for_each
from tl_core.data import decode
from tl_core.engine.results.model_card import EXAMPLE, model_card

SIZE = 32
DOCS = Path(__file__).parents[3] / "docs" / "runs.md"


def picture(mode: str, size: tuple[int, int] = (150, 101)) -> Image.Image:
    random = np.random.default_rng(0)
    colours = np.kron(random.integers(0, 255, (11, 15, 4)), np.ones((10, 10, 1)))[: size[1], : size[0]]
    return Image.fromarray(colours.astype(np.uint8), "RGBA").convert("RGB" if mode == "CMYK" else mode).convert(mode)


def photo(name: str) -> bytes:
    mode, form, orientation = FILES[name]
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    picture(mode).save(content, form, **({"exif": exif} if orientation else {}))
    return content.getvalue()


FILES: dict[str, tuple[str, str, int]] = {
    "JPEG": ("RGB", "JPEG", 0),
    "JPEG on its side": ("RGB", "JPEG", 6),
    "grey JPEG": ("L", "JPEG", 0),
    "CMYK JPEG": ("CMYK", "JPEG", 0),
    "transparent PNG": ("RGBA", "PNG", 0),
    "palette PNG": ("P", "PNG", 0),
    "grey PNG with transparency": ("LA", "PNG", 0),
}


class Network:
    """What stands for a loaded network: it keeps what it is given."""

    input_shape = (None, SIZE, SIZE, 3)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        self.seen = pixels
        return np.zeros((1, 2))


@for_each("name", FILES)
def test_the_example_prepares_a_file_as_the_lab_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network()
    loaded: Any = SimpleNamespace(saving=SimpleNamespace(load_model=lambda path, safe_mode: network))
    monkeypatch.setitem(sys.modules, "keras", loaded)
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(photo(name))
    exec(EXAMPLE, {})
    expected = decode.resized(decode.open_rgb(Path("photo.jpg")), SIZE)
    assert (network.seen.dtype, network.seen.shape) == (np.float32, (1, SIZE, SIZE, 3))
    np.testing.assert_array_equal(network.seen[0], expected)


def test_the_docs_show_the_same_example() -> None:
    assert f"```python\n{EXAMPLE}```" in DOCS.read_text(encoding="utf-8")


def test_a_card_names_the_classes_in_order_and_how_images_are_prepared() -> None:
    card = model_card(("cat", "dog"), 224, "softmax", {"run": "some-run", "epoch": 3})
    assert "0. `cat`\n1. `dog`" in card
    assert "(images, 224, 224, 3)" in card
    assert all(word in card for word in ("EXIF", "white", "antialiasing", "some-run", EXAMPLE))


def test_a_card_says_which_values_of_16_bit_grey_become_black_and_white() -> None:
    card = model_card(("cat", "dog"), 224, "softmax", {}, "12-bit")
    assert "16-bit grey: 0 to 4,095 become 0 to 255" in card
    assert "images with 8 bits per channel" in card
