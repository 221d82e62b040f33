"""Where stored features lie: the key that the engine writes them under, and that a plan looks for.

It names everything their values depend on, without anything of it being loaded: no pixels, no network.
"""

from __future__ import annotations

from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tl_core.files import digest_of

VERSION = 1
"""Raised when the same pixels and weights would give other features."""

_version = once(version)
"""It looks through the installed packages, which takes milliseconds."""


def arithmetic_of(precision: str, samples: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What tells features of a precision (`train.prefix_precision`) from those in f32: nothing, its name, or that and its samples'."""
    return () if precision == "f32" else (precision, *samples)


def key_of(pixels: str, identity: tuple[Any, ...], arithmetic: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """What features are stored under.

    Args:
        pixels: The key of the pixels.
        identity: As `Experiment.feature_identity` gives it.
        arithmetic: As `arithmetic_of` gives it.
    """
    return (pixels, identity, *arithmetic)


def folder_of(cache: Path, key: tuple[Any, ...], storage: str = "float32") -> Path:
    """The folder of features in a cache, there or not."""
    kept = () if storage == "float32" else (storage,)
    return cache / "features" / digest_of("features", VERSION, _version("openvino"), _version("keras"), *key, *kept)
