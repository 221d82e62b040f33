"""Small images of a dataset: they follow the files, and what cannot be read is not read again and again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pages.ui.common import small_images
from tests.conftest import Photos
from tl_core.data.dataset import Unreachable, Unreadable
from tl_core.data.grey import DEFAULT


@pytest.fixture
def folder(photos: Photos) -> Path:
    small_images._made.cache_clear()
    return photos("bird", "cat", each=1)


def shown(folder: Path) -> str:
    (key,) = (file.relative_to(folder).as_posix() for file in (folder / "bird").iterdir())
    return small_images.address_of(f"folder:{folder}", DEFAULT, key, 40)


def test_a_photo_that_was_replaced_is_shown_as_it_is_now(folder: Path) -> None:
    (file,) = (folder / "bird").iterdir()
    before = shown(folder)
    assert shown(folder) == before
    Image.new("RGB", (64, 48), "red").save(file)
    assert shown(folder) != before


def test_a_photo_that_is_broken_is_read_once_until_it_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file,) = (folder / "bird").iterdir()
    whole = file.read_bytes()
    file.write_bytes(b"no image")
    reads: list[str] = []
    real = small_images.image_opener
    monkeypatch.setattr(small_images, "image_opener", lambda *given: reads.append(given[0]) or real(*given))
    for _ in range(3):
        with pytest.raises(Unreadable, match="not an image"):
            shown(folder)
    assert len(reads) == 1
    file.write_bytes(whole)
    assert shown(folder).startswith("data:image/jpeg")


def test_a_photo_that_cannot_be_reached_now_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_source: str, _range: str) -> object:
        def opened(_key: str) -> Image.Image:
            raise Unreachable("cannot be read (Input/output error)")

        return opened

    with monkeypatch.context() as patched:
        patched.setattr(small_images, "image_opener", failing)
        with pytest.raises(Unreachable):
            shown(folder)
    assert shown(folder).startswith("data:image/jpeg")
