"""The key of cached features, under which the engine writes them and a plan looks for them.

It covers everything their values depend on, without loading pixels or network.
"""

from __future__ import annotations

from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tl_core.files import digest_of

VERSION = 1
"""Increase it when the same pixels and weights give different features."""

_version = once(version)
"""Cached: it searches installed packages, which takes milliseconds."""


def arithmetic_of(precision: str, samples: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The key of a precision (`train.prefix_precision`): empty for f32, otherwise its name and the hash of its samples."""
    return () if precision == "f32" else (precision, *samples)


def key_of(pixels: str, identity: tuple[Any, ...], arithmetic: tuple[str, ...] = ()) -> tuple[Any, ...]:
    """The key of features.

    Args:
        pixels: The key of the pixels.
        identity: See `Experiment.feature_identity`.
        arithmetic: See `arithmetic_of`.
    """
    return (pixels, identity, *arithmetic)


def folder_of(cache: Path, key: tuple[Any, ...], storage: str = "float32") -> Path:
    """The folder of features in a cache, whether it exists or not."""
    kept = () if storage == "float32" else (storage,)
    return cache / "features" / digest_of("features", VERSION, _version("openvino"), _version("keras"), *key, *kept)
