"""A second map on the axes of a first: which ones are offered, what they ask, and what two maps are called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.each import for_each
from tests.explorations.maps import ASKED, AXES, MAP
from tl_core.errors import BadInput
from tl_core.explorations import Asked
from tl_core.explorations.map_variants import Variant, names, same_validation, variants
from tl_core.results.head_map import MapOptions

PRESENT = ("EfficientNetLite0", "ResNet50")


def asked(seeds: int = 2, **settings: Any) -> Asked:
    """A map of the same axes; the dots of paths are written as two underscores."""
    values = {path.replace("__", "."): value for path, value in settings.items()}
    return replace(ASKED, spec=ASKED.spec.with_values(values), options=MapOptions(AXES, seeds))


def offered(of: Asked = ASKED) -> dict[str, Variant]:
    return {variant.name: variant for variant in variants(of, MAP, PRESENT)}


def test_an_eighth_a_quarter_and_half_of_the_images_random_weights_and_other_backbones_are_offered() -> None:
    assert {name: variant.title for name, variant in offered().items()} == {
        "images:9": "9 images per class",
        "images:19": "19 images per class",
        "images:38": "38 images per class",
        "weights:random": "EfficientNetLite0 (random weights), 1 seed",
        "backbone:ResNet50": "ResNet50",
    }


def test_a_map_of_few_images_is_offered_beside_all_of_them_and_no_number_of_images_twice() -> None:
    few = replace(MAP, images={"train": 12, "validation": 144})
    found = variants(asked(data__images_per_class=3), few, ())
    assert [variant.name for variant in found if variant.name.startswith("images")] == [
        "images:1",
        "images:2",
        "images:all",
    ]


def test_a_map_of_random_weights_is_offered_beside_the_pretrained_ones_if_they_are_here() -> None:
    of = asked(1, backbone__weights="random")
    assert offered(of)["weights:pretrained"].title == "EfficientNetLite0 (pretrained weights)"
    assert "weights:random" not in offered(of)
    assert "weights:pretrained" not in {variant.name for variant in variants(of, MAP, ("ResNet50",))}


BASES = {
    "all images": ASKED,
    "few images": asked(data__images_per_class=75),
    "one seed": asked(1),
    "random weights": asked(1, backbone__weights="random"),
    "other settings": asked(train__epochs=3, head__pooling="max"),
}


@for_each("base", BASES.values(), ids=BASES)
def test_a_variant_asks_the_same_but_for_what_its_title_says(base: Asked) -> None:
    for variant in offered(base).values():
        second = variant.of(base)
        before, now = base.spec.flat(), second.spec.flat()
        assert {path: now[path] for path in now if now[path] != before[path]}.keys() <= variant.settings.keys()
        assert second.options.axes == base.options.axes
        assert names(base, second)[1] == variant.title


def test_random_weights_are_asked_with_one_seed_as_each_seed_would_have_features_of_its_own() -> None:
    assert offered()["weights:random"].of(ASKED).options.seeds == 1


def test_a_block_that_another_backbone_does_not_have_is_refused_by_name() -> None:
    of = asked(backbone__output="block6")
    with pytest.raises(BadInput, match=r"backbone\.output"):
        offered(of)["backbone:ResNet50"].of(of)


CALLED: dict[str, tuple[Asked, tuple[str, str]]] = {
    "nothing": (ASKED, ("", "")),
    "what differs from cell to cell": (asked(head__dropout=0.7), ("", "")),
    "a number of images": (asked(data__images_per_class=9), ("all 300 training images", "9 images per class")),
    "one image": (asked(data__images_per_class=1), ("all 300 training images", "1 image per class")),
    "a dataset": (asked(data__source="digits"), ("playground", "digits")),
    "a backbone": (asked(backbone__name="ResNet50"), ("EfficientNetLite0", "ResNet50")),
    "the same weights in other words": (asked(backbone__weights="bundled"), ("", "")),
    "weights": (
        asked(1, backbone__weights="random"),
        ("EfficientNetLite0 (pretrained weights), 2 seeds", "EfficientNetLite0 (random weights), 1 seed"),
    ),
    "a file of weights": (
        asked(backbone__weights="file:/nets/mine.h5"),
        ("EfficientNetLite0 (pretrained weights)", "EfficientNetLite0 (weights of mine.h5)"),
    ),
    "several settings": (
        asked(data__images_per_class=9, head__pooling="max"),
        ("all 300 training images, pooling avg", "9 images per class, pooling max"),
    ),
}


@for_each(("second", "called"), CALLED.values(), ids=CALLED)
def test_two_maps_are_called_by_what_they_differ_in(second: Asked, called: tuple[str, str]) -> None:
    few = replace(MAP, images={"train": 36, "validation": 144})
    assert names(ASKED, second, MAP, few) == called


def test_classes_with_fewer_images_than_the_limit_are_said() -> None:
    few = replace(MAP, images={"train": 35, "validation": 144})
    assert names(ASKED, asked(data__images_per_class=9), MAP, few)[1] == "at most 9 images per class"


def test_fewer_training_images_leave_the_validation_images_and_another_split_does_not() -> None:
    assert same_validation(ASKED.spec, asked(data__images_per_class=9, data__label_noise=0.2).spec)
    assert not same_validation(ASKED.spec, asked(data__split_seed=1).spec)
    assert not same_validation(ASKED.spec, asked(data__source="digits").spec)
