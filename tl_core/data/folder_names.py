"""What the name of a file or folder says: litter of other programs, or a part of a dataset that came split."""

from __future__ import annotations

import re

from tl_core.data.dataset import Part

_LITTER = frozenset(
    {
        "__macosx",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "picasa.ini",
        "icon\r",
        "__pycache__",
        "lost+found",
        "system volume information",
        "$recycle.bin",
        "recycler",
        "found.000",
        "@eadir",  # Thumbnails and recycle bins of Synology and QNAP disks.
        "#recycle",
        "#snapshot",
        "@recycle",
        "@recently-snapshot",
        "@__thumb",
    }
)

_PARTS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}

_FILLERS = frozenset(
    {"image", "images", "img", "imgs", "photo", "photos", "data", "dataset", "set", "split", "part", "folder"}
)
"""Words that say nothing in the name of a part: `train_images`, `testset`."""

_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_litter(name: str) -> bool:
    """True for what operating systems, file servers and editors leave behind, and for hidden files."""
    lower = name.lower()
    return name.startswith((".", "~$")) or lower in _LITTER or lower.endswith(":zone.identifier")


def part_and_rest(name: str) -> tuple[Part, tuple[str, ...]] | None:
    """The part that a folder's name names, and its other words: `seg_train` gives train and ("seg",).

    Fillers and digits say nothing. None if it names no part, or two.
    """
    words = [_without_filler(word) for word in _WORD.findall(_CAMEL.sub(" ", name).lower())]
    named = [_PARTS[word] for word in words if word in _PARTS]
    rest = tuple(word for word in words if word and word not in _PARTS)
    return (named[0], rest) if len(named) == 1 else None


def _without_filler(word: str) -> str:
    """`trainset` as train, `images` as nothing."""
    if word in _FILLERS:
        return ""
    stems = (word.removesuffix(filler) for filler in _FILLERS if word.endswith(filler))
    return next((stem for stem in stems if stem in _PARTS), word)
