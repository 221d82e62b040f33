"""The contract of every augmentation, and the order they are applied in."""

from __future__ import annotations

import numpy as np
import pytest

from tl_core.augmentations import AUGMENTATIONS, Augmentation
from tl_core.engine.inputs.augmentation import COLOUR, GEOMETRIC, augmented
from tl_core.spec import Augment

every_row = pytest.mark.parametrize("row", AUGMENTATIONS, ids=AUGMENTATIONS.names)


def photos(count: int = 6, size: int = 32) -> np.ndarray:
    """Smooth pictures, each its own, so that moving them shows."""
    down, across = np.mgrid[0:size, 0:size] / size
    waves = [np.stack([down, across, np.sin(6 * across + n) * 0.5 + 0.5], axis=-1) for n in range(count)]
    return (np.stack(waves) * 200 + 20).astype(np.uint8)


def keys(count: int, first: int = 0) -> list[str]:
    return [f"class/{number:03d}.jpg" for number in range(first, first + count)]


def applied(
    row: Augmentation, images: np.ndarray, amount: float | None = None, seed: int = 1, epoch: int = 1
) -> np.ndarray:
    step = Augment(name=row.name, amount=row.default if amount is None else amount)
    return augmented(images, keys(len(images)), [step], seed, epoch)


def test_every_row_of_the_table_has_its_code_and_no_code_is_without_a_row() -> None:
    assert set(AUGMENTATIONS.names) == set(GEOMETRIC) | set(COLOUR)
    assert not set(GEOMETRIC) & set(COLOUR)


@every_row
@pytest.mark.parametrize("strength", ["default", "high"])
def test_it_keeps_shape_and_range_and_leaves_its_input_alone(row: Augmentation, strength: str) -> None:
    images = photos()
    before = images.copy()
    result = applied(row, images, getattr(row, strength))
    assert result.shape == images.shape
    assert result.dtype == np.float32
    assert result.min() >= 0 and result.max() <= 255
    assert np.array_equal(images, before)


@every_row
def test_it_changes_images_and_is_reproduced_by_seed_and_epoch(row: Augmentation) -> None:
    images = photos(12)
    result = applied(row, images)
    assert np.abs(result - images).mean() > 0.5
    assert np.array_equal(result, applied(row, images))
    assert not np.array_equal(result, applied(row, images, epoch=2))
    assert not np.array_equal(result, applied(row, images, seed=2))


@every_row
def test_an_amount_of_zero_changes_nothing(row: Augmentation) -> None:
    np.testing.assert_allclose(applied(row, photos(), 0.0), photos(), atol=1e-3)


@every_row
def test_an_image_is_changed_the_same_way_whatever_batch_it_comes_in(row: Augmentation) -> None:
    images = photos()
    step = [Augment(name=row.name, amount=row.default)]
    together = augmented(images, keys(6, first=10), step, 3, 4)
    alone = augmented(images[3:4], keys(1, first=13), step, 3, 4)
    np.testing.assert_allclose(together[3:4], alone, atol=1e-3)


@every_row
def test_images_of_one_batch_are_changed_differently(row: Augmentation) -> None:
    same = np.repeat(photos(1), 12, axis=0)
    result = applied(row, same)
    assert len({image.tobytes() for image in result}) > 1


def test_a_certain_flip_mirrors_left_and_right() -> None:
    images = photos()
    flipped = augmented(images, keys(len(images)), [Augment(name="horizontal_flip", amount=1.0)], 0, 1)
    np.testing.assert_allclose(flipped, images[:, :, ::-1], atol=1e-3)


def test_brightness_moves_every_pixel_by_the_same_amount_and_no_further_than_asked() -> None:
    images = np.full((8, 8, 8, 3), 128, np.uint8)
    result = augmented(images, keys(8), [Augment(name="brightness", amount=0.2)], 0, 1)
    assert all(len(np.unique(image)) == 1 for image in result)
    assert np.abs(result - 128).max() <= 0.2 * 255 + 1e-3


def test_contrast_keeps_the_mean_of_an_image() -> None:
    images = photos() // 2 + 64
    result = augmented(images, keys(len(images)), [Augment(name="contrast", amount=0.3)], 0, 1)
    np.testing.assert_allclose(result.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=0.1)


def test_geometric_steps_in_a_row_sample_the_image_once_and_do_what_they_do_one_by_one() -> None:
    images = photos(4, 64)
    flip, turn = Augment(name="horizontal_flip", amount=1.0), Augment(name="rotation", amount=20.0)
    # A flip draws once before the turn does; after two draws of a flip alone the turn comes out the same.
    together = augmented(images, keys(4), [flip, turn], 0, 1)
    one_by_one = augmented(images[:, :, ::-1], keys(4), [Augment(name="horizontal_flip", amount=0.0), turn], 0, 1)
    np.testing.assert_allclose(together, one_by_one, atol=2.0)


def test_the_order_of_steps_matters_and_is_kept() -> None:
    images = photos()
    bright, crop = Augment(name="brightness", amount=0.5), Augment(name="random_crop", amount=0.5)
    first = augmented(images, keys(len(images)), [bright, crop], 0, 1)
    second = augmented(images, keys(len(images)), [crop, bright], 0, 1)
    assert not np.array_equal(first, second)


def test_without_augmentations_images_come_back_as_they_are() -> None:
    assert np.array_equal(augmented(photos(), keys(6), [], 0, 1), photos().astype(np.float32))
