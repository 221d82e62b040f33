"""Where stored features lie: the key that the engine writes them under, and that a plan looks for.

It names everything their values depend on, without anything of it being loaded: no pixels, no network.
"""

from __future__ import annotations

from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tl_core.backbones import BACKBONES
from tl_core.backbones.freezing import last_kept, used_cuts
from tl_core.backbones.weights import weights_identity
from tl_core.experiment.spec import ExperimentSpec
from tl_core.files import digest_of

VERSION = 1
"""Raised when the same pixels and weights would give other features."""

_version = once(version)
"""It looks through the installed packages, which takes milliseconds."""


def identity_of(spec: ExperimentSpec, frozen: str, device: str, start: str = "") -> tuple[str, ...]:
    """Everything besides pixels and precision that the output of the frozen blocks depends on; raises BadInput as `weights_identity`.

    Args:
        frozen: The last frozen block. The output of the last one that is used is pooled.
        device: What computes it: "CPU", or a GPU's name.
        start: Of a fork, a name for what its parent changed in the backbone.
    """
    backbone = BACKBONES[spec.backbone.name]
    pooled = frozen == used_cuts(backbone, spec.backbone.output)[-1]
    return (
        weights_identity(backbone, spec.backbone.weights, spec.train.seed),
        frozen,
        spec.head.pooling if pooled else "",
        device,
        *_random_blocks(spec, frozen),
        *([start] if start else []),
    )


def arithmetic_of(precision: str, samples: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What tells features of a precision (`train.prefix_precision`) from those in f32: nothing, its name, or that and its samples'."""
    return () if precision == "f32" else (precision, *samples)


def key_of(pixels: str, identity: tuple[Any, ...], arithmetic: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """What features are stored under.

    Args:
        pixels: The key of the pixels.
        identity: As `identity_of` gives it.
        arithmetic: As `arithmetic_of` gives it.
    """
    return (pixels, identity, *arithmetic)


def folder_of(cache: Path, key: tuple[Any, ...], storage: str = "float32") -> Path:
    """The folder of features in a cache, there or not."""
    kept = () if storage == "float32" else (storage,)
    return cache / "features" / digest_of("features", VERSION, _version("openvino"), _version("keras"), *key, *kept)


def _random_blocks(spec: ExperimentSpec, top: str) -> tuple[str, ...]:
    """A name for the random blocks in a network up to one; nothing where all of it is pretrained."""
    backbone = BACKBONES[spec.backbone.name]
    kept = last_kept(backbone, spec.backbone.keep, spec.backbone.output)
    if kept is None or backbone.cut_names.index(kept) >= backbone.cut_names.index(top):
        return ()
    return (f"random above {kept}, seed {spec.train.seed}",)
