"""What a dataset leaves out: files and folders, each with the kind of reason and the reason itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from tl_core.text import counted, first_of, joined


class SkipKind(StrEnum):
    """Why an entry is left out, as a kind; `Skipped.reason` says it in words."""

    NOT_AN_IMAGE = "not-an-image"
    """Not an image by its name."""
    FORMAT = "format"
    """An image in a format that is not read."""
    BROKEN = "broken"
    """Its content is no image, or a damaged one."""
    TOO_LARGE = "too-large"
    NO_ACCESS = "no-access"
    """The file system does not let it be read."""
    LINK = "link"
    """A link that leads out of the folder, nowhere, or to a folder."""
    INNER_LINK = "inner-link"
    """A link to another folder of the dataset, whose images are read there."""
    NAME = "name"
    """Its name is no text."""
    PLACE = "place"
    """An image or folder beside the class folders."""
    NO_IMAGE = "no-image"
    """A folder in the place of a class, without any image."""
    OTHER_PART = "other-part"
    """A folder with the classes of the training part, whose name is that of no part."""

    @property
    def is_missing(self) -> bool:
        """True if images that belong to the task are missing."""
        return self not in _NOT_MISSING


_NOT_MISSING = frozenset({SkipKind.NOT_AN_IMAGE, SkipKind.INNER_LINK, SkipKind.PLACE, SkipKind.NO_IMAGE})


@dataclass(frozen=True)
class Skipped:
    """A file or folder that was skipped, and why.

    Attributes:
        key: Its path within the dataset; that of a folder, or of a link to one, ends with a slash.
    """

    key: str
    reason: str
    kind: SkipKind = SkipKind.BROKEN

    @property
    def is_folder(self) -> bool:
        return self.key.endswith("/")

    def to_json(self) -> dict[str, str]:
        return {"file": self.key, "reason": self.reason, "kind": self.kind.value}


def empty_class(folder: str) -> Skipped:
    """A class folder without an image that can be used."""
    return Skipped(f"{folder}/", "no usable image in this class folder; the class is skipped", SkipKind.NO_IMAGE)


def counts(skipped: Sequence[Skipped]) -> str:
    """How many there are: "11 files and 2 folders"; empty for none."""
    folders = sum(item.is_folder for item in skipped)
    said = [(len(skipped) - folders, "file"), (folders, "folder")]
    return joined([counted(number, noun) for number, noun in said if number])


def by_reason(skipped: Iterable[Skipped], most: int = 3) -> tuple[str, ...]:
    """One sentence per reason, the most frequent first: "empty file: cat/1.jpg, cat/2.jpg and 7 more".

    Args:
        most: Names in each sentence.
    """
    ordered = sorted(skipped, key=lambda item: item.reason)
    groups = [(reason, [item.key for item in items]) for reason, items in groupby(ordered, lambda item: item.reason)]
    return tuple(f"{reason}: {first_of(keys, most)}" for reason, keys in sorted(groups, key=lambda row: -len(row[1])))
