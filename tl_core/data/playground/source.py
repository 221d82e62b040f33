"""The playground as a dataset: its options, items and wrong labels."""

from __future__ import annotations

import hashlib

from PIL import Image

from tl_core.data.dataset import ImageDataset, Item
from tl_core.data.playground.picture import paint
from tl_core.data.playground.recipe import KINDS, recipe
from tl_core.errors import BadInput, unknown
from tl_core.files import digest_of
from tl_core.params import Section, setting

NATIVE_SIZE = 96
"""Width and height of the generated images, in pixels."""

RENDERER_VERSION = 1
"""Part of every digest: raise it with any change after which the same arguments give other pixels."""


class PlaygroundOptions(Section):
    """What is generated."""

    classes: int = setting(
        6,
        "Number of classes, each a kind of toy. Some kinds resemble each other; more classes include more such pairs.",
        low=2,
        high=len(KINDS),
        step=1,
        unit="classes",
        basic=True,
    )
    images_per_class: int = setting(
        120,
        "Number of images per class, over training, validation and test together. A network memorises small classes.",
        low=4,
        high=5000,
        unit="images",
        basic=True,
    )
    difficulty: float = setting(
        0.5,
        "0: clean toys on a plain background. 1: clutter, unusual poses and light, obscuring textures, and shapes half way to "
        "another class.",
        low=0,
        high=1,
        step=0.05,
        basic=True,
    )
    label_noise: float = setting(
        0.0,
        "Share of the images, in every part, with a wrong label. A network can fit those only by memorising.",
        title="Label noise in every part",
        low=0,
        high=0.9,
        step=0.05,
        unit="of the images",
    )
    seed: int = setting(0, "Seed of the generated images.", low=0, high=2**31 - 1)


def render(kind: str, number: int, *, seed: int = 0, difficulty: float = 0.5, size: int = NATIVE_SIZE) -> Image.Image:
    """One image: RGB, size x size pixels. The same arguments give the same image, whatever else is rendered.

    Raises:
        BadInput: the kind is unknown, or the difficulty is not within 0..1.
    """
    if kind not in KINDS:
        raise unknown("kind", "kind of toy", kind, KINDS)
    if not 0 <= difficulty <= 1:
        raise BadInput.of("difficulty", f"received {difficulty:g}; allowed is 0 to 1")
    return paint(recipe(kind, number, seed, difficulty), size)


def load(options: PlaygroundOptions, source: str) -> ImageDataset:
    """The dataset of these options, not split. Images are rendered when they are opened; keys name the true kind."""
    names = KINDS[: options.classes]
    keys = [f"{name}/{number:04d}" for name in names for number in range(options.images_per_class)]
    labels = _labels(keys, options)
    items = tuple(Item(key, labels[key], _digest(key, options), group=key) for key in keys)
    fingerprint = digest_of("playground", names, [(item.digest, item.label) for item in items])
    return ImageDataset(
        source, names, items, fingerprint, lambda item, _grey_range: _open(options, item), generated=True
    )


def _open(options: PlaygroundOptions, item: Item) -> Image.Image:
    kind, number = item.key.split("/")
    return render(kind, int(number), seed=options.seed, difficulty=options.difficulty)


def _digest(key: str, options: PlaygroundOptions) -> str:
    return digest_of("playground", RENDERER_VERSION, key, options.seed, options.difficulty)


def _labels(keys: list[str], options: PlaygroundOptions) -> dict[str, int]:
    """The label of each key. Raising the noise only adds wrong labels: those that were wrong stay as they were."""
    labels = {key: KINDS.index(key.split("/")[0]) for key in keys}
    ranked = sorted(keys, key=lambda key: _hash(options.seed, "which", key))
    for key in ranked[: round(options.label_noise * len(keys))]:
        other = _hash(options.seed, "what", key) % (options.classes - 1)
        labels[key] = other + (other >= labels[key])
    return labels


def _hash(seed: int, purpose: str, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}/{key}".encode()).digest()[:8])
