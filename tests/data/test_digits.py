"""The digits that ship with scikit-learn, as pictures."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tl_core.data import digits


@pytest.fixture(scope="module")
def dataset():
    return digits.load("digits")


def test_there_are_ten_classes_of_some_180_pictures_each(dataset):
    assert dataset.class_names == tuple("0123456789")
    assert len(dataset.items) == 1797
    assert np.bincount(dataset.labels).min() > 170


def test_a_picture_is_dark_ink_on_white_paper_and_uses_the_whole_range(dataset):
    pictures = np.stack([np.asarray(dataset.open_image(item)) for item in dataset.items[:200]])
    assert (pictures.shape, pictures.dtype) == ((200, 8, 8, 3), np.uint8)
    assert (pictures.min(), pictures.max()) == (0, 255)
    assert pictures[:, :, 0].mean() > 240  # the left edge is paper
    assert (pictures[..., 0] == pictures[..., 2]).all()


def test_a_picture_shows_the_digit_its_key_and_label_name(dataset):
    means = [
        np.mean(
            [np.asarray(dataset.open_image(item), float) for item in dataset.items[:600] if item.label == label], axis=0
        )
        for label in range(10)
    ]
    later = dataset.items[600:1000]
    guesses = [
        np.argmin([np.abs(np.asarray(dataset.open_image(item)) - mean).sum() for mean in means]) for item in later
    ]
    assert np.mean([guess == int(item.key[0]) == item.label for guess, item in zip(guesses, later, strict=True)]) > 0.8


def test_the_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    images, labels = digits._arrays()
    assert np.array_equal(images, load_digits().images)
    assert np.array_equal(labels, load_digits().target)


def test_listing_them_does_not_load_scikit_learn() -> None:
    code = "import sys; from tl_core.data.sources import load_dataset; load_dataset('digits'); print('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
