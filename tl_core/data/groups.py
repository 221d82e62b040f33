"""Which images belong together, so that no split tears them apart: two frames of one film are no independent test."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Literal

from tl_core.data.dataset import ImageDataset, Item

GroupBy = Literal["content", "folder", "prefix"]


def grouped(dataset: ImageDataset, by: GroupBy) -> ImageDataset:
    """The dataset with groups made by a rule; identical images are in one group whatever the rule.

    Args:
        by: "content": identical images only. "folder": all images of one folder inside a class (a patient, a film).
            "prefix": file names alike up to their last "_" or "-" (`cow7_012.jpg` and `cow7_013.jpg`).
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[
                parent[name]
            ]  # Shortens the way: a picture that thousands of folders share stays cheap.
            name = parent[name]
        return name

    names = [_name(item, by) for item in dataset.items]
    for item, name in zip(dataset.items, names, strict=True):
        parent[root(f"content:{item.digest}")] = root(name)
    items = tuple(replace(item, group=root(name)) for item, name in zip(dataset.items, names, strict=True))
    return replace(dataset, items=items)


def _name(item: Item, by: GroupBy) -> str:
    path = PurePosixPath(item.key)
    if by == "folder" and len(path.parts) - (item.part is not None) > 2:
        return f"folder:{path.parent}"
    if by == "prefix" and (match := re.match(r"(.+)[_-][^_-]*$", path.stem)):
        return f"prefix:{path.parent}/{match[1]}"
    return f"group:{item.group}"
