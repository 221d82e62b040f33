"""A second regularisation map on the axes of a first: what can be asked for, and what the two differ in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from tl_core.experiment.spec import ExperimentSpec
from tl_core.experiment.wording import setting_text
from tl_core.explorations.folder import Asked
from tl_core.results.head_map import HeadMap, MapOptions
from tl_core.text import counted

IMAGES, BACKBONE, WEIGHTS = "data.images_per_class", "backbone.name", "backbone.weights"

SHARES = (1 / 8, 1 / 4, 1 / 2)
"""Of the training images of a map that a map of fewer images may have."""

RANDOM, PRETRAINED = "random", "pretrained"


@dataclass(frozen=True)
class Variant:
    """A map that can be asked for beside another.

    Attributes:
        name: Unique among those of a map; no id of an exploration, as it has a colon.
        title: In what it differs, such as "60 images per class".
        settings: That are different, by path.
        seeds: The number of seeds of a cell; None: as many as the first map has.
    """

    name: str
    title: str
    settings: Mapping[str, Any]
    seeds: int | None = None

    def of(self, asked: Asked) -> Asked:
        """What it asks, on the axes and with all other settings of the first map.

        Raises:
            BadInput: the experiment cannot have these settings, such as a block that another backbone does not have.
        """
        options: MapOptions = asked.options
        spec = asked.spec.with_values(self.settings)
        return replace(asked, spec=spec, options=replace(options, seeds=self.seeds or options.seeds), images="")


def variants(asked: Asked, found: HeadMap, present: Iterable[str]) -> tuple[Variant, ...]:
    """The maps that can be asked for beside one: of other numbers of images, then of other weights, then of other backbones.

    Args:
        found: The first map.
        present: The backbones whose pretrained weights are here.
    """
    here = tuple(present)
    weights = _of_weights(asked.spec, asked.options, here)
    return (*_of_images(asked.spec, found), *weights, *_of_backbones(asked.spec, here))


def _of_images(spec: ExperimentSpec, found: HeadMap) -> Iterator[Variant]:
    of_a_class = (
        found.images.get("train", 0) / found.classes
    )  # The mean: a limit halves classes that are as large as that.
    for count in sorted({round(share * of_a_class) for share in SHARES} - {0}):
        yield Variant(f"images:{count}", _images_text(count), {IMAGES: count})
    if spec.data.images_per_class is not None:
        yield Variant("images:all", _images_text(None), {IMAGES: None})


def _of_weights(spec: ExperimentSpec, options: MapOptions, present: tuple[str, ...]) -> Iterator[Variant]:
    name, weights = spec.backbone.name, spec.backbone.weights
    if weights != RANDOM:
        # Of several seeds each would have a network, and thus features, of its own.
        seeds = 1 if options.seeds > 1 else None
        title = _network_text(name, RANDOM) + (", 1 seed" if seeds else "")
        yield Variant("weights:random", title, {WEIGHTS: RANDOM}, seeds)
    if _words(weights) != _words(PRETRAINED) and name in present:
        yield Variant("weights:pretrained", _network_text(name, PRETRAINED), {WEIGHTS: PRETRAINED})


def _of_backbones(spec: ExperimentSpec, present: tuple[str, ...]) -> Iterator[Variant]:
    plain = _words(spec.backbone.weights) == _words(PRETRAINED)
    for name in present:
        if name != spec.backbone.name:
            title = name if plain else _network_text(name, PRETRAINED)
            yield Variant(f"backbone:{name}", title, {BACKBONE: name, WEIGHTS: PRETRAINED})


def names(first: Asked, second: Asked, found: HeadMap | None = None, other: HeadMap | None = None) -> tuple[str, str]:
    """What each of two maps on the same axes is of, as far as they differ: ("all 300 training images", "60 images per class").

    Args:
        found, other: The maps, as far as they are known: how many images there were.

    Returns:
        Two empty texts if they were asked the same.
    """
    options: tuple[MapOptions, MapOptions] = first.options, second.options
    axes = {axis.path for axis in options[0].axes}  # Each cell has its own values of these.
    before, now = first.spec.flat(), second.spec.flat()
    pairs: dict[str, tuple[str, str]] = {}
    for path in (path for path in before if path not in axes and before[path] != now[path]):
        # Backbone and weights make one text, at the place of the first of them.
        pairs.setdefault(BACKBONE if path == WEIGHTS else path, _pair(path, (first.spec, second.spec), (found, other)))
    if options[0].seeds != options[1].seeds:
        pairs["seeds"] = (counted(options[0].seeds, "seed"), counted(options[1].seeds, "seed"))
    differing = [pair for pair in pairs.values() if pair[0] != pair[1]]
    one, another = (", ".join(pair[side] for pair in differing) for side in (0, 1))
    return one, another


def _pair(
    path: str, specs: tuple[ExperimentSpec, ExperimentSpec], found: tuple[HeadMap | None, HeadMap | None]
) -> tuple[str, str]:
    """One setting of both experiments, in words."""
    if path in (BACKBONE, WEIGHTS):
        backbones = [spec.backbone for spec in specs]
        if _words(backbones[0].weights) == _words(backbones[1].weights):
            return backbones[0].name, backbones[1].name
        one, another = (_network_text(backbone.name, backbone.weights) for backbone in backbones)
    elif path == IMAGES:
        one, another = (_images_text(spec.data.images_per_class, of) for spec, of in zip(specs, found, strict=True))
    else:
        one, another = (setting_text(path, spec.value(path)) for spec in specs)
    return one, another


def _images_text(limit: int | None, found: HeadMap | None = None) -> str:
    if limit is None:
        return f"all {found.images.get('train', 0):,} training images" if found else "all training images"
    fewer = found is not None and found.images.get("train", 0) < limit * found.classes
    return f"{'at most ' if fewer else ''}{counted(limit, 'image')} per class"


def _network_text(name: str, weights: str) -> str:
    return f"{name} ({_words(weights)})"


def _words(weights: str) -> str:
    """Weights in words; the same for all settings that mean those of the network's row."""
    kind, _, path = weights.partition(":")
    if kind == "file":
        return f"weights of {PurePath(path).name}"
    return "random weights" if weights == RANDOM else "pretrained weights"


_OF_TRAINING = {"images_per_class", "label_noise", "image_size"}
"""Settings of the data that leave the validation images as they are, but for their size."""


def same_validation(first: ExperimentSpec, second: ExperimentSpec) -> bool:
    """Whether two experiments validate on the same images, as long as the dataset is the same."""
    return first.data.model_dump(exclude=_OF_TRAINING) == second.data.model_dump(exclude=_OF_TRAINING)
