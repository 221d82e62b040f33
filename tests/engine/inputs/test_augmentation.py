"""The contract of every augmentation, and the order they are applied in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from tests.each import for_each
from tl_core.engine.inputs.augmentation import Recipe, second_labels, seen
from tl_core.engine.inputs.geometric import GEOMETRIC
from tl_core.engine.inputs.mixing import MIXING
from tl_core.engine.inputs.photometric import COLOUR, CORRUPTION, LUMA
from tl_core.experiment.augmentations import AUGMENT_PRESETS, AUGMENTATIONS, Augmentation
from tl_core.experiment.spec import Augment

every_row = for_each("row", AUGMENTATIONS, ids=AUGMENTATIONS.names)


def photos(count: int = 6, size: int = 32) -> np.ndarray:
    """Smooth pictures, each its own, so that moving them shows."""
    down, across = np.mgrid[0:size, 0:size] / size
    waves = [np.stack([down, across, np.sin(6 * across + n) * 0.5 + 0.5], axis=-1) for n in range(count)]
    return (np.stack(waves) * 200 + 20).astype(np.uint8)


def grained(count: int) -> np.ndarray:
    """The same with grain, so that blurring them shows."""
    smooth = photos(count, 96)
    return np.asarray(smooth // 2 + np.random.default_rng(0).integers(0, 100, smooth.shape, dtype=np.uint8))


def recipe(images: np.ndarray, amounts: dict[str, float], seed: int = 1, first: int = 0) -> Recipe:
    steps = tuple(Augment(name=name, amount=amount) for name, amount in amounts.items())
    return Recipe(steps, seed, [f"class/{first + n:03d}.jpg" for n in range(len(images))], images.shape[1])


def augmented(
    images: np.ndarray, amounts: dict[str, float], seed: int = 1, epoch: int = 1, first: int = 0
) -> np.ndarray:
    made = recipe(images, amounts, seed, first)
    return seen(made, lambda positions: images[positions], np.arange(len(images)), epoch)


def default(row: Augmentation) -> dict[str, float]:
    return {row.name: row.default}


def test_every_row_of_the_table_has_its_code_and_no_code_is_without_a_row() -> None:
    tables = (GEOMETRIC, COLOUR, CORRUPTION, MIXING)
    names = [name for table in tables for name in table]
    assert sorted(names) == sorted(AUGMENTATIONS.names)
    assert {row.name for row in AUGMENTATIONS if row.labels == "mixes"} == set(MIXING)


@every_row
@for_each("strength", ["default", "high"])
@for_each("dtype", [np.uint8, np.float32])
def test_it_keeps_shape_and_range_and_leaves_its_input_alone(row: Augmentation, strength: str, dtype: type) -> None:
    images = photos().astype(dtype)
    images[0], images[1] = 0, 255
    before = images.copy()
    whole, made = np.arange(6), recipe(images, {row.name: getattr(row, strength)})
    # The very array where all is asked for: indexing would give a copy.
    result = seen(made, lambda positions: images if np.array_equal(positions, whole) else images[positions], whole, 1)
    assert result.shape == images.shape
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    assert result.min() >= 0 and result.max() <= 255
    assert np.array_equal(images, before)


@every_row
def test_it_changes_images_and_is_reproduced_by_seed_epoch_and_key(row: Augmentation) -> None:
    images = grained(12)
    result = augmented(images, default(row))
    assert np.abs(result - images).mean() > 0.3
    assert np.array_equal(result, augmented(images, default(row)))
    assert not np.array_equal(result, augmented(images, default(row), epoch=2))
    assert not np.array_equal(result, augmented(images, default(row), seed=2))
    assert not np.array_equal(result, augmented(images, default(row), first=1))


@every_row
def test_an_amount_of_zero_changes_nothing(row: Augmentation) -> None:
    np.testing.assert_allclose(augmented(photos(), {row.name: 0.0}), photos(), atol=1e-3)


@every_row
def test_an_image_is_changed_to_the_same_bits_whatever_batch_it_comes_in(row: Augmentation) -> None:
    images = photos(9)
    made = recipe(images, default(row))
    together = seen(made, lambda positions: images[positions], np.arange(9), 4)
    shuffled = np.array([7, 3, 0])
    assert np.array_equal(together[shuffled], seen(made, lambda positions: images[positions], shuffled, 4))
    assert np.array_equal(together[3:4], seen(made, lambda positions: images[positions], np.array([3]), 4))


@every_row
def test_images_of_one_batch_are_changed_differently(row: Augmentation) -> None:
    images = np.repeat(photos(1), 12, axis=0)
    if row.labels == "mixes":  # The same image mixed into itself is no change.
        images = photos(12)
    changes = augmented(images, default(row)) - images
    assert len({change.tobytes() for change in changes}) > 1


@every_row
def test_it_keeps_or_mixes_labels_as_its_row_says(row: Augmentation) -> None:
    made = recipe(photos(30), default(row))
    partners, shares = second_labels(made, np.arange(30), 2)
    if row.labels == "keeps":
        assert partners is shares is None
        return
    assert partners is not None and shares is not None
    assert partners.dtype == np.int64 and shares.dtype == np.float32
    assert partners.shape == shares.shape == (30,)
    assert set(partners.tolist()) <= set(range(30)) and (partners != np.arange(30)).all()
    assert shares.min() >= 0 and shares.max() <= 1
    assert len(set(shares.tolist())) > 10
    images = photos(30)
    others = [(made, 3), (recipe(images, default(row), seed=2), 2), (recipe(images, default(row), first=1), 2)]
    for other, epoch in others:
        drawn, left = second_labels(other, np.arange(30), epoch)
        assert not np.array_equal(drawn, partners) and not np.array_equal(left, shares)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", AUGMENT_PRESETS.names)
def test_a_preset_keeps_the_contract_as_a_whole(name: str) -> None:
    images, amounts = photos(8), dict(AUGMENT_PRESETS[name].amounts)
    result = augmented(images, amounts)
    assert result.min() >= 0 and result.max() <= 255
    assert np.abs(result - images).mean() > 2
    assert np.array_equal(result, augmented(images, amounts))


@pytest.mark.parametrize(("name", "axis"), [("horizontal_flip", 2), ("vertical_flip", 1)])
def test_a_certain_flip_mirrors(name: str, axis: int) -> None:
    images = photos()
    np.testing.assert_allclose(augmented(images, {name: 1.0}), np.flip(images, axis), atol=1e-3)


def test_a_shear_slants_columns_and_leaves_rows_where_they_are() -> None:
    images: np.ndarray = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None] * np.uint8(8), (4, 32, 32, 3))
    np.testing.assert_allclose(augmented(images, {"shear": 45.0}), images, atol=1e-2)
    columns = images.transpose(0, 2, 1, 3)
    assert np.abs(augmented(columns, {"shear": 45.0})[:, 16] - columns[:, 16]).max() < 8 * 0.5 + 1e-2
    assert np.abs(augmented(columns, {"shear": 45.0})[:, 0] - columns[:, 0]).max() > 8


def test_brightness_moves_every_pixel_by_the_same_amount_and_no_further_than_asked() -> None:
    images = np.full((8, 8, 8, 3), 128, np.uint8)
    result = augmented(images, {"brightness": 0.2})
    assert all(len(np.unique(image)) == 1 for image in result)
    assert np.abs(result - 128).max() <= 0.2 * 255 + 1e-3


def test_contrast_keeps_the_mean_of_an_image() -> None:
    images = photos() // 2 + 64
    result = augmented(images, {"contrast": 0.3})
    np.testing.assert_allclose(result.mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=0.1)


@pytest.mark.parametrize(("name", "amount"), [("saturation", 1.0), ("hue", 180.0)])
def test_a_change_of_colour_leaves_greys_as_they_are_and_how_bright_a_colour_is(name: str, amount: float) -> None:
    greys = np.repeat(photos()[..., :1], 3, axis=-1)
    np.testing.assert_allclose(augmented(greys, {name: amount}), greys, atol=0.01)
    pale = (photos().astype(np.float32) - 120) / 4 + 120
    result = augmented(pale, {name: amount})
    assert np.abs(result - pale).mean() > 1
    np.testing.assert_allclose(result @ LUMA, pale @ LUMA, atol=0.05)


def test_hue_turns_colours_by_no_more_than_asked_and_keeps_how_strong_they_are() -> None:
    """In YIQ, where a colour is an angle and a length; 120 degrees is far enough to tell from none."""
    pale = np.tile(np.array([150, 110, 120], np.float32), (40, 4, 4, 1))
    result = augmented(pale, {"hue": 120.0})[:, 0, 0]
    in_phase, quadrature = np.array([0.595716, -0.274453, -0.321263]), np.array([0.211456, -0.522591, 0.311135])
    colours = result @ in_phase + 1j * (result @ quadrature)
    before = pale[0, 0, 0] @ in_phase + 1j * (pale[0, 0, 0] @ quadrature)
    angles = np.degrees(np.angle(colours / before))
    assert 60 < np.abs(angles).max() <= 120.1
    assert angles.min() < 0 < angles.max()
    np.testing.assert_allclose(np.abs(colours), np.abs(before), rtol=1e-3)


def test_noise_is_as_strong_as_drawn_and_has_no_direction() -> None:
    images = np.full((20, 32, 32, 3), 128, np.uint8)
    noise = augmented(images, {"gaussian_noise": 0.1}) - 128
    deviations = noise.std(axis=(1, 2, 3)) / 255
    assert 0.05 < deviations.max() < 0.11 and deviations.min() < 0.05
    assert np.abs(noise.mean(axis=(1, 2, 3))).max() < 2
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.05


def test_blur_is_a_gaussian_of_some_deviation_up_to_the_amount() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 40, 40, 3)).astype(np.uint8)
    result = augmented(images, {"blur": 0.05})
    for image, blurred in zip(images, result, strict=True):
        ratio = blurred.std() / image.std()
        deviations = np.linspace(0.01, 0.05 * 40, 400)
        filtered = (ndimage.gaussian_filter(image.astype(np.float64), (one, one, 0)) for one in deviations)
        assert min(np.abs(one - blurred).max() for one in filtered) < 2.5
        assert ratio < 1


def test_erasing_fills_one_rectangle_of_at_most_the_area_and_touches_nothing_else() -> None:
    images = np.full((40, 32, 32, 3), 7, np.uint8)
    areas = []
    for image in augmented(images, {"random_erasing": 0.4}):
        rows, columns = np.nonzero((image != 7).any(axis=-1))
        height, width = (np.ptp(rows) + 1, np.ptp(columns) + 1) if len(rows) else (0, 0)
        assert len(rows) == height * width
        areas.append(len(rows) / 32**2)
    assert 0.25 < max(areas) < 0.45
    assert min(areas) < 0.15


def test_erasing_nearly_everything_still_fits() -> None:
    images = np.full((40, 32, 32, 3), 7, np.uint8)
    erased = (augmented(images, {"random_erasing": 0.9}) != 7).all(axis=-1).mean(axis=(1, 2))
    assert 0.8 < erased.max() < 1


def test_geometric_steps_in_a_row_sample_the_image_once_and_do_what_they_do_one_by_one() -> None:
    images = photos(4, 64)
    # A flip draws once before the turn does; after one draw of a flip that never happens the turn comes out the same.
    together = augmented(images, {"horizontal_flip": 1.0, "rotation": 20.0})
    one_by_one = augmented(images[:, :, ::-1], {"horizontal_flip": 0.0, "rotation": 20.0})
    np.testing.assert_allclose(together, one_by_one, atol=2.0)


def test_the_order_of_steps_matters_and_is_kept() -> None:
    images = photos()
    first = augmented(images, {"brightness": 0.5, "random_crop": 0.5})
    second = augmented(images, {"random_crop": 0.5, "brightness": 0.5})
    assert not np.array_equal(first, second)


def test_without_augmentations_images_come_back_as_they_are() -> None:
    assert np.array_equal(augmented(photos(), {}), photos().astype(np.float32))
