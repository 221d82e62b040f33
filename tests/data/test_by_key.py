"""Images by their keys are those that training read, and a key leads nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Photos
from tl_core.data import folder
from tl_core.data.by_key import image_opener
from tl_core.data.dataset import Unreadable
from tl_core.data.sources import load_dataset
from tl_core.errors import BadInput


@pytest.mark.parametrize("source", ["digits", "playground:classes=2,images_per_class=4"])
def test_a_generated_image_is_found_by_its_key(source: str) -> None:
    dataset = load_dataset(source)
    item, opened = dataset.items[4], image_opener(source)
    np.testing.assert_array_equal(np.asarray(opened(item.key)), np.asarray(dataset.open_image(item)))
    with pytest.raises(Unreadable):
        opened("no/such")


def test_a_photo_is_found_by_its_key_without_listing_the_folder(
    photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"folder:{photos('cat', 'dög')}"
    dataset = load_dataset(source)
    monkeypatch.setattr(folder, "load", None)
    opened = image_opener(source)
    for item in dataset.items:
        np.testing.assert_array_equal(np.asarray(opened(item.key)), np.asarray(dataset.open_image(item)))


@pytest.mark.parametrize(
    "key", ["../secret.png", "/etc/hostname", "cat/../../secret.png", "cat", "", "a\0b", "x" * 5000]
)
def test_a_key_never_leads_out_of_the_folder(key: str, photos: Photos) -> None:
    root = photos("cat", "dog")
    Image.new("RGB", (4, 4)).save(root.parent / "secret.png")
    with pytest.raises(Unreadable):
        image_opener(f"folder:{root}")(key)


def test_a_link_out_of_the_folder_is_not_followed(photos: Photos, tmp_path: Path) -> None:
    root = photos("cat", "dog")
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    (root / "cat" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(Unreadable):
        image_opener(f"folder:{root}")("cat/link.png")


def test_data_that_are_gone_are_said_to_be(photos: Photos) -> None:
    root = photos("cat", "dog")
    item, opened = load_dataset(f"folder:{root}").items[0], image_opener(f"folder:{root}")
    (root / item.key).unlink()
    with pytest.raises(Unreadable, match="not there any more"):
        opened(item.key)
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(BadInput, match="there is no folder"):
        image_opener(f"folder:{root}")
