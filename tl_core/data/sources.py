"""The table of sources: where images come from. Add one by adding a row.

A source is written as a text such as `digits`, `playground:difficulty=0.7,classes=8` or `folder:PATH`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from tl_core.data import digits, folder, playground
from tl_core.data.dataset import ImageDataset
from tl_core.data.layout import LayoutChoice
from tl_core.errors import BadInput
from tl_core.params import Section, read_text, validated
from tl_core.registry import Registry


@dataclass(frozen=True)
class Source:
    """One row.

    Attributes:
        form: The syntax of the text.
        options: The options after the colon, as a section; None if a path or nothing follows.
        load: From what follows the colon (an options section or a text), the whole text and the layout to the dataset.
        enough: The image size, in pixels per side, above which enlarging its small images costs more than it gains; None for
            images of any size.
    """

    name: str
    title: str
    help: str
    form: str
    licence: str
    load: Callable[[Any, str, LayoutChoice], ImageDataset]
    options: type[Section] | None = None
    is_path: bool = False
    enough: int | None = None


SOURCES: Registry[Source] = Registry(
    "source",
    "data.source",
    (
        Source(
            "playground",
            "Playground",
            "Generated images for studying overfitting: you set their number, difficulty and label noise.",
            "playground[:classes=6,images_per_class=120,difficulty=0.5,label_noise=0,seed=0]",
            "made by TL Lab; free to use",
            lambda options, source, _: playground.load(options, source),
            options=playground.PlaygroundOptions,
            enough=128,  # For images of 96 pixels; at 224 everything takes three times as long.
        ),
        Source(
            "digits",
            "Handwritten digits",
            "1,797 tiny grey images of the digits 0 to 9; trains in seconds, and unlike ImageNet.",
            "digits",
            "CC BY 4.0 (UCI Machine Learning Repository; ships with scikit-learn)",
            lambda _, source, _layout: digits.load(source),
        ),
        Source(
            "folder",
            "A folder of photos",
            "Your own photos: one folder per class, with or without train, validation and test folders above the classes.",
            "folder:PATH",
            "yours",
            folder.load,
            is_path=True,
        ),
    ),
)


def load_dataset(source: str, layout: LayoutChoice = "auto") -> ImageDataset:
    """The dataset of a source.

    Args:
        layout: What the folders of a folder are; see `tl_core.data.layout`.

    Raises:
        BadInput: unknown source, bad option, no such folder, no images, unclear layout.
    """
    row, argument = parse(source)
    return row.load(argument, source, layout)


def parse(source: str) -> tuple[Source, Any]:
    """The row of a source, and what follows the colon: the options section or the text."""
    name, _, rest = source.partition(":")
    row = SOURCES[name]
    if row.options is not None:
        return row, validated(row.options, _pairs(rest), prefix="data.source.")
    if row.is_path:
        if not rest or "\0" in rest:
            raise BadInput.of(
                "data.source", f"received {source!r} without a path after the colon", f"Write {row.form}."
            )
        return row, rest
    if rest:
        raise BadInput.of(
            "data.source", f"{name} takes nothing after the colon, received {rest!r}", f"Write {row.form}."
        )
    return row, ""


def short_name(source: str) -> str:
    """A source as shown in tables: the name of a folder, otherwise the text itself, valid or not."""
    name, _, rest = source.partition(":")
    is_path = name in SOURCES and SOURCES[name].is_path
    return PurePath(rest).name or source if is_path else source


def anchored(source: str) -> str:
    """The source with an absolute path, so that a run finds its data from any working directory."""
    row, argument = parse(source)
    # os.path, because pathlib raises RuntimeError for an unknown ~user; a missing folder is reported when it is read.
    return f"{row.name}:{Path(os.path.expanduser(argument)).resolve()}" if row.is_path else source  # noqa: PTH111


def _pairs(text: str) -> dict[str, Any]:
    pairs = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals:
            raise BadInput.of("data.source", f"received {part!r}, expected name=value", "For example difficulty=0.7.")
        pairs[name.strip()] = read_text(value)
    return pairs
