"""A preview shows what training will see, pixel by pixel, though it decodes one image and training all of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.engine.conftest import quiet
from tl_core.data.prepare import Prepared, prepare
from tl_core.engine.inputs.preview import EPOCHS, preview
from tl_core.engine.inputs.streams import Batch, from_images, in_batches
from tl_core.errors import BadInput
from tl_core.experiment.augmentations import AUGMENTATIONS, Augmentation
from tl_core.experiment.resolve import resolve
from tl_core.experiment.spec import ExperimentSpec
from tl_core.service.messages import read_preview, written_preview

Photos = Callable[..., Path]

ALL = {row.name: row.default for row in AUGMENTATIONS}
KEEPING = {row.name: row.default for row in AUGMENTATIONS if row.labels == "keeps"}


def spec_of(source: str, **changes: Any) -> ExperimentSpec:
    values = {"data.source": source, "data.image_size": 48, "train.seed": 5, "augment": ALL}
    return ExperimentSpec().with_values(
        {**values, **{path.replace("__", "."): value for path, value in changes.items()}}
    )


def pixels_of(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def stream(data: Prepared, spec: ExperimentSpec, epoch: int) -> tuple[list[str], Batch]:
    """What training feeds in an epoch: (the keys in their order, one batch of everything)."""
    rows = data.split.train
    keys = [item.key for item in data.dataset.items]
    inputs = from_images(data.pixels.images, rows, None, spec.augment, spec.train.seed, keys)
    order = np.random.default_rng(epoch).permutation(len(rows))
    batches = list(inputs(in_batches(order, 7), epoch))
    mixed = batches[0].partners is not None
    return [keys[rows[position]] for position in order], Batch(
        np.concatenate([batch.inputs for batch in batches]),
        np.concatenate([batch.partners for batch in batches]) if mixed else None,
        np.concatenate([batch.shares for batch in batches]) if mixed else None,
    )


def fed(data: Prepared, spec: ExperimentSpec, key: str, epoch: int) -> np.ndarray:
    """What training feeds of an image in an epoch, out of a batch with others."""
    keys, batch = stream(data, spec, epoch)
    return np.asarray(batch.inputs[keys.index(key)])


@pytest.mark.parametrize("picture", [0, 1, 5])
def test_the_views_are_what_training_feeds_in_these_epochs(photos: Photos, tmp_path: Path, picture: int) -> None:
    folder = photos("cat", "dog", "owl", each=9)
    (folder / "cat" / "000.jpg").write_bytes(b"no picture at all")
    (folder / "dog" / "004.jpg").write_bytes(b"nor is this")
    spec = spec_of(f"folder:{folder}")
    shown = preview(resolve(spec), picture, tmp_path)
    data = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet)
    assert len(shown.views) == len(EPOCHS) == 9
    for epoch, view in zip(EPOCHS, shown.views, strict=True):
        expected = np.rint(fed(data, spec, shown.key, epoch)).astype(np.uint8)
        assert np.array_equal(pixels_of(view), expected)
    row = [item.key for item in data.dataset.items].index(shown.key)
    assert np.array_equal(pixels_of(shown.original), data.pixels.images[row])


@pytest.mark.parametrize("row", AUGMENTATIONS, ids=AUGMENTATIONS.names)
def test_of_every_augmentation_the_preview_is_the_batch_that_training_sees(
    row: Augmentation, photos: Photos, tmp_path: Path
) -> None:
    spec = spec_of(f"folder:{photos('cat', 'dog', each=6)}", augment={row.name: row.high})
    shown = preview(resolve(spec), 1, tmp_path)
    data = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet)
    for epoch, view in zip(EPOCHS, shown.views, strict=True):
        assert np.array_equal(pixels_of(view), np.rint(fed(data, spec, shown.key, epoch)).astype(np.uint8))
    assert preview(resolve(spec), 1, tmp_path) == shown, "with the pixels decoded by then"


def test_of_mixed_images_it_says_whose_labels_training_counts_and_how_much(photos: Photos, tmp_path: Path) -> None:
    folder = photos("cat", "dog", "owl", each=9)
    (folder / "dog" / "004.jpg").write_bytes(b"cannot be mixed in")
    spec = spec_of(f"folder:{folder}", augment={"mixup": 1.0, "cutmix": 1.0})
    shown = preview(resolve(spec), 0, tmp_path)
    data = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet)
    assert len(shown.labels) == 9
    for epoch, labels in zip(EPOCHS, shown.labels, strict=True):
        keys, batch = stream(data, spec, epoch)
        assert batch.partners is not None and batch.shares is not None
        place = keys.index(shown.key)
        partner = data.dataset.items[data.split.train[batch.partners[place]]]
        counted = {shown.class_name: 0.0, data.dataset.class_names[partner.label]: 0.0}
        counted[shown.class_name] += float(batch.shares[place])
        counted[data.dataset.class_names[partner.label]] += 1 - float(batch.shares[place])
        assert dict(labels) == pytest.approx(counted)
    assert {len(labels) for labels in shown.labels} == {1, 2}
    assert read_preview(json.loads(json.dumps(written_preview(shown)))) == shown


def test_an_image_that_is_mixed_with_none_has_no_labels_to_tell(tmp_path: Path) -> None:
    assert preview(resolve(spec_of("digits", augment=KEEPING)), 0, tmp_path).labels == ()


def test_a_partner_that_cannot_be_read_gives_way_to_the_one_training_takes(photos: Photos, tmp_path: Path) -> None:
    """With validation photos in a folder of their own, so that the split does not depend on what can be read."""
    for part in ("train", "validation"):
        photos("cat", "dog", each=8, inside=part)
    folder = tmp_path / "photos"
    for number in (1, 3, 4, 6, 7):
        (folder / "train" / "dog" / f"{number:03d}{'.png' if number % 3 == 2 else '.jpg'}").write_bytes(b"broken")
    spec = spec_of(f"folder:{folder}", augment={"mixup": 1.0})
    shown = preview(resolve(spec), 0, tmp_path)
    data = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet)
    for epoch, view in zip(EPOCHS, shown.views, strict=True):
        assert np.array_equal(pixels_of(view), np.rint(fed(data, spec, shown.key, epoch)).astype(np.uint8))


def test_with_stored_views_epochs_show_them_in_turn_where_training_takes_them(tmp_path: Path) -> None:
    plain = preview(resolve(spec_of("digits", augment=KEEPING)), 2, tmp_path)
    views = preview(resolve(spec_of("digits", augment=KEEPING, train__views=4)), 2, tmp_path)
    assert views.views == (*plain.views[:4], *plain.views[:4], plain.views[0])
    thaws = {"train__views": 2, "train__head_epochs": 3, "backbone__freeze": "none"}
    assert preview(resolve(spec_of("digits", augment=KEEPING, **thaws)), 2, tmp_path).views == (
        plain.views[0],
        plain.views[1],
        plain.views[0],
        *plain.views[3:],
    )


def test_a_file_that_cannot_be_read_changes_nothing_of_how_others_are_augmented(photos: Photos, tmp_path: Path) -> None:
    folder = photos("cat", "dog", each=8)
    spec = spec_of(f"folder:{folder}", augment=KEEPING)
    data = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet)
    kept = {data.dataset.items[row].key: fed(data, spec, data.dataset.items[row].key, 3) for row in data.split.train}
    (folder / "cat" / "000.jpg").write_bytes(b"broken since")
    after = prepare(spec.data, resolve(spec).image_size, tmp_path, quiet)
    again = [after.dataset.items[row].key for row in after.split.train if after.dataset.items[row].key in kept]
    assert len(again) > 5
    for key in again:
        assert np.array_equal(fed(after, spec, key, 3), kept[key])


def test_one_picture_after_another_shows_one_class_after_another(tmp_path: Path) -> None:
    spec = spec_of("digits", augment={})
    shown = [preview(resolve(spec), number, tmp_path) for number in range(20)]
    digits = [str(digit) for digit in range(10)]
    assert [one.class_name for one in shown] == digits + digits
    assert len({one.key for one in shown}) == 20
    assert preview(resolve(spec), shown[0].images, tmp_path) == shown[0]


def test_with_label_noise_the_true_class_is_named(tmp_path: Path) -> None:
    shown = [
        preview(resolve(spec_of("digits", augment={}, data__label_noise=0.9)), number, tmp_path) for number in range(10)
    ]
    assert all(one.key.startswith(f"{one.class_name}/") for one in shown)


def test_without_augmentation_there_are_no_views(tmp_path: Path) -> None:
    assert preview(resolve(spec_of("digits", augment={})), 0, tmp_path).views == ()


def test_another_seed_gives_other_views_of_the_same_picture(tmp_path: Path) -> None:
    one, other = (
        preview(resolve(spec_of("digits")), 0, tmp_path),
        preview(resolve(spec_of("digits", train__seed=6)), 0, tmp_path),
    )
    assert one.original == other.original
    assert not set(one.views) & set(other.views)


def test_pictures_none_of_which_can_be_read_are_said_to_be_so(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "bad" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "bad" / name / f"{number}.jpg").write_text(f"{name} {number}")
    with pytest.raises(BadInput, match="no training image could be read"):
        preview(resolve(spec_of(f"folder:{tmp_path / 'bad'}")), 0, tmp_path)
