"""MixUp and CutMix: what is mixed into an image, by whom it is chosen, and that labels are counted by what is there."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.engine.inputs.test_augmentation import augmented, photos, recipe
from tl_core.engine.inputs.augmentation import Recipe, second_labels, seen
from tl_core.engine.inputs.streams import from_images, in_batches
from tl_core.experiment.spec import Augment


def plain(count: int, size: int = 24) -> np.ndarray:
    """Each image has one colour, its own."""
    return np.tile(np.arange(count, dtype=np.uint8)[:, None, None, None], (1, size, size, 3))


def labels_of(made: Recipe, epoch: int = 1) -> tuple[np.ndarray, np.ndarray]:
    partners, shares = second_labels(made, np.arange(len(made.keys)), epoch)
    assert partners is not None and shares is not None
    return partners, shares


@pytest.mark.parametrize("amount", [0.05, 0.2, 1.0, 4.0])
def test_mixup_blends_the_partner_in_by_the_share(amount: float) -> None:
    images = plain(40)
    partners, shares = labels_of(recipe(images, {"mixup": amount}))
    expected = shares * np.arange(40) + (1 - shares) * partners
    result = augmented(images, {"mixup": amount})
    np.testing.assert_allclose(result, np.broadcast_to(expected[:, None, None, None], result.shape), atol=1e-4)


@pytest.mark.parametrize("amount", [0.05, 1.0, 4.0])
def test_the_share_of_cutmix_is_the_area_that_is_left(amount: float) -> None:
    images = plain(60)
    partners, shares = labels_of(recipe(images, {"cutmix": amount}))
    for own, (image, partner, share) in enumerate(
        zip(augmented(images, {"cutmix": amount}), partners, shares, strict=True)
    ):
        assert set(np.unique(image).tolist()) <= {own, partner}
        assert (image == own).mean() == pytest.approx(share, abs=1e-6)
        rows, columns = np.nonzero(image[..., 0] == partner)
        assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1) if len(rows) else share == 1


def test_shares_come_from_the_beta_distribution() -> None:
    _, shares = labels_of(recipe(plain(200, 2), {"mixup": 0.2}))
    assert abs(shares.mean() - 0.5) < 0.12
    assert ((shares < 0.1) | (shares > 0.9)).mean() > 0.5, "0.2 leaves most images nearly unmixed"
    _, even = labels_of(recipe(plain(200, 2), {"mixup": 1.0}))
    assert ((even < 0.1) | (even > 0.9)).mean() < 0.35


def test_with_both_one_is_in_force_for_each_image() -> None:
    images = plain(80)
    both = {"mixup": 1.0, "cutmix": 1.0}
    partners, shares = labels_of(recipe(images, both))
    cut = 0
    for own, image in enumerate(augmented(images, both)):
        assert image.mean() == pytest.approx(shares[own] * own + (1 - shares[own]) * partners[own], abs=1e-3)
        cut += len(np.unique(image)) == 2
    assert 20 < cut < 60


def test_what_else_is_done_to_an_image_stays_as_it_was_without_mixing() -> None:
    """So both images of a mixture are what training would have seen of them that epoch."""
    images, before = photos(12), {"rotation": 20.0, "hue": 60.0}
    alone = augmented(images, before)
    partners, shares = labels_of(recipe(images, {**before, "mixup": 1.0}))
    share = shares[:, None, None, None]
    mixed = augmented(images, {**before, "mixup": 1.0})
    np.testing.assert_allclose(mixed, share * alone + (1 - share) * alone[partners], atol=1e-3)


def test_what_comes_after_mixing_is_done_to_the_mixture() -> None:
    images = plain(12)
    flips = {"horizontal_flip": 1.0}
    assert np.array_equal(
        np.round(augmented(images, {"cutmix": 1.0, **flips})), augmented(images, {"cutmix": 1.0})[:, :, ::-1]
    )


def test_a_step_between_mixup_and_cutmix_is_done_to_partners_of_the_second_alone() -> None:
    images = plain(60)
    amounts = {"mixup": 1.0, "brightness": 1.0, "cutmix": 1.0}
    bright = augmented(images, {"brightness": 1.0})
    partners, _ = labels_of(recipe(images, amounts))
    kinds = Counter[str]()
    for own, image in enumerate(augmented(images, amounts)):
        values = np.unique(image)
        kinds["cut" if len(values) == 2 else "whole"] += 1
        if len(values) == 2:
            expected = {float(bright[own, 0, 0, 0]), float(bright[partners[own], 0, 0, 0])}
            assert set(values.tolist()) == expected
    assert min(kinds.values()) > 10


def test_where_one_image_is_missing_only_those_change_that_it_was_mixed_into() -> None:
    images = plain(50, 4)
    whole = recipe(images, {"mixup": 1.0})
    partners, shares = labels_of(whole)
    gone = int(partners[0])
    kept = [place for place in range(50) if place != gone]
    fewer = Recipe(whole.steps, whole.seed, [whole.keys[place] for place in kept], whole.size)
    after, after_shares = labels_of(fewer)
    for place, (partner, share) in enumerate(zip(after, after_shares, strict=True)):
        assert share == shares[kept[place]]
        if partners[kept[place]] != gone:
            assert kept[partner] == partners[kept[place]]
        else:
            assert kept[partner] != gone


def test_over_epochs_every_image_is_as_often_a_partner_as_any_other() -> None:
    made = recipe(plain(10, 2), {"mixup": 1.0})
    counts = Counter[int]()
    for epoch in range(1, 401):
        counts.update(labels_of(made, epoch)[0].tolist())
    assert set(counts) == set(range(10))
    assert max(counts.values()) < 1.25 * min(counts.values())


def test_an_image_that_is_alone_is_mixed_with_itself() -> None:
    images = photos(1)
    np.testing.assert_allclose(augmented(images, {"mixup": 1.0}), images, atol=1e-3)
    partners, _ = labels_of(recipe(images, {"mixup": 1.0}))
    assert partners.tolist() == [0]


def test_batches_say_what_was_mixed_into_them_by_position_within_the_part() -> None:
    """The part is some of the images: positions are not rows."""
    images, rows = plain(30), np.array([3, 7, 11, 12, 20, 29])
    keys = [f"{number}" for number in range(30)]
    steps = [Augment(name="cutmix", amount=1.0)]
    batches = in_batches(np.array([5, 0, 3, 1, 2, 4]), 4)
    for prefix in (None, lambda pixels: (image * 1 for image in pixels)):
        read = list(from_images(images, rows, prefix, steps, 1, keys)(batches, 3))
        assert [len(batch.inputs) for batch in read] == [4, 2]
        for positions, batch in zip(batches, read, strict=True):
            assert batch.partners is not None and batch.shares is not None
            for place, image, partner, share in zip(positions, batch.inputs, batch.partners, batch.shares, strict=True):
                assert set(np.unique(image).tolist()) <= {rows[place], rows[partner]}
                assert (image == rows[place]).mean() == pytest.approx(share, abs=1e-6)


def test_without_mixing_batches_have_no_second_labels() -> None:
    images, keys = photos(4), ["a", "b", "c", "d"]
    steps = [Augment(name="hue", amount=20.0), Augment(name="mixup", amount=0.0)]
    (batch,) = from_images(images, np.arange(4), None, steps, 1, keys)(in_batches(np.arange(4), 8), 1)
    assert batch.partners is None and batch.shares is None


def test_what_is_seen_of_a_mixture_is_the_same_whatever_it_was_asked_with() -> None:
    images = photos(20)
    made = recipe(images, {"rotation": 10.0, "mixup": 1.0, "cutmix": 1.0, "blur": 0.02})
    whole = seen(made, lambda positions: images[positions], np.arange(20), 7)
    for place in (0, 9, 19):
        assert np.array_equal(whole[place], seen(made, lambda positions: images[positions], np.array([place]), 7)[0])
